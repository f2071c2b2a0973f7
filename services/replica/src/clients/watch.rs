//! `WatchService`.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{Empty, unfold};
use prost::Message;
use tonic::{Request, Response, Status};
use twox_hash::XxHash3_64;
use understudy_machine::{Changes, Failure, FailureCode, KeyRange, Watch};
use understudy_proto::kv::v1::watch_request::{From, Target};
use understudy_proto::kv::v1::watch_service_server::WatchService;
use understudy_proto::kv::v1::{ErrorReason, WatchRequest, WatchResponse};

use super::admission::Admission;
use super::cursor::Cursor;
use super::{Answer, Read, limits, txn};
use crate::connections::streamed;
use crate::refusal::Refusal;
use crate::watches::Following;

/// Silence after which a message tells how far a watch has come, if the client does not say.
const PATIENCE: Duration = Duration::from_secs(10);
/// What it may ask for at least.
const LEAST_PATIENCE: Duration = Duration::from_millis(100);

/// Watches.
pub(crate) struct Watches {
    pub admission: Admission,
}

#[tonic::async_trait]
impl WatchService for Watches {
    type WatchStream = Empty<Result<WatchResponse, Status>>;

    async fn watch(
        &self,
        request: Request<WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (call, request) = self.admission.enter(request)?;
        let cursor = match &request.from {
            Some(From::Cursor(cursor)) => cursor.as_str(),
            _ => "",
        };
        let cluster = self.admission.cluster_of(cursor)?;
        let query = WatchQuery::new(request, &cluster)?;
        let read = Read::Watch(query.range.clone());
        let (_, Answer::Watch(subscription, reader)) = call.read(read, false).await? else {
            return Err(Refusal::mismatch().into());
        };
        let newest = reader.changes().newest();
        let watch = subscription.pass_over(&call, query.watch(reader.changes())?, reader).await?;
        let WatchQuery { target, patience, .. } = query;
        let following = Following::new(call, subscription, watch, newest, patience, target);
        Ok(streamed(unfold(following, Following::next)))
    }
}

/// A watch that was found in order.
pub(crate) struct WatchQuery {
    range: KeyRange,
    from: Start,
    previous: bool,
    patience: Duration,
    /// Stands for the target in cursors.
    target: u64,
}

enum Start {
    Now,
    Revision(i64),
    Cursor(Cursor),
}

impl WatchQuery {
    /// What `request` asks of `cluster`.
    pub fn new(request: WatchRequest, cluster: &Bytes) -> Result<WatchQuery, Refusal> {
        let target = hash(&request);
        let range = match request.target {
            None => return Err(limits::missing(ErrorReason::InvalidField, "target")),
            Some(Target::Key(key)) => {
                limits::key(&key)?;
                KeyRange::single(key)
            }
            Some(Target::Range(range)) => txn::range(range)?,
            Some(Target::Prefix(prefix)) => txn::prefix(prefix)?,
        };
        let from = match request.from {
            None => Start::Now,
            Some(From::StartRevision(revision)) => {
                limits::at_least("start_revision", revision, 1)?;
                Start::Revision(revision)
            }
            Some(From::Cursor(text)) => Start::Cursor(Cursor::read(&text, cluster, target)?),
        };
        let patience = match limits::natural("progress_interval_ms", request.progress_interval_ms)?
        {
            0 => PATIENCE,
            ms => Duration::from_millis(ms).max(LEAST_PATIENCE),
        };
        Ok(WatchQuery { range, from, previous: request.return_previous, patience, target })
    }

    /// The cursor of a client that has come that far.
    pub fn cursor(&self, revision: i64, changes: &Changes, cluster: &Bytes) -> Cursor {
        Cursor::after(revision, changes, cluster, self.target)
    }

    /// The watch, at its beginning; its next changes may be forgotten.
    pub fn watch(&self, changes: &Changes) -> Result<Watch, Refusal> {
        Ok(Watch::after(self.after(changes)?, self.range.clone(), self.previous))
    }

    /// The revision after which it begins.
    fn after(&self, changes: &Changes) -> Result<i64, Refusal> {
        let newest = changes.newest();
        match &self.from {
            Start::Now => Ok(newest),
            Start::Revision(first) if *first > newest + 1 => {
                let failure = Failure::found(FailureCode::FutureRevision, first.unsigned_abs());
                Err(Refusal::failed(&Failure { limit: newest.unsigned_abs(), ..failure }))
            }
            Start::Revision(first) => Ok(first - 1),
            Start::Cursor(cursor) => cursor.resume(changes),
        }
    }
}

/// Of what must be the same where a cursor leads on.
fn hash(request: &WatchRequest) -> u64 {
    let same = WatchRequest { target: request.target.clone(), ..WatchRequest::default() };
    XxHash3_64::oneshot(&same.encode_to_vec())
}
