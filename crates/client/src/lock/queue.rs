//! A lock's queue: its holder and those that wait.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use understudy_proto::kv::v1::list_request::Target;
use understudy_proto::kv::v1::watch_request::{self, From};
use understudy_proto::kv::v1::{Event, EventType, KeyValue, ListRequest, WatchRequest};

use super::key;
use crate::{Client, Error};

/// Between two looks at a queue.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// Who holds a lock.
#[derive(Clone, PartialEq, Debug)]
pub struct Holder {
    /// What it said of itself.
    pub value: Bytes,
    /// Its fencing token.
    pub token: i64,
    /// Its key, which is attached to its lease.
    pub key: Bytes,
}

impl Client {
    /// Who holds a lock, if anybody does, and the revision as of which that is true.
    ///
    /// # Errors
    /// As a read.
    pub async fn lock_holder(&self, name: &str) -> Result<(Option<Holder>, i64), Error> {
        let queue = Queue::read(self, name).await?;
        Ok((queue.first().cloned(), queue.revision))
    }
}

/// Those who stand in a lock's queue, the oldest first, as of one revision.
#[derive(Clone, Default, Debug)]
pub(super) struct Queue {
    /// By the revision that created the key, which no two keys share: the fencing token.
    standing: BTreeMap<i64, Holder>,
    /// As of when.
    pub revision: i64,
}

impl Queue {
    /// The queue as it is now.
    pub async fn read(client: &Client, name: &str) -> Result<Self, Error> {
        let target = Some(Target::Prefix(key::prefix(name)));
        let mut request = ListRequest { target, ..ListRequest::default() };
        let mut queue = Queue::default();
        loop {
            let page = client.list(request.clone()).await?;
            page.kvs.into_iter().for_each(|kv| queue.put(name, kv));
            if page.next_page_token.is_empty() {
                queue.revision = page.header.unwrap_or_default().revision;
                return Ok(queue);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// What a change makes of it.
    pub fn change(&mut self, name: &str, event: Event) {
        let removed = event.r#type() == EventType::Delete;
        let kv = event.kv.unwrap_or_default();
        self.revision = kv.mod_revision;
        self.remove(&kv.key);
        if !removed {
            self.put(name, kv);
        }
    }

    /// Who holds the lock.
    pub fn first(&self) -> Option<&Holder> {
        self.standing.values().next()
    }

    /// Those before the one with this token.
    pub fn before(&self, token: i64) -> Option<&Holder> {
        self.standing.range(..token).next_back().map(|(_, holder)| holder)
    }

    /// Whether this key stands in it with this token.
    pub fn has(&self, key: &Bytes, token: i64) -> bool {
        self.standing.get(&token).is_some_and(|holder| holder.key == *key)
    }

    fn put(&mut self, name: &str, kv: KeyValue) {
        if key::stands(name, &kv) {
            let KeyValue { key, value, create_revision: token, .. } = kv;
            self.standing.insert(token, Holder { value, token, key });
        }
    }

    fn remove(&mut self, key: &Bytes) {
        self.standing.retain(|_, holder| holder.key != *key);
    }
}

/// Ends when a key was changed at `revision` or later, or when that cannot be told any more.
pub(super) async fn until_changed(client: &Client, key: Bytes, revision: i64) -> Result<(), Error> {
    let target = Some(watch_request::Target::Key(key));
    let from = Some(From::StartRevision(revision));
    let mut watch = client.watch(WatchRequest { target, from, ..WatchRequest::default() });
    match watch.next().await {
        // History has passed, or the key was deleted, or put again: waiters look at the queue again.
        Ok(_) | Err(Error::Rejected(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
