//! The client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::Handle;
use understudy_proto::admin::v1::{
    CompactRequest, GetQuotaRequest, GetQuotaResponse, GetSettingsRequest, HandOverRequest,
    HandOverResponse, Quota, Settings, StatusRequest, StatusResponse, UpdateQuotaRequest,
    UpdateQuotaResponse, UpdateSettingsRequest,
};
use understudy_proto::kv::v1::{
    DeleteRequest, DeleteResponse, GetRequest, GetResponse, ListRequest, ListResponse, PutRequest,
    PutResponse, ReadConsistency, ResponseHeader, TxnRequest, TxnResponse, WatchRequest,
};

use crate::background::BackgroundTasks;
use crate::call::{Call, Mutation};
use crate::cluster_status::{self, ClusterStatus};
use crate::failure::Failure;
use crate::sessions::Sessions;
use crate::transport::Transport;
use crate::transport::retry::Delivery;
use crate::{Endpoints, Error, Options, Pipeline, Watch, endpoints};

/// A client of one cluster. Clones share connections and the session, and are cheap.
///
/// It needs a tokio runtime with I/O and time. Its session is kept alive by a task on the runtime
/// that the first mutation ran on.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
    /// For each operation, from when it is called.
    deadline: Duration,
}

/// What all clones of a client share.
#[derive(Debug)]
struct Shared {
    transport: Arc<Transport>,
    sessions: Arc<Sessions>,
    /// What ends what was dropped; [`Client::close`] waits for it.
    background: BackgroundTasks,
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
        let transport = Arc::new(Transport::new(endpoints, options));
        let sessions = Arc::new(Sessions::new(transport.clone()));
        let background = BackgroundTasks::default();
        Self { shared: Arc::new(Shared { transport, sessions, background }), deadline }
    }

    /// The same client, sharing all, with another deadline for each of its operations.
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { shared: self.shared.clone(), deadline }
    }

    /// The header of the answer that came last, to whichever operation of this client or its clones: for those whose
    /// result has none. None before the first answer.
    pub fn latest(&self) -> Option<ResponseHeader> {
        self.shared.transport.latest()
    }

    /// The addresses given, then those learned from replicas.
    pub fn addresses(&self) -> Vec<Arc<str>> {
        self.shared.transport.finder().known()
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
        let request = GetRequest { key: key.into(), revision: 0, consistency };
        self.request_from(address, request).await
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
        Watch::new(&self.shared.transport, request, self.deadline)
    }

    /// A stream of operations, pipelined and in order, whichever replica is primary. It takes a task on the
    /// runtime that this is called on.
    pub fn pipeline(&self) -> Pipeline {
        Pipeline::new(&self.shared.transport, &self.shared.sessions, self.deadline)
    }

    /// Asks the replica at `address` how it is. It answers for itself.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Rejected`], [`Error::Endpoints`].
    pub async fn status(&self, address: &str) -> Result<StatusResponse, Error> {
        self.request_from(address, StatusRequest {}).await
    }

    /// Asks the replicas at all known addresses how they are, and those that these name, each for
    /// at most `limit`.
    pub async fn cluster_status(&self, limit: Duration) -> ClusterStatus {
        cluster_status::cluster_status(&self.shared.transport, self.addresses(), limit).await
    }

    /// Makes a backup the primary: the one called `to`, or any if that is empty. It is not sent
    /// again once it may have arrived.
    ///
    /// # Errors
    /// [`Error::OutcomeUnknown`], [`Error::Unavailable`], [`Error::Rejected`].
    pub async fn hand_over(&self, to: &str) -> Result<HandOverResponse, Error> {
        let request = HandOverRequest { to: to.to_owned() };
        let answer = self.shared.transport.call(&request, self.until(), Delivery::AtMostOnce).await;
        answer.map_err(|outcome| outcome.of_mutation(HandOverRequest::NAME))
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
        self.shared.background.join(deadline).await;
        self.shared.sessions.close(deadline).await;
    }

    /// How long each of its operations may take.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Runs what ends something that was dropped.
    pub(crate) fn spawn(&self, runtime: &Handle, task: impl Future<Output = ()> + Send + 'static) {
        self.shared.background.spawn(runtime, task);
    }

    pub(crate) async fn mutate<M: Mutation>(&self, request: M) -> Result<M::Response, Error> {
        self.shared.sessions.mutate(request, self.deadline).await
    }

    pub(crate) async fn read<C: Call>(&self, request: C) -> Result<C::Response, Error> {
        let answer =
            self.shared.transport.call(&request, self.until(), Delivery::AtLeastOnce).await;
        answer.map_err(|outcome| outcome.of_read(C::NAME))
    }

    /// One request to one replica.
    async fn request_from<C: Call>(&self, address: &str, request: C) -> Result<C::Response, Error> {
        let began = Instant::now();
        let address = endpoints::parse(address)?;
        let answer = self.shared.transport.request_from(&address, &request, self.until()).await;
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
