//! Writing a key.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use understudy_proto::kv::v1::put_request::{Condition, Lifetime};
use understudy_proto::kv::v1::{PutRequest, PutResponse};

use crate::{Client, Error};

/// A Put about to be sent: await it. An unmet condition is no error: `succeeded` is false then.
#[derive(Clone, Debug)]
#[must_use = "a Put does nothing until it is awaited"]
pub struct Put {
    client: Client,
    request: PutRequest,
}

impl Client {
    /// Writes a key.
    pub fn put(&self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Put {
        let request = PutRequest { key: key.into(), value: value.into(), ..PutRequest::default() };
        Put { client: self.clone(), request }
    }
}

impl Put {
    /// Writes only if there is no such key.
    pub fn if_absent(mut self) -> Self {
        self.request.condition = Some(Condition::IfAbsent(true));
        self
    }

    /// Writes only if the key's `mod_revision` is `revision`; 0: if there is no such key.
    pub fn if_revision(mut self, revision: i64) -> Self {
        self.request.condition = Some(Condition::IfRevision(revision));
        self
    }

    /// Asks for the record from before.
    pub fn return_previous(mut self) -> Self {
        self.request.return_previous = true;
        self
    }

    /// Hangs the key on this lease.
    pub fn on_lease(mut self, lease_id: i64) -> Self {
        self.request.lifetime = Some(Lifetime::LeaseId(lease_id));
        self
    }

    /// Leaves the key with the lease that it has, if any.
    pub fn keep_lease(mut self) -> Self {
        self.request.lifetime = Some(Lifetime::KeepLease(true));
        self
    }

    /// Attaches the key to a lease of this duration, made for it; whole milliseconds.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        let ttl_ms = ttl.as_millis().try_into().unwrap_or(i64::MAX);
        self.request.lifetime = Some(Lifetime::TtlMs(ttl_ms));
        self
    }
}

impl IntoFuture for Put {
    type Output = Result<PutResponse, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.client.mutate(self.request).await })
    }
}
