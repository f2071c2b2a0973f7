//! The client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use understudy_proto::admin::v1::{
    CompactRequest, GetQuotaRequest, GetQuotaResponse, GetSettingsRequest, HandOverRequest,
    HandOverResponse, Quota, Settings, StatusRequest, StatusResponse, UpdateQuotaRequest,
    UpdateQuotaResponse, UpdateSettingsRequest,
};
use understudy_proto::kv::v1::delete_request::Target;
use understudy_proto::kv::v1::{
    DeleteRequest, DeleteResponse, GetRequest, GetResponse, KeyRange, ListRequest, ListResponse,
    PutRequest, PutResponse, ReadConsistency, ResponseHeader, TxnRequest, TxnResponse,
    WatchRequest,
};

use crate::call::{Call, Mutation};
use crate::failure::Failure;
use crate::repeat::Repeat;
use crate::shared::Shared;
use crate::survey::{self, Survey};
use crate::{Delete, Endpoints, Error, Options, Pipeline, Put, Txn, Watch, endpoints};

/// A client of one cluster. Clones share connections and the session, and are cheap.
///
/// It needs a tokio runtime with I/O and time. Its session is kept alive by a task on the runtime
/// that the first mutation ran on.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    pub(crate) deadline: Duration,
}

impl Client {
    /// A client of the cluster that has replicas at `endpoints`, a list such as
    /// `a:7440,b:7440`. Connections are made when they are needed.
    ///
    /// # Errors
    /// [`Error::Endpoints`] if the list is empty or holds something else.
    pub fn connect(endpoints: &str) -> Result<Self, Error> {
        Ok(Self::new(&endpoints.parse()?, Options::default()))
    }

    /// A client with other options than the default ones.
    pub fn new(endpoints: &Endpoints, options: Options) -> Self {
        let deadline = options.deadline;
        Self { shared: Arc::new(Shared::new(endpoints, options)), deadline }
    }

    /// The same client, sharing all, with another deadline for each of its operations.
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { shared: self.shared.clone(), deadline }
    }

    /// The header of the answer that came last, to whichever operation of this client or its clones: for those whose
    /// result has none. None before the first answer.
    pub fn latest(&self) -> Option<ResponseHeader> {
        self.shared.latest()
    }

    /// The addresses given, then those learned from replicas.
    pub fn addresses(&self) -> Vec<Arc<str>> {
        self.shared.finder.known()
    }

    /// Writes a key.
    pub fn put(&self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Put {
        Put::new(self, key.into(), value.into())
    }

    /// Deletes a key.
    pub fn delete(&self, key: impl Into<Bytes>) -> Delete {
        Delete::new(self, Target::Key(key.into()))
    }

    /// Deletes the keys of a range, atomically.
    pub fn delete_range(&self, range: KeyRange) -> Delete {
        Delete::new(self, Target::Range(range))
    }

    /// Changes several keys atomically, under conditions.
    pub fn txn(&self) -> Txn {
        Txn::new(self)
    }

    /// Reads a key, linearizably; `kv` is absent if there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Rejected`].
    pub async fn get(&self, key: impl Into<Bytes>) -> Result<GetResponse, Error> {
        self.read(GetRequest { key: key.into(), ..GetRequest::default() }).await
    }

    /// Reads a key as it stood at `revision`.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Rejected`]: among others `COMPACTED`, `FUTURE_REVISION`.
    pub async fn get_at(&self, key: impl Into<Bytes>, revision: i64) -> Result<GetResponse, Error> {
        self.read(GetRequest { key: key.into(), revision, ..GetRequest::default() }).await
    }

    /// Reads a key as the replica at `address` has executed it: possibly old.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Rejected`], [`Error::Endpoints`].
    pub async fn get_stale(
        &self,
        key: impl Into<Bytes>,
        address: &str,
    ) -> Result<GetResponse, Error> {
        let consistency = ReadConsistency::Stale.into();
        self.ask(GetRequest { key: key.into(), revision: 0, consistency }, address).await
    }

    /// Reads one page of a range of keys.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Rejected`].
    pub async fn list(&self, request: ListRequest) -> Result<ListResponse, Error> {
        self.read(request).await
    }

    /// Watches a key or a range: gives every change once, in order, whichever replica is primary.
    pub fn watch(&self, request: WatchRequest) -> Watch {
        Watch::new(&self.shared, request, self.deadline)
    }

    /// A stream of operations, pipelined and in order, whichever replica is primary. It takes a task on the
    /// runtime that this is called on.
    pub fn pipeline(&self) -> Pipeline {
        Pipeline::new(&self.shared, self.deadline)
    }

    /// Asks the replica at `address` how it is. It answers for itself.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Rejected`], [`Error::Endpoints`].
    pub async fn status(&self, address: &str) -> Result<StatusResponse, Error> {
        self.ask(StatusRequest {}, address).await
    }

    /// Asks the replicas at all known addresses how they are, and those that these name, each for
    /// at most `limit`.
    pub async fn survey(&self, limit: Duration) -> Survey {
        survey::survey(&self.shared, self.addresses(), limit).await
    }

    /// Makes a backup the primary: the one called `to`, or any if that is empty. It is not sent
    /// again once it may have arrived.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`], [`Error::Unavailable`], [`Error::Rejected`].
    pub async fn hand_over(&self, to: &str) -> Result<HandOverResponse, Error> {
        let request = HandOverRequest { to: to.to_owned() };
        let answer = self.shared.repeat(&request, self.until(), Repeat::OnlyIfNotSent).await;
        answer.map_err(|conclusion| conclusion.of_mutation(HandOverRequest::NAME))
    }

    /// How the cluster replicates.
    ///
    /// # Errors
    /// As a read.
    pub async fn settings(&self) -> Result<Settings, Error> {
        Ok(self.read(GetSettingsRequest {}).await?.settings.unwrap_or_default())
    }

    /// Changes the settings that are given; gives all of them. It may be executed more than once, which
    /// makes no difference.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Rejected`]: among others `INVALID_SETTINGS`.
    pub async fn update_settings(&self, change: Settings) -> Result<Settings, Error> {
        let request = UpdateSettingsRequest { settings: Some(change) };
        Ok(self.read(request).await?.settings.unwrap_or_default())
    }

    /// What the store takes, and what is used of it.
    ///
    /// # Errors
    /// As a read.
    pub async fn quota(&self) -> Result<GetQuotaResponse, Error> {
        self.read(GetQuotaRequest {}).await
    }

    /// Changes the bounds that are given; gives all of them. It may be executed more than once, which makes
    /// no difference.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Rejected`]: among others `INVALID_SETTINGS`.
    pub async fn update_quota(&self, change: Quota) -> Result<UpdateQuotaResponse, Error> {
        self.read(UpdateQuotaRequest { quota: Some(change) }).await
    }

    /// Forgets what the store was before `revision`. It may be executed more than once, which makes no
    /// difference.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Rejected`]: among others `COMPACTED` if that much is forgotten
    /// already, `FUTURE_REVISION`.
    pub async fn compact(&self, revision: i64) -> Result<(), Error> {
        self.read(CompactRequest { revision }).await.map(|_| ())
    }

    /// Has a Put executed exactly once; its stamp is overwritten.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`], [`Error::Unavailable`], [`Error::Rejected`].
    pub async fn send_put(&self, request: PutRequest) -> Result<PutResponse, Error> {
        self.mutate(request).await
    }

    /// Has a Delete executed exactly once; its stamp is overwritten.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`], [`Error::Unavailable`], [`Error::Rejected`].
    pub async fn send_delete(&self, request: DeleteRequest) -> Result<DeleteResponse, Error> {
        self.mutate(request).await
    }

    /// Has a Txn executed exactly once; its stamp is overwritten.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`], [`Error::Unavailable`], [`Error::Rejected`].
    pub async fn send_txn(&self, request: TxnRequest) -> Result<TxnResponse, Error> {
        self.mutate(request).await
    }

    /// Gives back the leases and locks that were dropped, and the session, so that they need not expire;
    /// waits at most half a second for that. For those who make many short-lived clients. The client
    /// stays usable: it opens another session when it needs one.
    pub async fn close(&self) {
        let deadline = Instant::now() + Duration::from_millis(500);
        self.shared.farewells.said(deadline).await;
        self.shared.close_session(deadline).await;
    }

    pub(crate) async fn mutate<M: Mutation>(&self, request: M) -> Result<M::Response, Error> {
        self.shared.mutate(request, self.deadline).await
    }

    pub(crate) async fn read<C: Call>(&self, request: C) -> Result<C::Response, Error> {
        let answer = self.shared.repeat(&request, self.until(), Repeat::Freely).await;
        answer.map_err(|conclusion| conclusion.of_read(C::NAME))
    }

    /// Asks one replica, once.
    async fn ask<C: Call>(&self, request: C, address: &str) -> Result<C::Response, Error> {
        let began = Instant::now();
        let address = endpoints::parse(address)?;
        let answer = self.shared.ask(&request, &address, self.until()).await;
        answer.map_err(|failure| match failure {
            Failure::Answered(rejection) => Error::Rejected(Box::new(rejection)),
            failure => Error::Unavailable {
                call: C::NAME,
                waited: began.elapsed(),
                detail: format!("{address}: {failure}"),
            },
        })
    }

    fn until(&self) -> Instant {
        Instant::now() + self.deadline
    }
}
