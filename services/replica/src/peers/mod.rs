//! The peer port: replication streams, both ends, and the two questions that replicas ask each
//! other outside of them. Tasks own the sockets; the loop has an [`Outbox`] for each stream.

mod connect;
mod dial;
mod inquire;
mod probe;
mod serve;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use dial::dial;
pub(crate) use inquire::inquire;
pub(crate) use probe::probe;
pub(crate) use serve::PeerService;
pub(crate) use stream::{Outbox, Streams};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use understudy_protocol::ConnId;

use crate::inbox::Outlet;

/// Flow control must not stop a stream of many small messages: see docs/architecture.md.
pub(crate) const WINDOW: u32 = 64 << 20;
/// The largest message: a batch of about 1 MiB, or one entry of a request of 4 MiB, with room.
pub(crate) const MAX_MESSAGE: usize = 32 << 20;

/// What all peer tasks share.
#[derive(Clone)]
pub(crate) struct Peers {
    pub outlet: Outlet,
    /// How long a connection may take to come about.
    pub patience: Duration,
    last: Arc<AtomicU64>,
}

impl Peers {
    pub fn new(outlet: Outlet, patience: Duration) -> Self {
        Peers { outlet, patience, last: Arc::default() }
    }

    /// A number for a new stream, never used before in this life.
    pub fn number(&self) -> ConnId {
        ConnId(self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }
}
