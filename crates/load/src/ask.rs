//! Whoever can ask a cluster on behalf of a recorder.

use understudy_client::proto::kv::v1::{
    DeleteRequest, DeleteResponse, GetRequest, GetResponse, PutRequest, PutResponse, TxnRequest,
    TxnResponse,
};
use understudy_client::{Client, Error};
use understudy_history::Outcome;

/// Whoever can ask a cluster: the client library, or a client of another make. A mutation is to be
/// executed at most once, however often it is sent.
///
/// Whoever gets no answer says whether that is [`Outcome::Failed`] or [`Outcome::Unknown`].
pub trait Ask: Send {
    /// Reads a key.
    fn get(&mut self, request: GetRequest) -> impl Answered<GetResponse>;
    /// Writes a key.
    fn put(&mut self, request: PutRequest) -> impl Answered<PutResponse>;
    /// Deletes a key.
    fn delete(&mut self, request: DeleteRequest) -> impl Answered<DeleteResponse>;
    /// Changes several keys atomically.
    fn txn(&mut self, request: TxnRequest) -> impl Answered<TxnResponse>;
}

/// An answer on its way, or why there is none.
pub trait Answered<T>: Future<Output = Result<T, Outcome>> + Send {}

impl<T, F: Future<Output = Result<T, Outcome>> + Send> Answered<T> for F {}

impl Ask for Client {
    async fn get(&mut self, request: GetRequest) -> Result<GetResponse, Outcome> {
        Client::get(self, request.key).await.map_err(outcome)
    }

    async fn put(&mut self, request: PutRequest) -> Result<PutResponse, Outcome> {
        self.send_put(request).await.map_err(outcome)
    }

    async fn delete(&mut self, request: DeleteRequest) -> Result<DeleteResponse, Outcome> {
        self.send_delete(request).await.map_err(outcome)
    }

    async fn txn(&mut self, request: TxnRequest) -> Result<TxnResponse, Outcome> {
        self.send_txn(request).await.map_err(outcome)
    }
}

fn outcome(error: Error) -> Outcome {
    match error {
        Error::OutcomeUnknown { .. } => Outcome::Unknown,
        _ => Outcome::Failed,
    }
}
