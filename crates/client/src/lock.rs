//! Locks, and with them the election of a leader.
//!
//! Whoever wants a lock puts a key of its own under the lock's name, on a lease, and holds the lock once
//! no older key is left there: all wait in a line, each for the one before it. (The same recipe:
//! P. Hunt et al., *ZooKeeper: Wait-free coordination for Internet-scale systems*, USENIX ATC 2010,
//! 2.4.)

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use understudy_proto::kv::v1::list_request::Target;
use understudy_proto::kv::v1::watch_request::{self, From};
use understudy_proto::kv::v1::{EventType, KeyValue, ListRequest, WatchRequest};

use crate::{Client, Error, Lease};

/// A lock about to be taken: await it. It waits until the lock is free and all who came before have
/// had it; dropped while it waits, it leaves the line.
#[derive(Clone, Debug)]
#[must_use = "nothing is locked until it is awaited"]
pub struct Acquire {
    client: Client,
    name: String,
    value: Bytes,
    ttl: Duration,
    wait: Option<Duration>,
}

/// A lock that is held until it is released, dropped, or lost.
#[derive(Debug)]
pub struct Lock {
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
    /// Its key, which hangs on its lease.
    pub key: Bytes,
}

impl Client {
    /// Takes a lock. Its name is the prefix of the keys in its line, so two locks must not have names of
    /// which one is the other's beginning and a slash.
    pub fn lock(&self, name: impl Into<String>) -> Acquire {
        let (client, name) = (self.clone(), name.into());
        Acquire { client, name, value: Bytes::new(), ttl: Duration::from_secs(10), wait: None }
    }

    /// Who holds a lock, if anybody does, and the revision as of which that is true.
    ///
    /// # Errors
    /// As a read.
    pub async fn lock_holder(&self, name: &str) -> Result<(Option<Holder>, i64), Error> {
        let (line, revision) = line(self, name).await?;
        let first = line.into_iter().min_by_key(|kv| kv.create_revision);
        let holder =
            |kv: KeyValue| Holder { value: kv.value, token: kv.create_revision, key: kv.key };
        Ok((first.map(holder), revision))
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
    pub fn wait(mut self, at_most: Duration) -> Self {
        self.wait = Some(at_most);
        self
    }

    async fn run(self) -> Result<Lock, Error> {
        let began = Instant::now();
        let lease = self.client.lease(self.ttl).await?;
        let key = Bytes::from(format!("{}/{:016x}", self.name, lease.id()));
        let put = self.client.put(key.clone(), self.value.clone()).on_lease(lease.id());
        let token = match put.await {
            Ok(put) => put.mod_revision,
            Err(error) => return self.given_up(lease, error).await,
        };
        let lock = Lock { name: self.name.clone(), lease, key, token };
        let turn = async {
            tokio::select! {
                turn = lock.turn(&self.client, self.wait == Some(Duration::ZERO)) => turn,
                () = lock.lease.lost() => Err(lock.gone()),
            }
        };
        let limit = self.wait.filter(|wait| !wait.is_zero());
        let turn = match limit {
            None => turn.await,
            Some(limit) => tokio::time::timeout(limit, turn).await.unwrap_or(Ok(false)),
        };
        match turn {
            Ok(true) => Ok(lock),
            Ok(false) => {
                let (name, waited) = (self.name.clone(), began.elapsed());
                self.given_up(lock.lease, Error::NotAcquired { name, waited }).await
            }
            Err(error) => self.given_up(lock.lease, error).await,
        }
    }

    /// Leaves the line, so that nobody waits for a lease that only time would end.
    async fn given_up(&self, lease: Lease, error: Error) -> Result<Lock, Error> {
        if let Err(why) = lease.revoke().await {
            tracing::warn!("the place in the line of {} is given up late: {why}", self.name);
        }
        Err(error)
    }
}

impl IntoFuture for Acquire {
    type Output = Result<Lock, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl Lock {
    /// A number that is higher than that of every holder before. Whoever holds a lock may have lost it
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

    /// Whether it is surely held still.
    pub fn is_held(&self) -> bool {
        self.lease.held_until().is_some()
    }

    /// Ends when the lock is lost, or may be: see [`Lease::lost`].
    pub async fn lost(&self) {
        self.lease.lost().await;
    }

    /// Lets the next one have it.
    ///
    /// # Errors
    /// As a mutation; it is free all the same once its lease's time is over.
    pub async fn release(self) -> Result<(), Error> {
        self.lease.revoke().await
    }

    /// Waits until no older key is left; if `at_once`, tells whether there is none.
    async fn turn(&self, client: &Client, at_once: bool) -> Result<bool, Error> {
        loop {
            let (line, revision) = line(client, &self.name).await?;
            if !line.iter().any(|kv| kv.key == self.key && kv.create_revision == self.token) {
                return Err(self.gone());
            }
            let older = line.into_iter().filter(|kv| kv.create_revision < self.token);
            let Some(before) = older.max_by_key(|kv| kv.create_revision) else { return Ok(true) };
            if at_once {
                return Ok(false);
            }
            until_deleted(client, before.key, revision + 1).await?;
        }
    }

    fn gone(&self) -> Error {
        Error::LockLost { name: self.name.clone() }
    }
}

/// Everybody in a lock's line, and the revision of which that is true.
async fn line(client: &Client, name: &str) -> Result<(Vec<KeyValue>, i64), Error> {
    let target = Some(Target::Prefix(format!("{name}/").into()));
    let mut request = ListRequest { target, ..ListRequest::default() };
    let mut line = Vec::new();
    loop {
        let page = client.list(request.clone()).await?;
        line.extend(page.kvs);
        if page.next_page_token.is_empty() {
            return Ok((line, page.header.unwrap_or_default().revision));
        }
        request.page_token = page.next_page_token;
    }
}

/// Ends when a key was deleted at `revision` or later, or when that cannot be told any more.
async fn until_deleted(client: &Client, key: Bytes, revision: i64) -> Result<(), Error> {
    let target = Some(watch_request::Target::Key(key));
    let from = Some(From::StartRevision(revision));
    let mut watch = client.watch(WatchRequest { target, from, ..WatchRequest::default() });
    loop {
        match watch.next().await {
            Ok(changes) => {
                if changes.events.iter().any(|event| event.r#type() == EventType::Delete) {
                    return Ok(());
                }
            }
            // History has passed: the line is looked at anew.
            Err(Error::Rejected(_)) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
