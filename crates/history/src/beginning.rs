//! Where a history begins.

use serde::{Deserialize, Serialize};

/// The store that a history begins in: a new one that is the history's alone, unless the file says
/// otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Beginning {
    /// The store's revision before the first operation that changed something.
    #[serde(default)]
    pub revision: u64,
    /// Whether others write to it meanwhile, other keys than the history's: then not every revision has an
    /// operation.
    #[serde(default)]
    pub others: bool,
}

impl Beginning {
    /// What both say together: a file may say it more than once, and learn of others late.
    pub fn and(self, other: Beginning) -> Self {
        Beginning {
            revision: self.revision.max(other.revision),
            others: self.others || other.others,
        }
    }
}
