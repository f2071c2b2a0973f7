//! Whoever waits for an answer of the replica.

use crate::clients::{Lane, Read, Slot};

/// A request that the replica has: where its answer goes, and what is read once it may be.
pub(crate) struct Waiting {
    pub wanted: Wanted,
    pub slot: Slot,
}

/// What was wanted, as far as the answer depends on it.
pub(crate) enum Wanted {
    /// The answer of the machine, or that there was none.
    Response,
    /// The settings after the change.
    Settings,
    /// A read.
    Read(Read),
}

impl understudy_host::Waiter for Waiting {
    fn connection(&self) -> u64 {
        self.slot.call.account().id()
    }

    fn is_gone(&self) -> bool {
        self.slot.answer.is_closed()
    }

    fn is_cut_off(&self) -> bool {
        self.slot.lane.as_ref().is_some_and(Lane::is_closed)
    }
}
