//! What random clients ask for.

use fastrand::Rng;
use understudy_history::{Action, Compare, Condition, Relation, Step, Target};

/// How one client behaves.
#[derive(Clone, Debug)]
pub struct Workload {
    /// How many keys all clients share.
    pub keys: u32,
    /// Of a hundred operations, how many read.
    pub reads: u32,
    /// Of a hundred writes, how many are transactions.
    pub txns: u32,
    /// Of a hundred operations, how many begin at a replica chosen by chance.
    pub wander: u32,
    /// Longest pause between two operations, nanoseconds.
    pub think: u64,
    /// How many operations are left.
    pub left: u64,
}

impl Workload {
    /// The next operation of a client; `unique` names its values.
    pub fn next(&mut self, rng: &mut Rng, unique: &str) -> Option<Action> {
        self.left = self.left.checked_sub(1)?;
        let key = self.key(rng);
        if rng.u32(0..100) < self.reads {
            return Some(Action::Get { key });
        }
        if rng.u32(0..100) < self.txns {
            return Some(self.txn(rng, key, unique));
        }
        Some(match rng.u32(0..10) {
            0 | 1 => Action::Delete { key, condition: Condition::Always },
            2 => put(key, unique, Condition::Absent, true),
            3 => put(key, unique, Condition::Revision(rng.u64(1..50)), false),
            4..6 => put(key, unique, Condition::Always, true),
            _ => put(key, unique, Condition::Always, false),
        })
    }

    /// Moves between two keys, or looks at both.
    fn txn(&self, rng: &mut Rng, key: String, unique: &str) -> Action {
        let mut other = self.key(rng);
        while other == key && self.keys > 1 {
            other = self.key(rng);
        }
        if other == key {
            return Action::Get { key };
        }
        let target = Target::Version(rng.u64(0..4));
        let relation = if rng.bool() { Relation::Less } else { Relation::Equal };
        Action::Txn {
            compares: vec![Compare { key: key.clone(), target, relation }],
            then: vec![
                Step::Put { key: key.clone(), value: format!("{unique}x") },
                Step::Put { key: other.clone(), value: format!("{unique}y") },
                Step::Get { key: other.clone() },
            ],
            otherwise: vec![Step::Get { key: other }, Step::Delete { key }],
        }
    }

    /// A key, any of them.
    pub fn key(&self, rng: &mut Rng) -> String {
        format!("k{}", rng.u32(0..self.keys))
    }
}

fn put(key: String, unique: &str, condition: Condition, want_previous: bool) -> Action {
    Action::Put { key, value: unique.into(), condition, want_previous }
}
