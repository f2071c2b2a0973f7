//! Log entries in words.

use bytes::Bytes;
use prost::Message as _;
use serde_json::{Map, Value, json};
use understudy_machine::{
    Between, Command, Compare, Delete, KeyRange, Lifetime, Operation, Put, Relation, Step, Target,
    Txn, TxnOperation,
};
use understudy_protocol::{Entry, Kind, Settings};

use crate::client::Notation;
use crate::print;

/// Longer keys and values are cut, in bytes.
const SHOWN: usize = 48;

/// The kind in one word.
pub fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Open => "open",
        Kind::Command => "command",
        Kind::Tick => "tick",
        Kind::Settings => "settings",
    }
}

/// Session and sequence of the command, if it has a stamp: whoever sends it again uses the same.
pub fn stamp(entry: &Entry) -> Option<(u64, u64)> {
    let command = (entry.kind == Kind::Command).then(|| Command::decode(&entry.payload[..]).ok());
    let stamp = command.flatten()?.stamp?;
    Some((stamp.session, stamp.sequence))
}

/// What the entry does.
pub fn payload(entry: &Entry) -> String {
    match entry.kind {
        Kind::Open => format!("epoch {} begins", entry.epoch),
        Kind::Tick => String::new(),
        Kind::Settings => match Settings::decode(&entry.payload) {
            Some(settings) => format!("{settings:?}"),
            None => unreadable(entry),
        },
        Kind::Command => match Command::decode(&entry.payload[..]) {
            Ok(command) => describe(&command),
            Err(_) => unreadable(entry),
        },
    }
}

/// The keys that a command writes, with their values in whole, and those that it deletes: what is needed
/// to do it again. Of a Txn both lists.
pub fn writes(entry: &Entry) -> Value {
    let command = match entry.kind {
        Kind::Command => Command::decode(&entry.payload[..]).unwrap_or_default(),
        _ => Command::default(),
    };
    let object = |fields: &[(&str, &Bytes)]| {
        let mut object = Map::new();
        for (name, bytes) in fields.iter().copied() {
            Notation::default().put(&mut object, name, bytes);
        }
        Value::Object(object)
    };
    let put = |put: &Put| object(&[("put", &put.key), ("value", &put.value)]);
    // One key, all from one on, or those from one up to another.
    let delete = |delete: &Delete| match &delete.range {
        None => object(&[]),
        Some(KeyRange::Key(key)) => object(&[("delete", key)]),
        Some(KeyRange::From(start)) => object(&[("delete_from", start)]),
        Some(KeyRange::Between(Between { start, end })) => {
            object(&[("delete_from", start), ("delete_to", end)])
        }
    };
    match &command.operation {
        Some(Operation::Put(one)) => json!([put(one)]),
        Some(Operation::Delete(one)) => json!([delete(one)]),
        Some(Operation::Txn(txn)) => {
            let steps = |steps: &[TxnOperation]| -> Vec<Value> {
                let one = |operation: &TxnOperation| match &operation.step {
                    Some(Step::Put(one)) => Some(put(one)),
                    Some(Step::Delete(one)) => Some(delete(one)),
                    _ => None,
                };
                steps.iter().filter_map(one).collect()
            };
            json!({ "then": steps(&txn.then), "otherwise": steps(&txn.otherwise) })
        }
        _ => json!([]),
    }
}

fn unreadable(entry: &Entry) -> String {
    format!("({} bytes that this program does not know)", entry.payload.len())
}

fn describe(command: &Command) -> String {
    let what = match &command.operation {
        None => "nothing".into(),
        Some(Operation::Put(put)) => describe_put(put),
        Some(Operation::Delete(delete)) => describe_delete(delete),
        Some(Operation::Txn(txn)) => describe_txn(txn),
        Some(Operation::OpenSession(open)) => {
            format!("open session, {} ms", open.ttl / 1_000_000)
        }
        Some(Operation::KeepSession(keep)) => format!("keep session {}", keep.session),
        Some(Operation::GrantLease(grant)) => match grant.lease {
            0 => format!("grant lease, {} ms", grant.ttl / 1_000_000),
            id => format!("grant lease {id}, {} ms", grant.ttl / 1_000_000),
        },
        Some(Operation::KeepLease(keep)) => format!("keep lease {}", keep.lease),
        Some(Operation::RevokeLease(revoke)) => format!("revoke lease {}", revoke.lease),
        Some(Operation::CloseSession(close)) => format!("close session {}", close.session),
        Some(Operation::SetMemory(set)) => format!("memory for the store: {} bytes", set.bytes),
        Some(other) => format!("{other:?}"),
    };
    let what = match command.owner.is_empty() {
        true => what,
        false => format!("{what}, by {}", print::text(&command.owner)),
    };
    match command.stamp {
        Some(stamp) => format!("{what}  (session {}, #{})", stamp.session, stamp.sequence),
        None => what,
    }
}

fn describe_put(put: &Put) -> String {
    let condition = match put.if_mod_revision {
        None => String::new(),
        Some(0) => " if absent".into(),
        Some(revision) => format!(" if at revision {revision}"),
    };
    let lifetime = match put.lifetime {
        None | Some(Lifetime::Kept(false)) => String::new(),
        Some(Lifetime::Lease(id)) => format!(" on lease {id}"),
        Some(Lifetime::Ttl(ttl)) => format!(" for {} ms", ttl / 1_000_000),
        Some(Lifetime::Kept(true)) => " on its lease".into(),
    };
    format!("put {} = {}{lifetime}{condition}", show(&put.key), show(&put.value))
}

fn describe_delete(delete: &Delete) -> String {
    format!("delete {}", delete.range.as_ref().map_or("nothing".into(), describe_range))
}

fn describe_range(range: &KeyRange) -> String {
    match range {
        KeyRange::Key(key) => show(key),
        KeyRange::From(start) => format!("{}..", show(start)),
        KeyRange::Between(Between { start, end }) => format!("{}..{}", show(start), show(end)),
    }
}

fn describe_txn(txn: &Txn) -> String {
    let steps =
        |steps: &[TxnOperation]| steps.iter().map(describe_step).collect::<Vec<_>>().join("; ");
    let compares = txn.compares.iter().map(describe_compare).collect::<Vec<_>>().join(" and ");
    let mut text = match compares.is_empty() {
        true => format!("txn {{{}}}", steps(&txn.then)),
        false => format!("txn if {compares} {{{}}}", steps(&txn.then)),
    };
    if !txn.otherwise.is_empty() {
        text += &format!(" else {{{}}}", steps(&txn.otherwise));
    }
    text
}

fn describe_step(operation: &TxnOperation) -> String {
    match &operation.step {
        None => "nothing".into(),
        Some(Step::Put(put)) => describe_put(put),
        Some(Step::Delete(delete)) => describe_delete(delete),
        Some(Step::Get(get)) => {
            format!("get {}", get.range.as_ref().map_or("nothing".into(), describe_range))
        }
    }
}

fn describe_compare(compare: &Compare) -> String {
    let relation = match compare.relation() {
        Relation::Unspecified => "?",
        Relation::Equal => "=",
        Relation::NotEqual => "!=",
        Relation::Less => "<",
        Relation::Greater => ">",
    };
    let (of, with) = match &compare.target {
        None => ("nothing", String::new()),
        Some(Target::Value(value)) => ("value", show(value)),
        Some(Target::ModRevision(n)) => ("mod revision", n.to_string()),
        Some(Target::CreateRevision(n)) => ("create revision", n.to_string()),
        Some(Target::Version(n)) => ("version", n.to_string()),
        Some(Target::Lease(n)) => ("lease", n.to_string()),
    };
    format!("{of} of {} {relation} {with}", show(&compare.key))
}

/// In quotation marks, escaped, and cut.
fn show(bytes: &Bytes) -> String {
    match bytes.len() > SHOWN {
        true => format!("{}...({} bytes)", print::quoted(&bytes[..SHOWN]), bytes.len()),
        false => print::quoted(bytes),
    }
}

/// Nanoseconds since 1970 as UTC, in milliseconds: `2026-01-02T03:04:05.678Z`.
pub fn time(wall: u64) -> String {
    match jiff::Timestamp::from_nanosecond(wall.into()) {
        Ok(time) => format!("{time:.3}"),
        Err(_) => format!("{wall} ns"),
    }
}

#[cfg(test)]
mod tests {
    use understudy_machine::{GrantLease, RevokeLease};

    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(time(951_782_400_123_000_000), "2000-02-29T00:00:00.123Z");
        assert_eq!(time(1_798_761_599_999_999_999), "2026-12-31T23:59:59.999Z");
    }

    #[test]
    fn what_a_command_writes_is_told_in_whole() {
        let long = "x".repeat(2 * SHOWN);
        let txn = Txn {
            then: vec![
                Put::new("k", long.clone()).into(),
                Delete { range: Some(KeyRange::single("d")), ..Delete::default() }.into(),
            ],
            otherwise: vec![Put::new("k", vec![0xff]).into()],
            ..Txn::default()
        };
        let payload = Command::new(txn).to_payload();
        let time = understudy_protocol::Time::default();
        let entry = Entry::after(Default::default(), 1, time, Kind::Command, payload);
        let told = writes(&entry);
        assert_eq!(told["then"][0], json!({ "put": "k", "value": long }));
        assert_eq!(told["then"][1], json!({ "delete": "d" }));
        let deleted = |range| {
            let payload = Command::new(Delete::new(range)).to_payload();
            writes(&Entry::after(Default::default(), 1, time, Kind::Command, payload))[0].clone()
        };
        assert_eq!(deleted(KeyRange::from("d")), json!({ "delete_from": "d" }));
        let between = json!({ "delete_from": "", "delete_to": "\0" });
        assert_eq!(deleted(KeyRange::between("", "\0")), between, "no key, and not all");
        assert_eq!(told["otherwise"][0], json!({ "put": "k", "value_hex": "ff" }));
    }

    #[test]
    fn commands_read_like_commands() {
        let put = Put::new("k", "v\n").only_if_absent();
        assert_eq!(describe(&Command::new(put)), r#"put "k" = "v\n" if absent"#);
        let txn = Txn {
            compares: vec![Compare::new("k", Relation::Equal, Target::Version(3))],
            then: vec![Put::new("k", "w").into()],
            otherwise: vec![understudy_machine::Get::new(KeyRange::single("k")).into()],
        };
        assert_eq!(
            describe(&Command::new(txn)),
            r#"txn if version of "k" = 3 {put "k" = "w"} else {get "k"}"#
        );
        let words = |operation: Operation| describe(&Command::new(operation));
        assert_eq!(words(GrantLease { ttl: 2_000_000, lease: 7 }.into()), "grant lease 7, 2 ms");
        let grant = Command::new(GrantLease { ttl: 2_000_000, lease: 7 });
        let owned = describe(&grant.owned_by(&Bytes::from_static(b"10.0.0.7")));
        assert_eq!(owned, "grant lease 7, 2 ms, by 10.0.0.7");
        assert_eq!(words(RevokeLease { lease: 7 }.into()), "revoke lease 7");
        let put = |lifetime| words(Put::new("k", "v").living(lifetime).into());
        assert_eq!(put(Lifetime::Lease(7)), r#"put "k" = "v" on lease 7"#);
        assert_eq!(put(Lifetime::Ttl(2_000_000)), r#"put "k" = "v" for 2 ms"#);
        assert_eq!(put(Lifetime::Kept(true)), r#"put "k" = "v" on its lease"#);
    }
}
