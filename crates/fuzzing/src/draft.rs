//! Commands out of few keys, sessions and numbers, so that they meet.

use arbitrary::Arbitrary;
use bytes::Bytes;
use understudy_machine as machine;
use understudy_machine::{Command, Operation, Target};

/// A command, or bytes in its place.
#[derive(Arbitrary, Debug)]
pub enum Draft {
    Bytes(Vec<u8>),
    Plain(Work),
    Stamped { session: u8, sequence: u16, received_below: u16, work: Work },
    Owned { owner: u8, work: Work },
}

#[derive(Arbitrary, Debug)]
pub enum Work {
    Step(Step),
    Txn { compares: Vec<(Key, i8, u8, i8)>, then: Vec<Step>, otherwise: Vec<Step> },
    Open { ttl_s: u8 },
    OpenFor(u64),
    Keep(u8),
    Close(u8),
    Quota([Option<u16>; 7]),
    Grant { ttl_s: u8, lease: u8 },
    GrantFor(u64, i64),
    KeepLease(u8),
    Revoke(u8),
    Nothing,
}

#[derive(Arbitrary, Debug)]
pub enum Step {
    Put { key: Key, value: u8, lifetime: Option<Lifetime>, previous: bool, if_revision: Option<i8> },
    Delete { start: Key, end: Key, previous: bool, limit: u8 },
    Get { start: Key, end: Key, limit: u8 },
    Missing,
}

#[derive(Arbitrary, Debug)]
pub enum Lifetime {
    Lease(u8),
    Ttl { s: u8 },
    TtlFor(u64),
    Kept(bool),
}

/// One of few keys; some are bounds that no key can be.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Key(u8);

impl Key {
    pub fn bytes(self) -> Bytes {
        const KEYS: [&[u8]; 8] = [b"", b"\0", b"a", b"a\0", b"b", b"c", b"\xff", b"\xff\xff"];
        match self.0 {
            255 => vec![b'k'; 5000].into(),
            n => Bytes::from_static(KEYS[usize::from(n) % KEYS.len()]),
        }
    }
}

impl Draft {
    /// The payload of an entry; sessions are counted from the first that was issued.
    pub fn payload(self, issued: &[u64]) -> Bytes {
        let id = |n: u8| issued.get(usize::from(n)).copied().unwrap_or(n.into());
        match self {
            Draft::Bytes(bytes) => bytes.into(),
            Draft::Plain(work) => {
                Command { operation: work.operation(id), ..Command::default() }.to_payload()
            }
            Draft::Stamped { session, sequence, received_below, work } => {
                let (sequence, received_below) = (sequence.into(), received_below.into());
                let stamp = machine::Stamp { session: id(session), sequence, received_below };
                let owner = owner(session);
                Command { stamp: Some(stamp), operation: work.operation(id), owner }.to_payload()
            }
            Draft::Owned { owner: of, work } => {
                let owner = owner(of);
                Command { operation: work.operation(id), owner, ..Command::default() }.to_payload()
            }
        }
    }
}

/// One of few owners; one has too long a name, and one has none.
fn owner(n: u8) -> Bytes {
    match n {
        255 => vec![b'o'; 65].into(),
        n => vec![b'o'; usize::from(n % 4)].into(),
    }
}

impl Work {
    fn operation(self, id: impl Fn(u8) -> u64) -> Option<Operation> {
        Some(match self {
            Work::Step(step) => match step.step()? {
                machine::Step::Put(put) => put.into(),
                machine::Step::Delete(delete) => delete.into(),
                get @ machine::Step::Get(_) => {
                    let then = vec![machine::TxnOperation { step: Some(get) }];
                    machine::Txn { then, ..Default::default() }.into()
                }
            },
            Work::Txn { compares, then, otherwise } => machine::Txn {
                compares: compares.into_iter().map(compare).collect(),
                then: then.into_iter().map(Step::operation).collect(),
                otherwise: otherwise.into_iter().map(Step::operation).collect(),
            }
            .into(),
            Work::Open { ttl_s } => {
                machine::OpenSession { ttl: u64::from(ttl_s) * 1_000_000_000 }.into()
            }
            Work::OpenFor(ttl) => machine::OpenSession { ttl }.into(),
            Work::Keep(n) => machine::KeepSession { session: id(n) }.into(),
            Work::Close(n) => machine::CloseSession { session: id(n) }.into(),
            Work::Quota(limits) => quota(limits.map(|limit| limit.map(u64::from))).into(),
            Work::Grant { ttl_s, lease } => {
                let ttl = u64::from(ttl_s) * 1_000_000_000;
                machine::GrantLease { ttl, lease: lease.into() }.into()
            }
            Work::GrantFor(ttl, lease) => machine::GrantLease { ttl, lease }.into(),
            Work::KeepLease(id) => machine::KeepLease { lease: id.into() }.into(),
            Work::Revoke(id) => machine::RevokeLease { lease: id.into() }.into(),
            Work::Nothing => return None,
        })
    }
}

impl Lifetime {
    fn lifetime(self) -> machine::Lifetime {
        match self {
            Lifetime::Lease(id) => machine::Lifetime::Lease(id.into()),
            Lifetime::Ttl { s } => machine::Lifetime::Ttl(u64::from(s) * 1_000_000_000),
            Lifetime::TtlFor(ttl) => machine::Lifetime::Ttl(ttl),
            Lifetime::Kept(kept) => machine::Lifetime::Kept(kept),
        }
    }
}

impl Step {
    fn operation(self) -> machine::TxnOperation {
        machine::TxnOperation { step: self.step() }
    }

    fn step(self) -> Option<machine::Step> {
        let range =
            |start: Key, end: Key| Some(machine::KeyRange::between(start.bytes(), end.bytes()));
        Some(match self {
            Step::Put { key, value, lifetime, previous, if_revision } => {
                machine::Step::Put(machine::Put {
                    key: key.bytes(),
                    value: vec![value; usize::from(value)].into(),
                    lifetime: lifetime.map(Lifetime::lifetime),
                    want_previous: previous,
                    if_mod_revision: if_revision.map(i64::from),
                })
            }
            Step::Delete { start, end, previous, limit } => {
                machine::Step::Delete(machine::Delete {
                    range: range(start, end),
                    want_previous: previous,
                    limit: limit.into(),
                })
            }
            Step::Get { start, end, limit } => machine::Step::Get(machine::Get {
                range: range(start, end),
                limit: limit.into(),
                ..Default::default()
            }),
            Step::Missing => return None,
        })
    }
}

fn compare((key, relation, target, number): (Key, i8, u8, i8)) -> machine::Compare {
    let n = i64::from(number);
    let target = match target % 6 {
        0 => Some(Target::Value(vec![number.unsigned_abs()].into())),
        1 => Some(Target::CreateRevision(n)),
        2 => Some(Target::ModRevision(n)),
        3 => Some(Target::Version(n)),
        4 => Some(Target::Lease(n)),
        _ => None,
    };
    machine::Compare { key: key.bytes(), relation: relation.into(), target }
}

fn quota(limits: [Option<u64>; 7]) -> machine::SetQuota {
    let [max_keys, max_bytes, max_range_keys, max_response_bytes, max_sessions, held, percent] =
        limits;
    machine::SetQuota {
        max_keys,
        max_bytes,
        max_range_keys,
        max_response_bytes,
        max_sessions,
        max_held_bytes: held,
        max_owner_percent: percent,
        ..Default::default()
    }
}
