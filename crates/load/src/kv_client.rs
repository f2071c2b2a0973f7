//! A client that sends requests on behalf of a recorder.

use understudy_client::proto::kv::v1::{
    DeleteRequest, DeleteResponse, ErrorReason, GetRequest, GetResponse, PutRequest, PutResponse,
    TxnRequest, TxnResponse,
};
use understudy_client::{Client, Error, Rejection};
use understudy_history::{Answer, Outcome, Reply};

/// A client of a key-value store: the client library, or a client of another make. A mutation is to be
/// executed at most once, however often it is sent.
///
/// A client that gets no answer says whether that is [`Outcome::Failed`] or [`Outcome::Unknown`], and of a
/// refusal what [`refused`] says.
pub trait KvClient: Send {
    /// Reads a key, at an old revision if the request names one.
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

impl KvClient for Client {
    async fn get(&mut self, request: GetRequest) -> Result<GetResponse, Outcome> {
        self.get_at(request.key, request.revision).await.map_err(outcome)
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
        Error::Rejected(rejection) => refused(&rejection),
        _ => Outcome::Failed,
    }
}

/// What a refusal is in a history: one that tells which revisions there are is an answer to be judged,
/// every other says only that nothing was done.
pub fn refused(rejection: &Rejection) -> Outcome {
    let told = |metadata, reply| {
        let revision = rejection.metadata.get(metadata)?.parse().ok()?;
        Some(Outcome::Ok(Answer { revision, reply }))
    };
    let answer = match rejection.reason {
        Some(ErrorReason::Compacted) => told("oldest_revision", Reply::Compacted),
        Some(ErrorReason::FutureRevision) => told("newest_revision", Reply::Refused),
        _ => None,
    };
    answer.unwrap_or(Outcome::Failed)
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn a_refusal_that_tells_which_revisions_there_are_is_an_answer() {
        let outcome = |reason, name: &str, value: &str| {
            refused(&Rejection {
                code: Code::OutOfRange,
                reason: Some(reason),
                message: String::new(),
                metadata: [(name.to_owned(), value.to_owned())].into(),
                retry_after: None,
            })
        };
        let answer = |revision, reply| Outcome::Ok(Answer { revision, reply });
        assert_eq!(
            outcome(ErrorReason::Compacted, "oldest_revision", "7"),
            answer(7, Reply::Compacted)
        );
        assert_eq!(
            outcome(ErrorReason::FutureRevision, "newest_revision", "3"),
            answer(3, Reply::Refused)
        );
        assert_eq!(outcome(ErrorReason::Compacted, "oldest", "7"), Outcome::Failed);
        assert_eq!(outcome(ErrorReason::SequenceOutsideWindow, "limit", "7"), Outcome::Failed);
    }
}
