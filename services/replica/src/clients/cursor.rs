//! What leads from one watch to the next.

use bytes::Bytes;
use twox_hash::XxHash3_64;
use understudy_machine::Changes;
use understudy_proto::kv::v1::ErrorReason;

use super::token;
use crate::refusal::Refusal;

/// How far a watch has come, in which cluster, and of what. Clients see it as hex digits and know no more.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Cursor {
    /// Everything up to this revision has been told.
    #[prost(int64, tag = "1")]
    pub revision: i64,
    /// The running digest as of it: the same number on a tail that was cut is another revision.
    #[prost(fixed64, tag = "2")]
    pub mark: u64,
    /// Of the cluster.
    #[prost(fixed64, tag = "3")]
    pub cluster: u64,
    /// Of what is watched: how far one watch has come says nothing of other keys.
    #[prost(fixed64, tag = "4")]
    pub target: u64,
    /// Of the term in which it was given: tells whether the revision was cut when its mark is forgotten.
    #[prost(fixed64, tag = "5")]
    pub term: u64,
}

impl Cursor {
    /// After a revision that is kept.
    pub fn after(revision: i64, changes: &Changes, cluster: &Bytes, target: u64) -> Self {
        let mark = changes.mark(revision).unwrap_or_default();
        let cluster = XxHash3_64::oneshot(cluster);
        Cursor { revision, mark, cluster, target, term: changes.term() }
    }

    /// As clients get it.
    pub fn text(&self) -> String {
        token::text(self)
    }

    /// What a client gave back.
    pub fn read(text: &str, cluster: &Bytes, target: u64) -> Result<Cursor, Refusal> {
        let refuse = |why| Refusal::new(ErrorReason::InvalidCursor, why).with("field", "cursor");
        let cursor: Cursor = token::parse(text)
            .ok_or_else(|| refuse("the cursor is not one of ours: watch from a revision"))?;
        if cursor.cluster != XxHash3_64::oneshot(cluster) {
            return Err(refuse("the cursor belongs to another cluster: watch from a revision"));
        }
        if cursor.target != target {
            return Err(refuse(
                "the cursor belongs to a watch of other keys: watch from a revision",
            ));
        }
        Ok(cursor)
    }

    /// The revision after which to go on; what comes next may be forgotten.
    pub fn resume(&self, changes: &Changes) -> Result<i64, Refusal> {
        let held = match changes.mark(self.revision) {
            Some(mark) => Some(mark == self.mark),
            None => changes.holds(self.term, self.revision),
        };
        match held {
            Some(true) => Ok(self.revision),
            None if self.revision < changes.floor() => Err(Refusal::compacted(changes.floor() + 1)),
            _ => Err(Refusal::lineage_lost(changes.newest())),
        }
    }
}

#[cfg(test)]
mod tests {
    use understudy_machine::{Command, Input, KvMachine, Machine, Moment, Put, SetQuota};

    use super::*;

    /// A machine after these inputs, which keeps two revisions: `o` opens a term, `p` puts.
    fn after(inputs: &str) -> KvMachine {
        let mut machine = KvMachine::new();
        let quota = SetQuota {
            max_history_revisions: Some(2),
            min_history_age: Some(0),
            ..SetQuota::default()
        };
        let mut feed = |input: Input<'_>| {
            let index = machine.index() + 1;
            machine.apply(Moment { index, wall: index, elapsed: index }, input);
        };
        feed(Input::Command(&Command::new(quota).to_payload()));
        for input in inputs.chars() {
            match input {
                'o' => feed(Input::Open),
                _ => feed(Input::Command(&Command::new(Put::new("k", "v")).to_payload())),
            }
        }
        machine
    }

    fn resumed(given: &str, later: &str) -> Result<i64, ErrorReason> {
        let (given, cluster) = (after(given), Bytes::new());
        let cursor = Cursor::after(given.revision(), given.changes(), &cluster, 0);
        cursor.resume(after(later).changes()).map_err(|refusal| refusal.reason)
    }

    #[test]
    fn a_cursor_tells_what_was_cut_also_when_its_revision_is_forgotten() {
        assert_eq!(resumed("opp", "oppp"), Ok(2));
        assert_eq!(resumed("opp", "oppopppppp"), Ok(2), "forgotten, and part of the log");
        assert_eq!(
            resumed("opp", "opopppppp"),
            Err(ErrorReason::LineageLost),
            "cut, and forgotten"
        );
        assert_eq!(resumed("oppp", "opop"), Err(ErrorReason::LineageLost));
        assert_eq!(resumed("oppo", "oppopppppp"), Ok(2));
        assert_eq!(resumed("pp", "oppppppp"), Err(ErrorReason::Compacted), "of no known term");
    }
}
