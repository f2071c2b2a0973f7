//! A batch of entries that is being executed.

use std::collections::VecDeque;

use understudy_protocol::{Entry, Event, Index, RequestId};

/// A batch of entries that is being executed: of `Limits::batch_entries` at most, the protocol gives no more at once.
#[derive(Default)]
pub(crate) struct Execution {
    entries: VecDeque<(Entry, Option<RequestId>)>,
    first: Index,
    /// Of the entries from `first` on that are executed.
    digests: Vec<u64>,
}

impl Execution {
    pub fn new(batch: Vec<(Entry, Option<RequestId>)>, first: Index) -> Self {
        let digests = Vec::with_capacity(batch.len());
        Execution { entries: batch.into(), first, digests }
    }

    /// What is executed next.
    pub fn next(&self) -> Option<&Entry> {
        self.entries.front().map(|(entry, _)| entry)
    }

    /// Takes that out.
    pub fn pop(&mut self) -> Option<(Entry, Option<RequestId>)> {
        self.entries.pop_front()
    }

    /// What was taken out is executed. What the protocol is told, if it was the last.
    pub fn executed(&mut self, digest: u64) -> Option<Event> {
        self.digests.push(digest);
        if !self.entries.is_empty() {
            return None;
        }
        let Execution { first, digests, .. } = std::mem::take(self);
        Some(Event::Applied { first, digests })
    }
}
