//! A client that deletes and reads ranges of any two ends. What the log says must be what lies between,
//! compared byte by byte with a plain set of keys.
//!
//! Only some worlds have it; the others are what they were without.

pub(crate) mod check;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use prost::Message;
use understudy_machine::{
    Between, Command, Delete, Get, KeyRange, KvMachine, Operation, Outcome, Put, Response, Step,
    StepOutcome, Txn,
};
use understudy_protocol::{Entry, Kind};

use crate::checks::violation::{Property, Violation};
use crate::report::counts::Counts;

/// What keys and ends are drawn from.
const ENDS: [&[u8]; 10] =
    [b"", b"\0", b"\0\0", b"\0\xff", b"\x01", b"a", b"a\0", b"z", b"\xff", b"\xff\xff"];
/// All that others write lies between these two.
const OTHERS: (&[u8], &[u8]) = (b"h", b"q");

/// The client, and what is known of its keys.
pub struct Ranges {
    rng: fastrand::Rng,
    enabled: bool,
    resting: bool,
    client: Option<u64>,
    log: Plain,
}

/// What the log says of the keys that are not others'.
#[derive(Default)]
struct Plain {
    /// The last entry that was looked at.
    index: u64,
    keys: BTreeSet<Bytes>,
    /// Stamps that were answered: what comes again is not executed again.
    answered: BTreeMap<(u64, u64), ()>,
}

impl Ranges {
    pub fn new(seed: u64, lasting: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x5a9e);
        let enabled = rng.u32(0..8) == 0 && lasting;
        Ranges { rng, enabled, resting: false, client: None, log: Plain::default() }
    }

    /// Whether this world has any.
    pub fn are_there(&self) -> bool {
        self.enabled
    }

    fn bytes(&mut self) -> Bytes {
        Bytes::from_static(ENDS[self.rng.usize(0..ENDS.len())])
    }

    fn range(&mut self) -> KeyRange {
        let (start, end) = (self.bytes(), self.bytes());
        match self.rng.u32(0..8) {
            0 => KeyRange::from(start),
            _ => KeyRange::between(start, end),
        }
    }

    /// What the client does next: it deletes nothing of others.
    fn next(&mut self) -> Operation {
        let (range, key) = (self.range(), self.bytes());
        match self.rng.u32(0..8) {
            0 if spares_others(&range) => Delete::new(range).into(),
            1 if spares_others(&range) => {
                let limit = self.rng.u64(1..3);
                Delete { limit, ..Delete::new(range) }.into()
            }
            0..3 => Txn { then: vec![Get::new(range).into()], ..Txn::default() }.into(),
            _ if key.is_empty() => Put::new("a", "v").into(),
            _ => Put::new(key, "v").into(),
        }
    }

    /// An entry was executed on a machine.
    fn note(
        &mut self,
        entry: &Entry,
        response: &Response,
        machine: &KvMachine,
        counts: &mut Counts,
    ) -> Result<(), Violation> {
        if !self.enabled || entry.index != self.log.index + 1 {
            return Ok(());
        }
        self.log.index = entry.index;
        if entry.kind != Kind::Command {
            return Ok(());
        }
        let judged = self.log.executed(&entry.payload, response, machine);
        if judged == Ok(true) {
            counts.add("range of any two ends");
        }
        let property = Property::RangesHoldWhatIsBetween;
        judged.map(|_| ()).map_err(|explanation| Violation { property, explanation })
    }
}

impl Plain {
    /// Takes note of a command that was executed; gives whether it was one of a range.
    fn executed(
        &mut self,
        payload: &[u8],
        response: &Response,
        machine: &KvMachine,
    ) -> Result<bool, String> {
        let Ok(Command { stamp: Some(stamp), operation: Some(operation), .. }) =
            Command::decode(payload)
        else {
            return Ok(false);
        };
        let Some(outcome) = &response.result else { return Ok(false) };
        let again = self.answered.insert((stamp.session, stamp.sequence), ()).is_some();
        if matches!(outcome, Outcome::Failure(_)) || again {
            return Ok(false);
        }
        match (operation, outcome) {
            (Operation::Put(put), _) if !is_others(&put.key) => {
                self.keys.insert(put.key);
                Ok(false)
            }
            (
                Operation::Delete(Delete { range: Some(range), limit, .. }),
                Outcome::Delete(done),
            ) if spares_others(&range) => {
                let most = if limit == 0 { usize::MAX } else { limit as usize };
                let gone: Vec<Bytes> = self.within(&range).take(most).collect();
                for key in &gone {
                    self.keys.remove(key);
                }
                let left = left(machine);
                if done.deleted != gone.len() as u64 || left != self.keys {
                    let deleted = done.deleted;
                    return Err(format!(
                        "a delete of {range:?} took {deleted} keys and left {left:?}: {gone:?} lay within"
                    ));
                }
                Ok(true)
            }
            (Operation::Txn(txn), Outcome::Txn(done)) => {
                let [step] = &txn.then[..] else { return Ok(false) };
                let (Some(Step::Get(get)), [item]) = (&step.step, &done.items[..]) else {
                    return Ok(false);
                };
                let (Some(range), Some(StepOutcome::Get(found))) = (&get.range, &item.outcome)
                else {
                    return Ok(false);
                };
                let found = found.keys.iter().map(|kv| kv.key.clone());
                let found: Vec<Bytes> = found.filter(|key| !is_others(key)).collect();
                let expected: Vec<Bytes> = self.within(range).collect();
                match found == expected {
                    true => Ok(true),
                    false => Err(format!("{range:?} holds {found:?}, not {expected:?}")),
                }
            }
            _ => Ok(false),
        }
    }

    fn within(&self, range: &KeyRange) -> impl Iterator<Item = Bytes> {
        self.keys.iter().filter(move |key| lies_within(range, key)).cloned()
    }
}

/// As the machine's own words for it define it.
fn lies_within(range: &KeyRange, key: &[u8]) -> bool {
    match range {
        KeyRange::Key(only) => *key == **only,
        KeyRange::From(start) => *key >= **start,
        KeyRange::Between(Between { start, end }) => *key >= **start && *key < **end,
    }
}

fn is_others(key: &[u8]) -> bool {
    OTHERS.0 <= key && key < OTHERS.1
}

fn spares_others(range: &KeyRange) -> bool {
    match range {
        KeyRange::Key(key) => !is_others(key),
        KeyRange::From(start) => *OTHERS.1 <= **start,
        KeyRange::Between(Between { start, end }) => {
            *OTHERS.1 <= **start || **end <= *OTHERS.0 || end <= start
        }
    }
}

/// The keys that a machine has, without others'.
fn left(machine: &KvMachine) -> BTreeSet<Bytes> {
    let all = machine.range(&KeyRange::all(), usize::MAX, usize::MAX).keys;
    all.into_iter().map(|kv| kv.key).filter(|key| !is_others(key)).collect()
}
