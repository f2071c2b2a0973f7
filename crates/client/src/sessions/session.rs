//! One session of a client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use understudy_proto::kv::v1::RequestStamp;

use super::sequences::{Sequences, Taken};

/// One session of a client.
#[derive(Debug)]
pub(crate) struct Session {
    pub id: u64,
    /// Which are in use: each by one ticket.
    sequences: Sequences,
    /// Once set it stays: no ticket of it is given out to a new operation.
    ended: AtomicBool,
}

/// A stamp for one mutation, in use until this is dropped. Dropping it says that nobody will ask
/// for the answer any more.
#[derive(Debug)]
pub(crate) struct Ticket {
    session: Arc<Session>,
    taken: Taken,
}

impl Session {
    pub fn new(id: u64, window: u32) -> Self {
        Self { id, sequences: Sequences::new(window), ended: AtomicBool::new(false) }
    }

    /// The next stamp, once the window has room for it.
    pub async fn ticket(self: &Arc<Self>) -> Ticket {
        let taken = self.sequences.take().await;
        Ticket { session: self.clone(), taken }
    }

    /// The server has said that it is gone.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

impl Ticket {
    /// The server has said that the session is gone.
    pub fn end_session(&self) {
        self.session.end();
    }

    pub fn stamp(&self) -> RequestStamp {
        RequestStamp {
            session_id: self.session.id,
            sequence: self.taken.sequence,
            received_below: self.taken.received_below,
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.session.sequences.finish(self.taken.sequence);
    }
}
