//! The first role of a life: read the register, and where there is nothing in it yet, see to the
//! cluster's birth (rule 11).

mod step;

use std::collections::BTreeMap;

use crate::core::Core;
use crate::pause::Pause;
use crate::{Observed, PeerState, Status};

pub(crate) struct Starting {
    /// Why it is not further yet.
    reason: String,
    since: u64,
    look_at: u64,
    /// Reads of the register that told nothing new, in a row.
    looks: Pause,
    /// The blank register on which a birth would be based, and the peers' answers since.
    birth: Option<(Observed, BTreeMap<String, PeerState>)>,
}

impl Starting {
    pub fn new(core: &Core) -> Self {
        Starting {
            reason: "reading the register".into(),
            since: core.now.mono,
            look_at: core.now.mono,
            looks: Pause::default(),
            birth: None,
        }
    }

    pub fn describe(&self, status: &mut Status) {
        status.reason = self.reason.clone();
    }
}
