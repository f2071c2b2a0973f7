//! A lock that is held.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::queue::{PAUSE, Queue, until_changed};
use crate::lease::is_gone;
use crate::{Client, Error, Lease};

/// How long the release of a lock that is lost tries to find out more.
const RELEASE_TIMEOUT: Duration = Duration::from_millis(500);

/// A lock that is held until it is released, dropped, or lost.
#[derive(Debug)]
pub struct Lock {
    client: Client,
    name: String,
    lease: Lease,
    key: Bytes,
    token: i64,
}

impl Lock {
    pub(super) fn new(client: Client, name: String, lease: Lease, key: Bytes, token: i64) -> Self {
        Lock { client, name, lease, key, token }
    }

    /// Its lease: while that lives, so does the lock, unless somebody takes the key away.
    pub(super) fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Gives its lease up to one who ends it.
    pub(super) fn into_lease(self) -> Lease {
        self.lease
    }

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
                    let _ = until_changed(&self.client, self.key.clone(), next).await;
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
        let patience = if lost { RELEASE_TIMEOUT } else { client.deadline().min(lease.ttl()) };
        match lease.end(patience).await {
            Ok(keys) if keys > 0 => Ok(()),
            Err(error) if !lost && !is_gone(&error) => Err(error),
            // The lease was gone, or the key, or nobody could say.
            _ => Err(Error::LockLost { name }),
        }
    }
}
