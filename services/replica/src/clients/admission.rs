//! How a handler reaches the loop: a bounded number of requests may wait at once.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use tokio::sync::{mpsc, oneshot, watch};
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request};
use understudy_machine::{Command, FailureCode, Response};
use understudy_proto::kv::v1::{ErrorReason, ResponseHeader};
use understudy_protocol::ClusterId;

use super::in_session::{self, MayNameSession};
use super::long_work::LongWork;
use super::permits::{Permit, Permits};
use super::request::{Answer, Answered, LoopRequest, OrderedStream, Read, RequestKind, Responder};
use super::{limits, weight};
use crate::connections::{Account, ActiveCall, Caller, Held};
use crate::driver::View;
use crate::refusal::Refusal;

/// Request metadata that names the cluster a client wants.
pub(crate) const CLUSTER_HEADER: &str = "understudy-cluster-id";

/// Bytes that a command's answer gets room for, where it may be long.
pub(crate) const LONG_ANSWER: usize = 1 << 20;

/// What all handlers share.
#[derive(Clone)]
pub(crate) struct Admission(Arc<Inner>);

struct Inner {
    requests: mpsc::Sender<LoopRequest>,
    permits: Permits,
    view: watch::Receiver<Arc<View>>,
    /// Told when this replica begins to act, and when it does no more; the view is told about much else.
    acting: watch::Receiver<bool>,
    long_work: LongWork,
}

impl Admission {
    /// One that lets `waiting` requests wait at once, and some of operators: as many as `requests` has
    /// room for.
    pub fn new(
        requests: mpsc::Sender<LoopRequest>,
        view: watch::Receiver<Arc<View>>,
        acting: watch::Receiver<bool>,
        waiting: usize,
    ) -> Self {
        let (permits, long_work) = (Permits::new(waiting), LongWork::default());
        Admission(Arc::new(Inner { requests, permits, view, acting, long_work }))
    }

    /// The cluster's id; empty before its birth.
    pub fn cluster(&self) -> Bytes {
        let cluster = self.0.view.borrow().cluster;
        cluster.map(|cluster| Bytes::copy_from_slice(&cluster.0.to_be_bytes())).unwrap_or_default()
    }

    /// The cluster's id, to judge a client's token by, if there is a token. A replica that does not know its
    /// cluster yet cannot judge any: another one may.
    pub fn cluster_of(&self, token: &str) -> Result<Bytes, Refusal> {
        let (cluster, epoch) = (self.cluster(), self.0.view.borrow().status.epoch);
        match cluster.is_empty() && !token.is_empty() {
            true => Err(Refusal::not_primary(None, epoch, "this replica knows no cluster yet")),
            false => Ok(cluster),
        }
    }

    /// What is common to all calls: the cluster wanted, and the request's size.
    pub fn enter<M: Message + MayNameSession>(
        &self,
        request: Request<M>,
    ) -> Result<(Admitted, M), Refusal> {
        self.check_cluster(request.metadata())?;
        in_session::check(request.get_ref(), in_session::names_cluster(request.metadata()))?;
        let call = self.admit(request.extensions());
        let request = request.into_inner();
        let bytes = request.encoded_len();
        limits::request(bytes)?;
        if bytes > weight::SMALL {
            call.underway.keep(call.underway.account().hold(bytes));
        }
        Ok((call, request))
    }

    /// Lets a call in, with what its connection may have.
    pub fn admit(&self, extensions: &Extensions) -> Admitted {
        let caller = extensions.get::<Caller>().and_then(Caller::call);
        let underway = caller.cloned().unwrap_or_else(ActiveCall::alone);
        Admitted { admission: self.clone(), underway, operators: false }
    }

    /// Turns away callers that want another cluster.
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
            match self.0.view.borrow().cluster {
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
        let epoch = self.0.view.borrow().status.epoch;
        ResponseHeader { cluster_id: self.cluster(), epoch, revision }
    }

    /// What ends whatever needs a primary.
    pub fn not_primary(&self) -> Refusal {
        let view = self.0.view.borrow();
        let primary = view.status.primary.as_ref();
        let other = primary.filter(|member| member.incarnation != view.me.incarnation);
        let address = other.map(|member| member.client_address.clone());
        Refusal::not_primary(address, view.status.epoch, "this replica is not the primary any more")
    }

    /// Turns away callers that need a primary that acts.
    pub fn check_acting(&self) -> Result<(), Refusal> {
        if *self.0.acting.borrow() { Ok(()) } else { Err(self.not_primary()) }
    }

    /// Waits until this replica is no primary that acts.
    pub async fn acts_no_more(&self) {
        // A life that is over does not act, either.
        let _ = self.0.acting.clone().wait_for(|acting| !acting).await;
    }

    fn send(&self, request: LoopRequest) -> Result<(), Refusal> {
        self.0.requests.try_send(request).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refusal::overloaded(),
            mpsc::error::TrySendError::Closed(_) => {
                Refusal::not_primary(None, self.0.view.borrow().status.epoch, "this life is over")
            }
        })
    }
}

/// A call that was let in: what it asks, and is answered, counts for its connection.
#[derive(Clone)]
pub(crate) struct Admitted {
    admission: Admission,
    underway: ActiveCall,
    /// It has one of the permits that are kept for operators.
    operators: bool,
}

impl Admitted {
    /// What its connection may have.
    pub fn account(&self) -> &Account {
        self.underway.account()
    }

    /// Where it was let in.
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Does what takes long outside the loop, in turn.
    pub async fn at_length<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        self.admission.0.long_work.run(self.underway.account(), work).await
    }

    /// The same as a call of an operator.
    pub fn of_operator(self) -> Self {
        Admitted { operators: true, ..self }
    }

    /// To have a command executed, whose makings count for its connection's share.
    pub fn executed(&self, command: Command) -> RequestKind {
        RequestKind::executed(&command.owned_by(self.underway.account().owner()))
    }

    /// The response, unless it refuses what goes beyond that share.
    pub fn within_share(&self, response: Response) -> Result<Response, Refusal> {
        match response.failure() {
            Some(failure) if failure.code() == FailureCode::ShareExceeded => {
                let owner = String::from_utf8_lossy(self.underway.account().owner());
                Err(Refusal::share(failure, &owner))
            }
            _ => Ok(response),
        }
    }

    /// Reads, linearizably or as it stands here.
    pub async fn read(&self, read: Read, stale: bool) -> Result<(ResponseHeader, Answer), Refusal> {
        self.ask(RequestKind::read(read, stale)).await
    }

    /// Waits for the loop's answer. The room that it takes is kept until the call is over.
    pub async fn ask(&self, kind: RequestKind) -> Result<(ResponseHeader, Answer), Refusal> {
        let room = self.room_for(&kind).await?;
        let permit =
            self.admission.0.permits.take(&kind, self.underway.account(), self.operators)?;
        let given = self.due(kind, None, permit, room)?.answer().await?;
        if let Some(room) = given.room {
            self.underway.keep(room);
        }
        Ok((given.header, given.answer))
    }

    /// Asks the loop, after all that was asked in this stream, as soon as there is a permit.
    pub async fn ask_in(&self, stream: &OrderedStream, kind: RequestKind) -> Result<Due, Refusal> {
        let room = self.room_for(&kind).await?;
        let permit = self.admission.0.permits.wait_for(&kind, self.underway.account()).await?;
        self.due(kind, Some(stream.clone()), permit, room)
    }

    /// Room for the answer to what cannot be asked twice, and may be answered at length.
    async fn room_for(&self, kind: &RequestKind) -> Result<Option<Held>, Refusal> {
        match kind {
            RequestKind::Command { long: true, .. } => self.room(LONG_ANSWER).await.map(Some),
            _ => Ok(None),
        }
    }

    async fn room(&self, bytes: usize) -> Result<Held, Refusal> {
        let room = self.underway.account().room_for_answer(bytes).await;
        room.ok_or_else(|| Refusal::outcome_unknown("the connection is over"))
    }

    fn due(
        &self,
        kind: RequestKind,
        stream: Option<OrderedStream>,
        permit: Permit,
        room: Option<Held>,
    ) -> Result<Due, Refusal> {
        let again = kind.again();
        let asked = self.send(kind, stream.clone(), permit, room)?;
        Ok(Due { call: self.clone(), again, stream, state: DueState::Asked(asked) })
    }

    fn send(
        &self,
        kind: RequestKind,
        stream: Option<OrderedStream>,
        permit: Permit,
        room: Option<Held>,
    ) -> Result<oneshot::Receiver<Result<Answered, Refusal>>, Refusal> {
        let (answer, answered) = oneshot::channel();
        let call = self.underway.clone();
        self.admission.send(LoopRequest {
            kind,
            responder: Responder { answer, stream, _permit: permit, call, room },
        })?;
        Ok(answered)
    }
}

/// An answer that the loop will give.
pub(crate) struct Due {
    call: Admitted,
    /// How it is asked again, where its answer found no room.
    again: Option<RequestKind>,
    stream: Option<OrderedStream>,
    state: DueState,
}

enum DueState {
    Asked(oneshot::Receiver<Result<Answered, Refusal>>),
    /// Room for this many bytes is wanted first.
    Waiting(usize),
}

/// What the loop gave.
pub(crate) struct Given {
    pub header: ResponseHeader,
    pub answer: Answer,
    /// What it takes of its connection's room, if it is long: to be kept until it is encoded.
    pub room: Option<Held>,
}

impl Due {
    /// Waits for it; this may be dropped meanwhile, and asked again.
    pub async fn answer(&mut self) -> Result<Given, Refusal> {
        loop {
            match &mut self.state {
                DueState::Asked(answered) => {
                    let answered = answered.await;
                    let Answered { cluster, epoch, revision, answer, room } = answered
                        .map_err(|_| Refusal::outcome_unknown("this replica's life ended"))??;
                    if let Answer::NoRoom(bytes) = answer {
                        self.state = DueState::Waiting(bytes);
                        continue;
                    }
                    let cluster_id = Bytes::copy_from_slice(&cluster.0.to_be_bytes());
                    let header = ResponseHeader { cluster_id, epoch, revision };
                    return Ok(Given { header, answer, room });
                }
                DueState::Waiting(bytes) => {
                    let Some(kind) = self.again.as_ref().and_then(RequestKind::again) else {
                        let why = "too many of its connection's answers are not read yet";
                        return Err(Refusal::outcome_unknown(why));
                    };
                    let room = self.call.room(*bytes).await?;
                    let account = self.call.underway.account();
                    let permit = self.call.admission.0.permits.wait_for(&kind, account).await?;
                    let asked = self.call.send(kind, self.stream.clone(), permit, Some(room))?;
                    self.state = DueState::Asked(asked);
                }
            }
        }
    }
}
