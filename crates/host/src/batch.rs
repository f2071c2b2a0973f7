//! The next batch of requests, as far as it has come.

use understudy_protocol::{Event, Proposal, RequestId};

/// Requests in one batch.
const REQUESTS: usize = 4096;
/// Bytes of commands at which a batch is closed, and a sync waited for: it must not take long.
pub(crate) const BYTES: usize = 1 << 20;

/// The next batch, as far as it has come.
#[derive(Default)]
pub(crate) struct Batch {
    proposals: Vec<Proposal>,
    reads: Vec<RequestId>,
    /// Of commands, with what their answers may take.
    bytes: usize,
}

impl Batch {
    /// Adds a proposal; `bytes`: what it and its answer take, if it is a command.
    pub fn propose(&mut self, proposal: Proposal, bytes: usize) {
        self.bytes += bytes;
        self.proposals.push(proposal);
    }

    pub fn read(&mut self, id: RequestId) {
        self.reads.push(id);
    }

    pub fn has_room(&self) -> bool {
        self.bytes < BYTES && self.proposals.len() < REQUESTS
    }

    pub fn is_empty(&self) -> bool {
        self.proposals.is_empty() && self.reads.is_empty()
    }

    /// Ends the batch and gives it as an event; `None` if it is empty.
    pub fn take(&mut self) -> Option<Event> {
        if self.is_empty() {
            return None;
        }
        let Batch { proposals, reads, .. } = std::mem::take(self);
        Some(Event::Requests { proposals, reads })
    }
}
