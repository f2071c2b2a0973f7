//! Locks, and with them the election of a leader.
//!
//! A client that wants a lock puts a key of its own under the lock's name, on a lease, and holds the lock once
//! no older key is left there: all wait in a queue, each for the one before it. (The same recipe:
//! P. Hunt et al., *ZooKeeper: Wait-free coordination for Internet-scale systems*, USENIX ATC 2010,
//! 2.4.)

mod acquire;
mod key;
mod leaders;
mod queue;

use std::time::{Duration, Instant};

use bytes::Bytes;

pub use acquire::Acquire;
pub use leaders::Leaders;

use crate::lease::is_gone;
use crate::{Client, Error, Lease};
use queue::Queue;

/// How long the release of a lock that is lost tries to find out more.
const FAREWELL: Duration = Duration::from_millis(500);
/// Between two looks at a line.
const PAUSE: Duration = Duration::from_millis(50);

/// A lock that is held until it is released, dropped, or lost.
#[derive(Debug)]
pub struct Lock {
    client: Client,
    name: String,
    lease: Lease,
    key: Bytes,
    token: i64,
}

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
    /// Takes a lock. Any name will do: no two locks meet, and other keys do not matter. The keys of
    /// its line are `NAME/.lock/` and 16 hex digits.
    pub fn lock(&self, name: impl Into<String>) -> Acquire {
        Acquire::new(self, name.into())
    }

    /// Who holds a lock, if anybody does, and the revision as of which that is true.
    ///
    /// # Errors
    /// As a read.
    pub async fn lock_holder(&self, name: &str) -> Result<(Option<Holder>, i64), Error> {
        let queue = Queue::read(self, name).await?;
        Ok((queue.first().cloned(), queue.revision))
    }
}

impl Lock {
    /// A number that is higher than that of every holder before. A holder may have lost it
    /// without knowing: hand this number on to whatever the lock guards, and let that refuse a lower
    /// one than it has seen.
    pub fn token(&self) -> i64 {
        self.token
    }

    /// The key that stands for the holder. Txn's compare on its `create_revision` being the token
    /// lets a change of the store happen under the lock alone.
    pub fn key(&self) -> &Bytes {
        &self.key
    }

    /// Whether it is still held, without a doubt.
    pub fn is_held(&self) -> bool {
        self.held_until().is_some()
    }

    /// Until when nobody else can hold it unless it is renewed, by this machine's clock; none once it may
    /// be lost.
    pub fn held_until(&self) -> Option<Instant> {
        self.lease.held_until()
    }

    /// Waits until it is held for longer than until `until`: it is renewed in the background.
    /// None once it is lost, or may be.
    pub async fn renewed(&self, until: Instant) -> Option<Instant> {
        self.lease.renewed(until).await
    }

    /// Ends when the lock is lost, or may be: before its lease can end (see [`Lease::lost`]), or soon after
    /// somebody took its key away.
    pub async fn lost(&self) {
        tokio::select! {
            () = self.lease.lost() => {}
            () = self.taken_away() => {}
        }
    }

    /// Ends when the key is gone, or no longer attached to its lease.
    async fn taken_away(&self) {
        loop {
            // Also if nothing can be seen for a while: the lease says what that means.
            match Queue::read(&self.client, &self.name).await {
                Ok(queue) if !queue.has(&self.key, self.token) => return,
                Ok(queue) => {
                    let next = queue.revision + 1;
                    let _ = queue::until_changed(&self.client, self.key.clone(), next).await;
                }
                Err(_) => {}
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Lets the next one have it. If it may be lost already, that is told soon, also while there is no
    /// primary.
    ///
    /// # Errors
    /// [`Error::LockLost`] if it was lost before it was released, or may have been: another may have
    /// held it since. Otherwise as a mutation; it is free all the same once its lease's time is over.
    pub async fn release(self) -> Result<(), Error> {
        let Lock { client, name, lease, .. } = self;
        let lost = lease.held_until().is_none();
        // Beyond its time nobody need say that it is over.
        let patience = if lost { FAREWELL } else { client.deadline.min(lease.ttl()) };
        match lease.end(patience).await {
            Ok(keys) if keys > 0 => Ok(()),
            Err(error) if !lost && !is_gone(&error) => Err(error),
            // The lease was gone, or the key, or nobody could say.
            _ => Err(Error::LockLost { name }),
        }
    }
}
