//! Who watches what.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::broadcast;
use understudy_machine::{Changes, KeyRange};

use super::Subscription;

/// Touched revisions that a stream may be behind before it has to look at all.
const RECENT: usize = 16;

/// Tells those who watch the same range, together, which revisions touched it.
type Group = broadcast::Sender<i64>;

/// Everybody who watches, by what they watch.
#[derive(Default)]
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    watched: AtomicUsize,
}

#[derive(Default)]
struct Inner {
    /// The changes as last published: every group has been told which of them touched it.
    changes: Changes,
    keys: HashMap<Bytes, Group>,
    ranges: HashMap<KeyRange, Group>,
}

impl Hub {
    /// How many watch.
    pub fn watched(&self) -> usize {
        self.watched.load(Ordering::Relaxed)
    }

    /// The store has changed, says the loop. Takes time with the changes, the number of different ranges,
    /// and those who must be told.
    pub fn publish(&self, changes: &Changes) {
        self.lock().publish(changes);
    }

    /// Watches a range after the changes given.
    pub fn subscribe(self: &Arc<Self>, range: KeyRange, changes: &Changes) -> Subscription {
        self.watched.fetch_add(1, Ordering::Relaxed);
        let mut inner = self.lock();
        // First, so that it is not told about what it can see.
        inner.publish(changes);
        let touched = match &range {
            KeyRange::Key(key) => join(&mut inner.keys, key.clone()),
            range => join(&mut inner.ranges, range.clone()),
        };
        drop(inner);
        Subscription::new(self.clone(), range, touched)
    }

    /// Ends all watches: this replica is primary no more.
    pub fn close(&self) {
        let mut inner = self.lock();
        (inner.keys, inner.ranges) = (HashMap::new(), HashMap::new());
    }

    /// The changes as last published.
    pub fn changes(&self) -> Changes {
        self.lock().changes.clone()
    }

    /// One watches no more; its receiver is gone.
    pub fn leave(&self, range: &KeyRange) {
        self.watched.fetch_sub(1, Ordering::Relaxed);
        let mut inner = self.lock();
        match range {
            KeyRange::Key(key) => forget(&mut inner.keys, key),
            range => forget(&mut inner.ranges, range),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn publish(&mut self, changes: &Changes) {
        if !(self.keys.is_empty() && self.ranges.is_empty()) {
            for revision in self.changes.newest() + 1..=changes.newest() {
                self.touch(changes, revision);
            }
        }
        self.changes = changes.clone();
    }

    fn touch(&self, changes: &Changes, revision: i64) {
        // Nobody waiting for it is no error: they all read something else just now.
        let tell = |group: &Group| drop(group.send(revision));
        let Some(keys) = changes.keys(revision) else {
            // It is forgotten already: nobody knows what it touched.
            return self.keys.values().chain(self.ranges.values()).for_each(tell);
        };
        for key in keys {
            self.keys.get(key).map(tell);
        }
        for (range, group) in &self.ranges {
            if changes.keys(revision).is_some_and(|mut keys| keys.any(|key| range.contains(key))) {
                tell(group);
            }
        }
    }
}

fn join<K: Eq + Hash>(groups: &mut HashMap<K, Group>, what: K) -> broadcast::Receiver<i64> {
    groups.entry(what).or_insert_with(|| broadcast::channel(RECENT).0).subscribe()
}

fn forget<K: Eq + Hash>(groups: &mut HashMap<K, Group>, what: &K) {
    if groups.get(what).is_some_and(|group| group.receiver_count() == 0) {
        groups.remove(what);
    }
}
