//! Who holds a lock, one after the other.

use std::collections::VecDeque;

use understudy_proto::kv::v1::WatchRequest;
use understudy_proto::kv::v1::watch_request::{From, Target};

use super::key;
use super::queue::{Holder, Queue};
use crate::{Client, Error, Watch};

/// Everyone who holds a lock, in order, however briefly: see [`Client::leaders`].
#[derive(Debug)]
pub struct Leaders {
    client: Client,
    name: String,
    /// The queue, and the changes to come; none until it has been read.
    seen: Option<(Queue, Watch)>,
    /// Who was told last; none if nobody was told yet.
    told: Option<Option<Holder>>,
    /// Not told yet: at most one for each change of a message.
    next: VecDeque<Option<Holder>>,
}

impl Client {
    /// Follows who holds a lock, or leads.
    pub fn leaders(&self, name: impl Into<String>) -> Leaders {
        let (client, name) = (self.clone(), name.into());
        Leaders { client, name, seen: None, told: None, next: VecDeque::new() }
    }
}

impl Leaders {
    /// Who holds it now, at the first call; then waits for the next change of that. Nobody: `None`.
    /// It may be dropped while it waits: nothing is lost, and the next call goes on.
    ///
    /// Where history has been forgotten faster than it was read, a leader that came and went meanwhile is
    /// left out.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if no primary was found within the client's deadline: call again to go on.
    /// [`Error::Rejected`].
    pub async fn next(&mut self) -> Result<Option<Holder>, Error> {
        loop {
            if let Some(next) = self.next.pop_front() {
                self.told = Some(next.clone());
                return Ok(next);
            }
            match &mut self.seen {
                None => self.begin().await?,
                Some((_, watch)) => match watch.next().await {
                    Ok(changes) => self.change(changes.events),
                    // History has passed: the queue is read again.
                    Err(Error::Rejected(_)) => self.seen = None,
                    Err(error) => return Err(error),
                },
            }
        }
    }

    async fn begin(&mut self) -> Result<(), Error> {
        let queue = Queue::read(&self.client, &self.name).await?;
        let first = queue.first().cloned();
        if self.told.as_ref() != Some(&first) {
            self.next.push_back(first);
        }
        let target = Some(Target::Prefix(key::prefix(&self.name)));
        let from = Some(From::StartRevision(queue.revision + 1));
        let watch = self.client.watch(WatchRequest { target, from, ..WatchRequest::default() });
        self.seen = Some((queue, watch));
        Ok(())
    }

    /// Notes who was first as of each of the revisions.
    fn change(&mut self, events: Vec<understudy_proto::kv::v1::Event>) {
        let Some((queue, _)) = &mut self.seen else { return };
        let mut events = events.into_iter().peekable();
        while let Some(event) = events.next() {
            queue.change(&self.name, event);
            let revision =
                events.peek().and_then(|event| event.kv.as_ref()).map(|kv| kv.mod_revision);
            // Changes of one revision are one.
            if revision == Some(queue.revision) {
                continue;
            }
            let first = queue.first();
            let last = self.next.back().or(self.told.as_ref());
            if last.map(Option::as_ref) != Some(first) {
                self.next.push_back(first.cloned());
            }
        }
    }
}
