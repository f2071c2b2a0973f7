//! What leads from one watch to the next.

use bytes::Bytes;
use twox_hash::XxHash3_64;
use understudy_machine::Changes;
use understudy_proto::kv::v1::ErrorReason;

use super::{Refusal, token};

/// How far a watch has come, in which cluster, and of what. Clients see it as hex digits and know no more.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Cursor {
    /// Everything up to this revision has been told.
    #[prost(int64, tag = "1")]
    pub revision: i64,
    /// The running digest behind it: the same number on a tail that was cut is another revision.
    #[prost(fixed64, tag = "2")]
    pub mark: u64,
    /// Of the cluster.
    #[prost(fixed64, tag = "3")]
    pub cluster: u64,
    /// Of what is watched: how far one watch has come says nothing of other keys.
    #[prost(fixed64, tag = "4")]
    pub target: u64,
}

impl Cursor {
    /// Behind a revision that is kept.
    pub fn behind(revision: i64, changes: &Changes, cluster: &Bytes, target: u64) -> Self {
        let mark = changes.mark(revision).unwrap_or_default();
        Cursor { revision, mark, cluster: XxHash3_64::oneshot(cluster), target }
    }

    /// As clients get it.
    pub fn text(&self) -> String {
        token::text(self)
    }

    /// What a client gave back.
    pub fn read(text: &str, cluster: &Bytes, target: u64) -> Result<Cursor, Refusal> {
        let refuse = |why| Refusal::new(ErrorReason::InvalidCursor, why).with("field", "cursor");
        let cursor: Cursor = token::parse(text)
            .ok_or_else(|| refuse("the cursor is none of ours: watch from a revision"))?;
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

    /// The revision behind which to go on.
    pub fn resume(&self, changes: &Changes) -> Result<i64, Refusal> {
        let (floor, newest) = (changes.floor(), changes.newest());
        if self.revision < floor {
            return Err(Refusal::compacted(floor + 1));
        }
        match changes.mark(self.revision) {
            Some(mark) if mark == self.mark => Ok(self.revision),
            _ => Err(Refusal::lineage_lost(newest)),
        }
    }
}
