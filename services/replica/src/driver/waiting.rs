//! Who waits for what.

use std::collections::HashMap;

use understudy_protocol::RequestId;

use crate::clients::{Read, Refusal, Slot};

/// A request that the protocol has, and what it wanted.
pub(crate) enum Pending {
    /// The answer of the machine to a command of so many bytes.
    Command(usize),
    /// The settings behind the change.
    Settings,
    /// A read, once it may be executed.
    Read(Read),
    /// The end of a handover.
    HandOver,
}

/// Requests by their number in this life. Each leaves when it is answered, whether its client still
/// waits or not; their number is bounded by the places that they hold.
#[derive(Default)]
pub(crate) struct Waiting {
    last: u64,
    /// Of commands.
    bytes: usize,
    requests: HashMap<RequestId, (Pending, Slot)>,
}

impl Waiting {
    /// A number for a request of the loop's own, for which nobody waits.
    pub fn number(&mut self) -> RequestId {
        self.last += 1;
        RequestId(self.last)
    }

    pub fn add(&mut self, pending: Pending, slot: Slot) -> RequestId {
        let id = self.number();
        if let Pending::Command(bytes) = pending {
            self.bytes += bytes;
        }
        self.requests.insert(id, (pending, slot));
        id
    }

    pub fn take(&mut self, id: RequestId) -> Option<(Pending, Slot)> {
        let taken = self.requests.remove(&id)?;
        if let Pending::Command(bytes) = taken.0 {
            self.bytes -= bytes;
        }
        Some(taken)
    }

    /// Bytes of the commands that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Ends everything that waits; gives how many.
    pub fn abandon(&mut self, why: &str) -> usize {
        let count = self.requests.len();
        self.bytes = 0;
        for (_, (_, slot)) in self.requests.drain() {
            slot.answer(Err(Refusal::outcome_unknown(why)));
        }
        count
    }
}
