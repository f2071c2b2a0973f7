//! Leases: keys that go when nobody keeps them alive.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use understudy_proto::kv::v1::{
    ErrorReason, GetLeaseRequest, GetLeaseResponse, GrantLeaseRequest, KeepLeaseAliveRequest,
    ListLeasesRequest, ListLeasesResponse, RevokeLeaseRequest,
};

use crate::{Client, Error};

impl Client {
    /// Grants a lease, 1 ms to ten years, and keeps it alive in the background until it is revoked or
    /// dropped. Needs a tokio runtime.
    ///
    /// # Errors
    /// As a mutation; `INVALID_TTL`, `QUOTA_EXCEEDED`.
    pub async fn lease(&self, ttl: Duration) -> Result<Lease, Error> {
        let sent = Instant::now();
        let id = self.grant_lease(ttl, 0).await?.lease_id;
        let (until, held) = watch::channel(Some(sent + trusted(ttl)));
        let until = Arc::new(until);
        let keep_alive = tokio::spawn(keep(self.clone(), id, ttl, until.clone()));
        Ok(Lease { client: self.clone(), id, ttl, revoked: false, held, until, keep_alive })
    }

    /// Grants a lease that nobody keeps alive yet, by the id wanted; 0: the store chooses.
    ///
    /// # Errors
    /// As a mutation; `INVALID_TTL`, `LEASE_EXISTS`, `QUOTA_EXCEEDED`.
    pub async fn grant_lease(
        &self,
        ttl: Duration,
        lease_id: i64,
    ) -> Result<understudy_proto::kv::v1::Lease, Error> {
        let ttl_ms = ttl.as_millis().try_into().unwrap_or(i64::MAX);
        let request = GrantLeaseRequest { stamp: None, ttl_ms, lease_id };
        Ok(self.mutate(request).await?.lease.unwrap_or_default())
    }

    /// Gives a lease its full time again, now or a little later.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Rejected`]: among others `LEASE_NOT_FOUND`.
    pub async fn keep_lease_alive(
        &self,
        lease_id: i64,
    ) -> Result<understudy_proto::kv::v1::Lease, Error> {
        let request = KeepLeaseAliveRequest { stamp: None, lease_id };
        Ok(self.read(request).await?.lease.unwrap_or_default())
    }

    /// Ends a lease; gives how many keys go with it.
    ///
    /// # Errors
    /// As a mutation; `LEASE_NOT_FOUND`.
    pub async fn revoke_lease(&self, lease_id: i64) -> Result<i64, Error> {
        Ok(self.mutate(RevokeLeaseRequest { stamp: None, lease_id }).await?.keys)
    }

    /// The time that a lease has left, and a page of its keys if they are asked for.
    ///
    /// # Errors
    /// As a read; `LEASE_NOT_FOUND`.
    pub async fn get_lease(&self, request: GetLeaseRequest) -> Result<GetLeaseResponse, Error> {
        self.read(request).await
    }

    /// A page of all leases.
    ///
    /// # Errors
    /// As a read.
    pub async fn list_leases(
        &self,
        request: ListLeasesRequest,
    ) -> Result<ListLeasesResponse, Error> {
        self.read(request).await
    }
}

/// A lease that is kept alive in the background. Dropped, it is revoked in the background; where no
/// runtime is left for that, it ends when its time is over.
#[derive(Debug)]
pub struct Lease {
    client: Client,
    id: i64,
    ttl: Duration,
    revoked: bool,
    /// Until when it is certain to live; none once it is gone.
    held: watch::Receiver<Option<Instant>>,
    until: Arc<watch::Sender<Option<Instant>>>,
    keep_alive: JoinHandle<()>,
}

impl Lease {
    /// Its id, to hang keys on.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Until when it is certain to live, by this machine's clock; none once it may be gone.
    pub fn held_until(&self) -> Option<Instant> {
        self.held.borrow().filter(|until| *until > Instant::now())
    }

    /// Ends when the lease is gone, or may be: when the server says so, or when it could not be
    /// renewed for nine tenths of its time.
    pub async fn lost(&self) {
        let mut held = self.held.clone();
        loop {
            let Some(until) = *held.borrow_and_update() else { return };
            tokio::select! {
                () = tokio::time::sleep_until(until.into()) => {
                    // It may have been renewed just now.
                    if self.held_until().is_none() {
                        return;
                    }
                }
                changed = held.changed() => if changed.is_err() {
                    return;
                },
            }
        }
    }

    /// Ends it, and deletes the keys attached to it. One that is gone already is no error.
    ///
    /// # Errors
    /// As a mutation.
    pub async fn revoke(self) -> Result<(), Error> {
        let patience = self.client.deadline();
        match self.end(patience).await {
            Err(error) if is_gone(&error) => Ok(()),
            revoked => revoked.map(|_| ()),
        }
    }

    /// Ends it within this time; gives how many keys go with it.
    pub(crate) async fn end(mut self, patience: Duration) -> Result<i64, Error> {
        self.keep_alive.abort();
        self.revoked = true;
        self.client.with_deadline(patience).revoke_lease(self.id).await
    }

    /// Its full time.
    pub(crate) fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Ends when the server has said that it is gone.
    pub(crate) async fn gone(&self) {
        let mut held = self.held.clone();
        // Its sender goes with the one who keeps it, which then has said so.
        let _ = held.wait_for(Option::is_none).await;
    }

    /// Waits until it lives longer than until `until`; none once it may be gone.
    pub(crate) async fn renewed(&self, until: Instant) -> Option<Instant> {
        let mut held = self.held.clone();
        let later = held.wait_for(|held| held.is_none_or(|held| held > until));
        tokio::select! {
            biased;
            () = self.lost() => None,
            later = later => later.ok().and_then(|held| *held),
        }
    }

    /// Gives it its full time now.
    pub(crate) async fn renew(&self) -> Result<(), Error> {
        renew(&self.client, self.id, self.ttl, &self.until).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.keep_alive.abort();
        if let (false, Ok(runtime)) = (self.revoked, Handle::try_current()) {
            let (client, id) = (self.client.with_deadline(self.ttl), self.id);
            // Time ends it if this fails.
            let revoked = async move { drop(client.revoke_lease(id).await) };
            self.client.spawn(&runtime, revoked);
        }
    }
}

/// How long a lease may be trusted after the moment at which its renewal was sent: clocks may differ by
/// a tenth in pace.
fn trusted(ttl: Duration) -> Duration {
    ttl - ttl / 10
}

async fn keep(client: Client, id: i64, ttl: Duration, until: Arc<watch::Sender<Option<Instant>>>) {
    let client = client.with_deadline(ttl);
    loop {
        tokio::time::sleep(ttl / 3).await;
        match renew(&client, id, ttl, &until).await {
            Ok(()) => {}
            Err(error) if is_gone(&error) => return,
            // Its holder learns from the clock when that is for too long.
            Err(error) => tracing::warn!("lease {id} is not renewed: {error}"),
        }
    }
}

/// Renews it once, and tells until when it lives at least.
async fn renew(
    client: &Client,
    id: i64,
    ttl: Duration,
    until: &watch::Sender<Option<Instant>>,
) -> Result<(), Error> {
    let sent = Instant::now();
    let renewed = client.keep_lease_alive(id).await;
    match &renewed {
        // One that was sent later may have been answered before; once gone, it stays gone.
        Ok(_) => until.send_modify(|held| {
            *held = held.map(|held| held.max(sent + trusted(ttl)));
        }),
        Err(error) if is_gone(error) => drop(until.send_replace(None)),
        Err(_) => {}
    }
    renewed.map(|_| ())
}

pub(crate) fn is_gone(error: &Error) -> bool {
    error.rejection().is_some_and(|rejection| rejection.reason == Some(ErrorReason::LeaseNotFound))
}
