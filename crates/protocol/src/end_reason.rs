//! Why a life ends, so that the next one begins.

use std::fmt;

use crate::{Epoch, Index};

/// Why a life ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EndReason {
    /// The machine has computed something else than the primary's: it is replayed from snapshot and log.
    StateDiffers {
        /// As of which entry.
        index: Index,
    },
    /// The register has gone on without this primary.
    Overtaken {
        /// The epoch that it names.
        epoch: Epoch,
        /// The name of its primary.
        primary: String,
    },
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EndReason::StateDiffers { index } => {
                write!(f, "state differs from the primary's as of entry {index}: replaying")
            }
            EndReason::Overtaken { epoch, primary } => {
                write!(f, "the register says epoch {epoch} of primary {primary}")
            }
        }
    }
}
