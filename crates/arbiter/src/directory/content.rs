//! What a file of the register says. The format is documented at [`super::DirectoryRegister`].

use serde::{Deserialize, Serialize};
use thiserror::Error;
use understudy_protocol::{Epoch, Observed, Record, RegisterUid};

use crate::record_text::{BadText, RecordText, id};

const FORMAT: u32 = 1;
const MAGIC: &str = "understudy-register";

/// Why the content of a file is not a register.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Damage {
    /// It does not begin as a register's file does.
    #[error("is not a register's file: restore it, or recover the cluster by order")]
    NoRegister,
    /// A newer program wrote it: the format's number.
    #[error("is of a newer format ({0}, this program knows {FORMAT}): use a newer program")]
    Newer(u32),
    /// The checksum is not that of the content.
    #[error("is damaged (checksum {found}, not {said:?}): restore it, or recover by order")]
    Checksum {
        /// What the file says.
        said: String,
        /// What its content has.
        found: String,
    },
    /// The checksum is right and the content is not: why.
    #[error("cannot be understood ({0}): restore it, or recover the cluster by order")]
    Malformed(String),
    /// The epoch that the content says.
    #[error("says epoch {0}, not that of its name: it was copied; remove it by order")]
    Epoch(Epoch),
}

/// The bytes of a file.
pub fn encode(uid: RegisterUid, record: Option<&Record>) -> Vec<u8> {
    let content = Content { uid: uid.to_string(), record: record.map(RecordText::from) };
    let mut body = serde_json::to_string_pretty(&content)
        .expect("strings, numbers and lists of them always become JSON");
    body.push('\n');
    format!("{MAGIC} {FORMAT} {:08x}\n{body}", crc32c::crc32c(body.as_bytes())).into_bytes()
}

/// What the file of `epoch` says.
///
/// # Errors
/// [`Damage`]; any bytes may be given.
pub fn decode(epoch: Epoch, bytes: &[u8]) -> Result<Observed, Damage> {
    let text = std::str::from_utf8(bytes).map_err(|_| Damage::NoRegister)?;
    let (head, body) = text.split_once('\n').ok_or(Damage::NoRegister)?;
    let words: Vec<&str> = head.split(' ').collect();
    let [MAGIC, format, rest @ ..] = &words[..] else { return Err(Damage::NoRegister) };
    if *format != FORMAT.to_string() {
        let newer = format.parse().ok().filter(|format| *format > FORMAT);
        return Err(newer.map_or(Damage::NoRegister, Damage::Newer));
    }
    let said = rest.join(" ");
    let found = format!("{:08x}", crc32c::crc32c(body.as_bytes()));
    if said != found {
        return Err(Damage::Checksum { said, found });
    }
    let content: Content =
        serde_json::from_str(body).map_err(|error| Damage::Malformed(one_line(&error)))?;
    observed(epoch, content)
}

/// The parser quotes names of fields as they are.
fn one_line(error: &serde_json::Error) -> String {
    error.to_string().replace(char::is_control, " ")
}

fn observed(epoch: Epoch, content: Content) -> Result<Observed, Damage> {
    let uid = id(&content.uid)?;
    let record = content.record.map(Record::try_from).transpose()?;
    let said = record.as_ref().map_or(0, |record| record.epoch);
    if said != epoch {
        return Err(Damage::Epoch(said));
    }
    Ok(Observed { uid, version: epoch.to_string(), record })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    uid: String,
    record: Option<RecordText>,
}

impl From<BadText> for Damage {
    fn from(bad: BadText) -> Self {
        Damage::Malformed(bad.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use understudy_protocol::{ClusterId, Incarnation, Member, Nonce};

    use super::*;

    fn record() -> Record {
        let member = Member {
            incarnation: Incarnation(7),
            name: "a-\"quoted\"-näme".into(),
            peer_address: "[::1]:7001".into(),
            client_address: String::new(),
        };
        Record {
            cluster: ClusterId(u128::MAX),
            epoch: u64::MAX,
            primary: Incarnation(7),
            members: vec![member.clone(), member],
            floor: 1 << 63,
            nonce: Nonce(1),
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let uid = RegisterUid(3);
        for record in [None, Some(record())] {
            let epoch = record.as_ref().map_or(0, |record| record.epoch);
            let observed = decode(epoch, &encode(uid, record.as_ref())).unwrap();
            assert_eq!((observed.uid, observed.record), (uid, record));
        }
    }

    #[test]
    fn a_field_that_nobody_knows_is_named_on_one_line() {
        let body = "{\"a\\nb\": 1}";
        let sum = crc32c::crc32c(body.as_bytes());
        let damage = decode(0, format!("{MAGIC} 1 {sum:08x}\n{body}").as_bytes()).unwrap_err();
        assert!(damage.to_string().contains("a b"), "{damage}");
        assert!(!damage.to_string().contains('\n'), "{damage}");
    }

    #[test]
    fn every_changed_bit_and_every_cut_is_noticed() {
        let good = encode(RegisterUid(3), Some(&record()));
        for at in 0..good.len() {
            decode(u64::MAX, &good[..at]).unwrap_err();
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                decode(u64::MAX, &bad).unwrap_err();
            }
        }
    }
}
