//! What proves that the register, or a disk, went back in time: two copies that cannot both be right
//! (rules 7, 9 and 12). Both stop, and nothing is cut: an operator decides which one to keep.

use std::fmt;

use crate::{Epoch, Index};

/// Records whose nonces a copy remembers: the newest.
pub const KNOWN_RECORDS: usize = 16;

/// Why two copies cannot both be right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contradiction {
    /// They know two records of this epoch: the register went back, and was written again.
    Record(Epoch),
    /// They hold two entries of this index and epoch.
    Entry(Index, Epoch),
    /// The primary lacks this entry, of this epoch, which the follower knows to be committed.
    Committed(Index, Epoch),
    /// The follower lacks this entry, which it has acknowledged to this primary: its disk went back.
    Vanished(Index),
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Contradiction::Record(epoch) => write!(f, "epoch {epoch} was won twice"),
            Contradiction::Entry(index, epoch) => {
                write!(f, "there are two entries {index} of epoch {epoch}")
            }
            Contradiction::Committed(index, epoch) => {
                write!(f, "the primary lacks entry {index} of epoch {epoch}, which was committed")
            }
            Contradiction::Vanished(index) => {
                write!(f, "entry {index} is gone, which was acknowledged as durable")
            }
        }
    }
}

impl Contradiction {
    /// What is logged, and what to do. `other` is the name of the copy that differs.
    pub(crate) fn message(self, other: &str) -> String {
        format!(
            "this copy and that of {other} contradict each other ({self}): the register or a disk went back in time; nothing is cut, choose the copy to keep, see `understudy recover`"
        )
    }
}
