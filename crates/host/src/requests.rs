//! Who waits for what.

use std::collections::BTreeMap;

use understudy_protocol::RequestId;

/// Requests that the protocol has, by their number in this life. Each leaves when it is answered, whether its
/// client still waits or not. Their number is bounded by whoever gives requests to the host: a waiter holds its
/// permit until it is answered.
pub(crate) struct Requests<W> {
    last: u64,
    /// Of commands.
    bytes: usize,
    waiting: BTreeMap<RequestId, (usize, W)>,
}

impl<W> Default for Requests<W> {
    fn default() -> Self {
        Requests { last: 0, bytes: 0, waiting: BTreeMap::new() }
    }
}

impl<W> Requests<W> {
    /// A number for a request of the host's own, for which nobody waits.
    pub fn number(&mut self) -> RequestId {
        self.last += 1;
        RequestId(self.last)
    }

    /// Somebody waits for a request; a command has that many bytes.
    pub fn add(&mut self, bytes: usize, waiter: W) -> RequestId {
        let id = self.number();
        self.bytes += bytes;
        self.waiting.insert(id, (bytes, waiter));
        id
    }

    pub fn take(&mut self, id: RequestId) -> Option<W> {
        let (bytes, waiter) = self.waiting.remove(&id)?;
        self.bytes -= bytes;
        Some(waiter)
    }

    /// Bytes of the commands that wait.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Everybody who waits, in order.
    pub fn take_all(&mut self) -> Vec<W> {
        self.bytes = 0;
        std::mem::take(&mut self.waiting).into_values().map(|(_, waiter)| waiter).collect()
    }
}
