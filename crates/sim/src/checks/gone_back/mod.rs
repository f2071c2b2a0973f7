//! Two histories: what is known of both from the fork on.

pub(crate) mod check;

use std::collections::BTreeMap;

use understudy_protocol::{Index, Position};

/// Two histories.
#[derive(Default)]
pub struct Fork {
    /// What was acknowledged, in either: index and hash, with the hash of the entry before if that is known.
    known: BTreeMap<(Index, u64), Option<u64>>,
    /// A copy has forgotten its records. Then only what it knows to be committed is safe, and a snapshot of the
    /// other history, sent because the log does not reach back any more, cannot be told from one of its own.
    forgotten: bool,
}

impl Fork {
    /// What lies before `end` in its own history, as far back as is known: hashes by index.
    fn history(&self, end: Position) -> BTreeMap<Index, u64> {
        let mut history = BTreeMap::from([(end.index, end.hash)]);
        let mut at = (end.index, end.hash);
        while let Some(&Some(before)) = self.known.get(&at) {
            at = (at.0 - 1, before);
            history.insert(at.0, at.1);
        }
        history
    }
}
