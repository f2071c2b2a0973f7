//! Taking a lock.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::held::Lock;
use super::key;
use super::queue::{PAUSE, Queue, until_changed};
use crate::{Client, Error, Lease};

/// How long one who leaves a queue tries to revoke its lease: if that fails, time does it.
const REVOKE_TIMEOUT: Duration = Duration::from_secs(2);

/// A lock about to be taken: await it. It waits until the lock is free and all who came before have
/// had it, over any failover; dropped while it waits, it leaves the queue.
#[derive(Clone, Debug)]
#[must_use = "nothing is locked until it is awaited"]
pub struct Acquire {
    client: Client,
    name: String,
    value: Bytes,
    ttl: Duration,
    wait: Option<Duration>,
}

/// Why a place in the queue did not lead to the lock.
enum End {
    /// It is gone, as the server says: one may queue again.
    Gone,
    /// The lock was not free in time.
    Late,
    Failed(Error),
}

impl Client {
    /// Takes a lock. Any name will do: no two locks meet, and other keys do not matter. The keys of
    /// its queue are `NAME/.lock/` and 16 hex digits.
    pub fn lock(&self, name: impl Into<String>) -> Acquire {
        let (client, name, ttl) = (self.clone(), name.into(), Duration::from_secs(10));
        Acquire { client, name, value: Bytes::new(), ttl, wait: None }
    }
}

impl Acquire {
    /// What others see of the holder.
    pub fn value(mut self, value: impl Into<Bytes>) -> Self {
        self.value = value.into();
        self
    }

    /// How long the lock stays taken when its holder is gone without a word: 10 s by default, as
    /// leases from 1 ms to ten years.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Gives up with [`Error::NotAcquired`] when it takes longer; zero: when it is not free at once.
    /// Left out: once it stands in the queue it waits for ever, also while there is no primary.
    pub fn wait(mut self, at_most: Duration) -> Self {
        self.wait = Some(at_most);
        self
    }

    async fn run(self) -> Result<Lock, Error> {
        let began = Instant::now();
        let mut stood = false;
        loop {
            match self.stand(began, &mut stood).await {
                Ok(lock) => return Ok(lock),
                Err(End::Gone) => {
                    tracing::debug!(
                        "the place in the queue of {} is gone: queueing again",
                        self.name
                    );
                    tokio::time::sleep(PAUSE).await;
                }
                Err(End::Failed(error)) if stood && self.goes_on(began) && passes(&error) => {
                    tracing::debug!("not in the queue of {}: {error}", self.name);
                    tokio::time::sleep(PAUSE).await;
                }
                Err(End::Failed(error)) => return Err(error),
                Err(End::Late) => {
                    let (name, waited) = (self.name.clone(), began.elapsed());
                    return Err(Error::NotAcquired { name, waited });
                }
            }
        }
    }

    /// Stands in the queue once, until it leads to the lock.
    async fn stand(&self, began: Instant, stood: &mut bool) -> Result<Lock, End> {
        let client = self.client.with_deadline(match stood {
            true => self.left(began).map_or(self.client.deadline(), |left| left.max(PAUSE)),
            false => self.client.deadline(),
        });
        let lease = client.lease(self.ttl).await.map_err(End::Failed)?;
        let key = key::of(&self.name, lease.id());
        let put = client.put(key.clone(), self.value.clone()).on_lease(lease.id());
        let token = match put.await {
            Ok(put) => put.mod_revision,
            Err(error) if *stood => return self.leave(lease, failed(error)).await,
            // Among others a lease so short that it ends before this.
            Err(error) => return self.leave(lease, End::Failed(error)).await,
        };
        *stood = true;
        let lock = Lock::new(self.client.clone(), self.name.clone(), lease, key, token);
        let turn = async {
            tokio::select! {
                turn = self.turn(&lock) => turn,
                () = lock.lease().gone() => Err(End::Gone),
            }
        };
        let turn = match self.left(began).filter(|_| !self.at_once()) {
            None => turn.await,
            Some(left) => tokio::time::timeout(left, turn).await.unwrap_or(Err(End::Late)),
        };
        match turn {
            Ok(()) => Ok(lock),
            Err(end) => self.leave(lock.into_lease(), end).await,
        }
    }

    /// Waits until no older key is left in the queue.
    async fn turn(&self, lock: &Lock) -> Result<(), End> {
        loop {
            match self.look(lock).await {
                Err(End::Failed(Error::Unavailable { .. })) if !self.at_once() => {
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(false) => {}
                Ok(true) => return Ok(()),
                Err(end) => return Err(end),
            }
        }
    }

    /// Whether no older key is left; otherwise waits for the one in front to go.
    async fn look(&self, lock: &Lock) -> Result<bool, End> {
        let queue = Queue::read(&self.client, &self.name).await.map_err(failed)?;
        if !queue.has(lock.key(), lock.token()) {
            return Err(End::Gone);
        }
        let Some(before) = queue.before(lock.token()) else {
            // In the queue it stood by the server's word; a holder goes by the clock.
            if !lock.is_held() {
                lock.lease().renew().await.map_err(failed)?;
            }
            return Ok(true);
        };
        if self.at_once() {
            return Err(End::Late);
        }
        let changed = until_changed(&self.client, before.key.clone(), queue.revision + 1);
        changed.await.map(|()| false).map_err(failed)
    }

    /// Leaves the queue, so that nobody waits for a lease that only time would end.
    async fn leave(&self, lease: Lease, end: End) -> Result<Lock, End> {
        if let Err(why) = lease.end(REVOKE_TIMEOUT).await
            && !crate::lease::is_gone(&why)
        {
            tracing::debug!("the place in the queue of {} is given up late: {why}", self.name);
        }
        Err(end)
    }

    fn at_once(&self) -> bool {
        self.wait == Some(Duration::ZERO)
    }

    /// How long it may still wait; none: for ever.
    fn left(&self, began: Instant) -> Option<Duration> {
        self.wait.map(|wait| wait.saturating_sub(began.elapsed()))
    }

    fn goes_on(&self, began: Instant) -> bool {
        self.left(began).is_none_or(|left| !left.is_zero())
    }
}

impl IntoFuture for Acquire {
    type Output = Result<Lock, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

fn failed(error: Error) -> End {
    if crate::lease::is_gone(&error) { End::Gone } else { End::Failed(error) }
}

/// Whether another try may end otherwise.
fn passes(error: &Error) -> bool {
    matches!(error, Error::Unavailable { .. } | Error::OutcomeUnknown { .. })
}
