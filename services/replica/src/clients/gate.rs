//! How a handler reaches the loop: a bounded number of requests may wait at once.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tonic::{Request, Status};
use understudy_machine::{Command, Response};
use understudy_proto::kv::v1::{ErrorReason, ResponseHeader};
use understudy_protocol::ClusterId;

use super::ask::{Answer, Answered, Ask, Read, Slot, Want};
use super::limits::{self, Limits};
use super::refusal::Refusal;
use crate::driver::View;

/// Request metadata that names the cluster a client wants.
const CLUSTER_HEADER: &str = "understudy-cluster-id";

/// Bytes of a request that one place stands for.
const PLACE: usize = 16 << 10;
/// Places kept for operators, so that a crowd of clients does not keep them out.
pub(crate) const OPERATORS: usize = 64;

/// What all handlers share.
#[derive(Clone)]
pub(crate) struct Gate {
    asks: mpsc::Sender<Ask>,
    places: Arc<Semaphore>,
    operators: Arc<Semaphore>,
    waiting: u32,
    view: watch::Receiver<Arc<View>>,
}

impl Gate {
    /// A gate that lets `waiting` requests wait at once, and [`OPERATORS`] of operators: as many as
    /// `asks` has room for.
    pub fn new(asks: mpsc::Sender<Ask>, view: watch::Receiver<Arc<View>>, waiting: usize) -> Self {
        let (places, operators) = (Semaphore::new(waiting), Semaphore::new(OPERATORS));
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
        Gate { asks, places: Arc::new(places), operators: Arc::new(operators), waiting, view }
    }

    /// The configurable bounds as they are now.
    pub fn limits(&self) -> Limits {
        Limits { max_value: self.view.borrow().max_value }
    }

    /// The cluster's id; empty before its birth.
    pub fn cluster(&self) -> Bytes {
        let cluster = self.view.borrow().cluster;
        cluster.map(|cluster| Bytes::copy_from_slice(&cluster.0.to_be_bytes())).unwrap_or_default()
    }

    /// What is common to all calls: the cluster wanted, and the request's size.
    pub fn enter<M: Message>(&self, request: Request<M>) -> Result<M, Refusal> {
        if let Some(wanted) = request.metadata().get(CLUSTER_HEADER) {
            let wanted: ClusterId = wanted
                .to_str()
                .ok()
                .filter(|text| text.len() == 32)
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| {
                    let message = format!("{CLUSTER_HEADER} must be 32 hex digits");
                    let refusal = Refusal::new(ErrorReason::InvalidMetadata, message);
                    refusal.with("field", CLUSTER_HEADER)
                })?;
            match self.view.borrow().cluster {
                Some(cluster) if cluster != wanted => {
                    return Err(Refusal::wrong_cluster(cluster));
                }
                _ => {}
            }
        }
        let request = request.into_inner();
        limits::request(request.encoded_len())?;
        Ok(request)
    }

    /// What begins an answer that the loop was not asked for.
    pub fn header(&self, revision: i64) -> ResponseHeader {
        let epoch = self.view.borrow().status.epoch;
        ResponseHeader { cluster_id: self.cluster(), epoch, revision }
    }

    /// What ends whatever needs a primary.
    pub fn not_primary(&self) -> Refusal {
        let view = self.view.borrow();
        let primary = view.status.primary.as_ref();
        let other = primary.filter(|member| member.incarnation != view.me.incarnation);
        let address = other.map(|member| member.client_address.clone());
        Refusal::not_primary(address, view.status.epoch, "this replica is not the primary any more")
    }

    /// Executes a command through the log.
    pub async fn execute(&self, command: Command) -> Result<(ResponseHeader, Response), Refusal> {
        let payload = Bytes::from(command.encode_to_vec());
        let (header, answer) = self.ask(Want::Command(payload)).await?;
        match answer {
            Answer::Executed(response) => Ok((header, response)),
            _ => Err(mismatch()),
        }
    }

    /// Reads, linearizably or as it stands here.
    pub async fn read(&self, read: Read, stale: bool) -> Result<(ResponseHeader, Answer), Refusal> {
        self.ask(if stale { Want::Stale(read) } else { Want::Read(read) }).await
    }

    /// Waits for the loop's answer.
    pub async fn ask(&self, want: Want) -> Result<(ResponseHeader, Answer), Refusal> {
        let places = match want {
            Want::Status | Want::HandOver(_) => &self.operators,
            _ => &self.places,
        };
        let weight = weight(&want).min(self.waiting);
        let place = places.clone().try_acquire_many_owned(weight);
        let place = place.map_err(|_| Refusal::overloaded())?;
        let (answer, answered) = oneshot::channel();
        let slot = Slot { answer, _place: place };
        self.asks.try_send(Ask { want, slot }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refusal::overloaded(),
            mpsc::error::TrySendError::Closed(_) => {
                Refusal::not_primary(None, self.view.borrow().status.epoch, "this life is over")
            }
        })?;
        let Answered { cluster, epoch, revision, answer } =
            answered.await.map_err(|_| Refusal::outcome_unknown("this replica's life ended"))??;
        let cluster_id = Bytes::copy_from_slice(&cluster.0.to_be_bytes());
        Ok((ResponseHeader { cluster_id, epoch, revision }, answer))
    }
}

/// How many places a request takes: large ones take more, so that memory is bounded, too.
fn weight(want: &Want) -> u32 {
    let bytes = match want {
        Want::Command(payload) => payload.len(),
        _ => 0,
    };
    u32::try_from(1 + bytes / PLACE).unwrap_or(u32::MAX)
}

/// The loop answers what it was asked; anything else is a bug that must not crash a handler.
pub(crate) fn mismatch() -> Refusal {
    Refusal::outcome_unknown("the answer was not of the request's kind, please report this")
}

/// Options and calls that come with later versions.
pub(crate) fn unimplemented<T>(what: &str) -> Result<T, Status> {
    Err(Status::unimplemented(format!("{what} is not in this version of understudy")))
}
