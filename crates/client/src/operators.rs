//! What operators ask about those who use the store.

use understudy_proto::admin::v1::{
    ListOwnersRequest, ListOwnersResponse, ListSessionsRequest, ListSessionsResponse,
};
use understudy_proto::kv::v1::CloseSessionRequest;

use crate::{Client, Error};

impl Client {
    /// A page of the open sessions.
    ///
    /// # Errors
    /// As a read.
    pub async fn list_sessions(
        &self,
        request: ListSessionsRequest,
    ) -> Result<ListSessionsResponse, Error> {
        self.read(request).await
    }

    /// A page of the owners of sessions, leases and generators.
    ///
    /// # Errors
    /// As a read.
    pub async fn list_owners(
        &self,
        request: ListOwnersRequest,
    ) -> Result<ListOwnersResponse, Error> {
        self.read(request).await
    }

    /// Ends any session of the cluster, no matter who opened it: what that client asks in it from then on is refused.
    /// One that has ended already is no error.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Rejected`]: among others `SESSION_UNKNOWN`.
    pub async fn end_session(&self, session_id: u64) -> Result<(), Error> {
        // Sessions are numbered in each cluster: the request must name one, which the first answer tells.
        self.settings().await?;
        self.read(CloseSessionRequest { session_id }).await.map(|_| ())
    }
}
