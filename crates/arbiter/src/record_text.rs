//! A record as JSON: what the registers that people may look into have in common.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use understudy_protocol::{Member, Record};

/// A text that should be 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{0:?} is no id")]
pub(crate) struct BadId(String);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordText {
    cluster: String,
    epoch: u64,
    primary: String,
    members: Vec<MemberText>,
    floor: u64,
    nonce: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberText {
    incarnation: String,
    name: String,
    peer_address: String,
    client_address: String,
}

impl From<&Record> for RecordText {
    fn from(record: &Record) -> Self {
        RecordText {
            cluster: record.cluster.to_string(),
            epoch: record.epoch,
            primary: record.primary.to_string(),
            members: record.members.iter().map(MemberText::from).collect(),
            floor: record.floor,
            nonce: record.nonce.to_string(),
        }
    }
}

impl From<&Member> for MemberText {
    fn from(member: &Member) -> Self {
        MemberText {
            incarnation: member.incarnation.to_string(),
            name: member.name.clone(),
            peer_address: member.peer_address.clone(),
            client_address: member.client_address.clone(),
        }
    }
}

impl TryFrom<RecordText> for Record {
    type Error = BadId;

    fn try_from(text: RecordText) -> Result<Self, BadId> {
        Ok(Record {
            cluster: id(&text.cluster)?,
            epoch: text.epoch,
            primary: id(&text.primary)?,
            members: text.members.into_iter().map(Member::try_from).collect::<Result<_, _>>()?,
            floor: text.floor,
            nonce: id(&text.nonce)?,
        })
    }
}

impl TryFrom<MemberText> for Member {
    type Error = BadId;

    fn try_from(text: MemberText) -> Result<Self, BadId> {
        Ok(Member {
            incarnation: id(&text.incarnation)?,
            name: text.name,
            peer_address: text.peer_address,
            client_address: text.client_address,
        })
    }
}

pub(crate) fn id<T: std::str::FromStr>(text: &str) -> Result<T, BadId> {
    text.parse().map_err(|_| BadId(text.into()))
}
