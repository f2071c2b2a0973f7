//! How a handler reaches the loop: a bounded number of requests may wait at once.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use tokio::sync::{mpsc, oneshot, watch};
use tonic::metadata::MetadataMap;
use tonic::{Request, Status};
use understudy_machine::{Command, Outcome, Response};
use understudy_proto::kv::v1::{ErrorReason, ResponseHeader};
use understudy_protocol::ClusterId;

use super::ask::{Answer, Answered, Ask, Lane, Read, Slot, Want};
use super::in_session::{self, MayNameSession};
use super::limits;
use super::places::{Place, Places};
use super::refusal::Refusal;
use crate::driver::View;

/// Request metadata that names the cluster a client wants.
pub(crate) const CLUSTER_HEADER: &str = "understudy-cluster-id";

/// What all handlers share.
#[derive(Clone)]
pub(crate) struct Gate {
    asks: mpsc::Sender<Ask>,
    places: Places,
    view: watch::Receiver<Arc<View>>,
    /// Told when this replica begins to act, and when it does no more; the view is told of much else.
    acting: watch::Receiver<bool>,
}

impl Gate {
    /// A gate that lets `waiting` requests wait at once, and some of operators: as many as `asks` has
    /// room for.
    pub fn new(
        asks: mpsc::Sender<Ask>,
        view: watch::Receiver<Arc<View>>,
        acting: watch::Receiver<bool>,
        waiting: usize,
    ) -> Self {
        Gate { asks, places: Places::new(waiting), view, acting }
    }

    /// The cluster's id; empty before its birth.
    pub fn cluster(&self) -> Bytes {
        let cluster = self.view.borrow().cluster;
        cluster.map(|cluster| Bytes::copy_from_slice(&cluster.0.to_be_bytes())).unwrap_or_default()
    }

    /// The cluster's id, to judge a client's token by, if there is a token. A replica that does not know its
    /// cluster yet cannot judge any: another one may.
    pub fn cluster_of(&self, token: &str) -> Result<Bytes, Refusal> {
        let (cluster, epoch) = (self.cluster(), self.view.borrow().status.epoch);
        match cluster.is_empty() && !token.is_empty() {
            true => Err(Refusal::not_primary(None, epoch, "this replica knows no cluster yet")),
            false => Ok(cluster),
        }
    }

    /// What is common to all calls: the cluster wanted, and the request's size.
    pub fn enter<M: Message + MayNameSession>(&self, request: Request<M>) -> Result<M, Refusal> {
        self.check_cluster(request.metadata())?;
        in_session::check(request.get_ref(), in_session::names_cluster(request.metadata()))?;
        let request = request.into_inner();
        limits::request(request.encoded_len())?;
        Ok(request)
    }

    /// Turns away whoever wants another cluster.
    pub fn check_cluster(&self, metadata: &MetadataMap) -> Result<(), Refusal> {
        if let Some(wanted) = metadata.get(CLUSTER_HEADER) {
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
        Ok(())
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

    /// Turns away whoever needs a primary that acts.
    pub fn check_acting(&self) -> Result<(), Refusal> {
        if *self.acting.borrow() { Ok(()) } else { Err(self.not_primary()) }
    }

    /// Waits until this replica is no primary that acts.
    pub async fn acts_no_more(&self) {
        // A life that is over does not act, either.
        let _ = self.acting.clone().wait_for(|acting| !acting).await;
    }

    /// Executes a command through the log.
    pub async fn execute(&self, command: Command) -> Result<(ResponseHeader, Response), Refusal> {
        let (header, answer) = self.ask(Want::executed(&command)).await?;
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
        let place = self.places.take(&want)?;
        self.send(want, None, place)?.answer().await
    }

    /// Asks the loop, behind all that was asked in this lane, as soon as there is a place.
    pub async fn ask_in(&self, lane: &Lane, want: Want) -> Result<Due, Refusal> {
        let place = self.places.wait_for(&want).await?;
        self.send(want, Some(lane.clone()), place)
    }

    fn send(&self, want: Want, lane: Option<Lane>, place: Place) -> Result<Due, Refusal> {
        let (answer, answered) = oneshot::channel();
        let slot = Slot { answer, lane, _place: place };
        self.asks.try_send(Ask { want, slot }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refusal::overloaded(),
            mpsc::error::TrySendError::Closed(_) => {
                Refusal::not_primary(None, self.view.borrow().status.epoch, "this life is over")
            }
        })?;
        Ok(Due(answered))
    }
}

/// An answer that the loop will give.
pub(crate) struct Due(oneshot::Receiver<Result<Answered, Refusal>>);

impl Due {
    /// Waits for it; this may be dropped meanwhile, and asked again.
    pub async fn answer(&mut self) -> Result<(ResponseHeader, Answer), Refusal> {
        let answered = (&mut self.0).await;
        let Answered { cluster, epoch, revision, answer } =
            answered.map_err(|_| Refusal::outcome_unknown("this replica's life ended"))??;
        let cluster_id = Bytes::copy_from_slice(&cluster.0.to_be_bytes());
        Ok((ResponseHeader { cluster_id, epoch, revision }, answer))
    }
}

/// The loop answers what it was asked; anything else is a bug that must not crash a handler.
pub(crate) fn mismatch() -> Refusal {
    Refusal::outcome_unknown("the answer was not of the request's kind, please report this")
}

/// Why an outcome is not the one that its request asked for.
pub(crate) fn refused(outcome: Option<Outcome>) -> Refusal {
    match outcome {
        Some(Outcome::Failure(failure)) => Refusal::failed(&failure),
        _ => mismatch(),
    }
}

/// Options and calls that come with later versions.
pub(crate) fn unimplemented<T>(what: &str) -> Result<T, Status> {
    Err(Status::unimplemented(format!("{what} is not in this version of understudy")))
}
