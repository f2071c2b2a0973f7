//! A record as JSON: what the registers that people may look into have in common.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use understudy_protocol::{Member, Record, is_address, is_name};

/// What a register cannot say.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub(crate) enum BadText {
    /// It should be 32 hexadecimal digits.
    #[error("{0:?} is not an id of 32 hexadecimal digits")]
    Id(String),
    /// It should be something that can be logged and shown.
    #[error("{0:?} cannot be the name of a replica")]
    Name(String),
    /// The same.
    #[error("{0:?} cannot be the address of a replica")]
    Address(String),
}

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
    type Error = BadText;

    fn try_from(text: RecordText) -> Result<Self, BadText> {
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
    type Error = BadText;

    fn try_from(text: MemberText) -> Result<Self, BadText> {
        Ok(Member {
            incarnation: id(&text.incarnation)?,
            name: checked(text.name, is_name, BadText::Name)?,
            peer_address: checked(text.peer_address, is_address, BadText::Address)?,
            client_address: checked(text.client_address, is_address, BadText::Address)?,
        })
    }
}

fn checked(
    text: String,
    is_good: impl Fn(&str) -> bool,
    bad: impl Fn(String) -> BadText,
) -> Result<String, BadText> {
    if is_good(&text) { Ok(text) } else { Err(bad(text)) }
}

pub(crate) fn id<T: std::str::FromStr>(text: &str) -> Result<T, BadText> {
    text.parse().map_err(|_| BadText::Id(text.into()))
}
