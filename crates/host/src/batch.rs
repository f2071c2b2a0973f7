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

    /// What the protocol is told of it, if there is anything; the next one begins.
    pub fn take(&mut self) -> Option<Event> {
        let Batch { proposals, reads, .. } = std::mem::take(self);
        if proposals.is_empty() && reads.is_empty() {
            return None;
        }
        Some(Event::Requests { proposals, reads })
    }
}
