//! `KeyValueService.Execute`: many operations of one client under way, in its order.
//!
//! One half takes operations in and asks the loop, which executes what changes something in the order
//! asked. Reads it executes in the background: that they see what was sent before them, and nothing of what
//! was sent after, takes waiting here, where a stream goes on from changes to reads or back. The other
//! half gives the results.

use std::sync::Arc;

use futures_util::FutureExt;
use prost::Message;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::unconstrained;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Status, Streaming};
use understudy_proto::kv::v1::{
    ErrorReason, ExecuteOperation, ExecuteRequest, ExecuteResponse, ExecuteResult,
};

use super::admission::{Admitted, Due, Given};
use super::operation::{self, Form};
use super::request::OrderedStream;
use super::{RequestKind, limits};
use crate::connections::Held;
use crate::refusal::Refusal;

/// Operations without a result, and operations of one message, at most.
const WINDOW: u32 = 1_024;
/// Bytes of a message of more than one result, at most: a result that is longer comes alone.
const MESSAGE: usize = 1 << 20;

/// What a result will come from, in order.
enum Pending {
    /// The loop is asked.
    Asked { due: Due, form: Form, _room: OwnedSemaphorePermit },
    /// It was not worth asking.
    Failed { refusal: Refusal, _room: OwnedSemaphorePermit },
    /// The stream ends here.
    End(Status),
}

/// What a result is made of.
type Answered = Result<(Form, Given), Refusal>;

/// The half that takes operations in.
struct Intake {
    call: Admitted,
    stream: OrderedStream,
    /// Whether the call named the cluster that it means.
    names_cluster: bool,
    /// A permit for each operation that may yet be without a result.
    window: Arc<Semaphore>,
    /// Whether what was asked last is a read.
    reads: bool,
    pending: mpsc::UnboundedSender<Pending>,
    /// As many bytes as the longest message had: tonic keeps its buffer for as long as the stream lasts.
    longest: Held,
}

impl Intake {
    async fn run(mut self, mut operations: Streaming<ExecuteRequest>) {
        let end = loop {
            let taken = match operations.message().await {
                Ok(Some(request)) => self.take(request).await.map_err(Status::from),
                Ok(None) => return,
                Err(status) => Err(status),
            };
            if let Err(end) = taken {
                break end;
            }
        };
        // Nobody listens any more: that is an end, too.
        let _ = self.pending.send(Pending::End(end));
    }

    async fn take(&mut self, request: ExecuteRequest) -> Result<(), Refusal> {
        let bytes = request.encoded_len();
        limits::request(bytes)?;
        self.longest.grow_to(bytes);
        let count = request.operations.len();
        if count > WINDOW as usize {
            let message = format!(
                "the message has {count} operations: at most {WINDOW} are allowed, split it"
            );
            let refusal = Refusal::new(ErrorReason::RequestTooLarge, message);
            return Err(refusal.with("limit", WINDOW));
        }
        for operation in request.operations {
            self.ask(operation).await?;
        }
        Ok(())
    }

    async fn ask(&mut self, operation: ExecuteOperation) -> Result<(), Refusal> {
        let asked = operation::asked(&self.call, self.names_cluster, operation);
        if let Ok((kind, _)) = &asked {
            let reads = !matches!(kind, RequestKind::Command { .. });
            if std::mem::replace(&mut self.reads, reads) != reads {
                // All that is before has its result.
                drop(self.room(WINDOW).await?);
            }
        }
        let room = self.room(1).await?;
        let pending = match asked {
            Ok((kind, form)) => {
                let due = self.call.ask_in(&self.stream, kind).await?;
                Pending::Asked { due, form, _room: room }
            }
            Err(refusal) => Pending::Failed { refusal, _room: room },
        };
        // Nothing is awaited since the loop was asked: no answer is lost when this half is stopped.
        let _ = self.pending.send(pending);
        Ok(())
    }

    async fn room(&self, operations: u32) -> Result<OwnedSemaphorePermit, Refusal> {
        let room = self.window.clone().acquire_many_owned(operations).await;
        room.map_err(|_| Refusal::outcome_unknown("the stream is over"))
    }
}

/// The half that gives results: makes the next message when it is asked for one.
pub(crate) struct Results {
    call: Admitted,
    pending: mpsc::UnboundedReceiver<Pending>,
    /// Whose answer is waited for.
    front: Option<Pending>,
    /// A result that did not fit the message before.
    left: Option<ExecuteResult>,
    /// The room that the results of the message take, until it is encoded.
    given: Vec<Held>,
    intake: AbortOnDropHandle<()>,
    /// This replica acts no more: nothing is taken in, what was is answered.
    stopped: bool,
    /// How the stream ends, after the results before that.
    end: Option<Option<Status>>,
}

impl Results {
    /// Begins to take operations in.
    pub fn of(call: &Admitted, names_cluster: bool, operations: Streaming<ExecuteRequest>) -> Self {
        let (sender, pending) = mpsc::unbounded_channel();
        let intake = Intake {
            call: call.clone(),
            stream: OrderedStream::default(),
            names_cluster,
            window: Arc::new(Semaphore::new(WINDOW as usize)),
            reads: false,
            pending: sender,
            longest: call.account().hold(0),
        };
        let intake = AbortOnDropHandle::new(tokio::spawn(intake.run(operations)));
        let (call, front, left) = (call.clone(), None, None);
        Results { call, pending, front, left, given: Vec::new(), intake, stopped: false, end: None }
    }

    /// All results that are there, at least one, or how the stream ends; `None` after that.
    pub async fn next(mut self) -> Option<(Result<ExecuteResponse, Status>, Self)> {
        // The message before is encoded; what was left over is the last that was given.
        self.given.drain(..self.given.len().saturating_sub(usize::from(self.left.is_some())));
        let mut results: Vec<ExecuteResult> = self.left.take().into_iter().collect();
        let mut bytes: usize = results.iter().map(Message::encoded_len).sum();
        while self.end.is_none() && bytes < MESSAGE {
            let answered = match results.is_empty() {
                true => Some(self.answered().await),
                // However many there are: they are bounded.
                false => unconstrained(self.answered()).now_or_never(),
            };
            match answered {
                Some(Ok(answered)) => {
                    let result = match answered {
                        Ok((form, Given { header, answer, room })) => {
                            self.given.extend(room);
                            form.result(&self.call, header, answer).await
                        }
                        Err(refusal) => operation::failed(refusal),
                    };
                    bytes += result.encoded_len();
                    if bytes > MESSAGE && !results.is_empty() {
                        self.left = Some(result);
                        break;
                    }
                    results.push(result);
                }
                Some(Err(end)) => self.end = Some(end),
                None => break,
            }
        }
        if let Some(last) = results.last() {
            let header = Some(self.call.admission().header(last.revision));
            return Some((Ok(ExecuteResponse { header, results }), self));
        }
        let end = self.end.replace(None)??;
        Some((Err(end), self))
    }

    /// What the next result comes from, or how the stream ends. May be dropped and asked again.
    async fn answered(&mut self) -> Result<Answered, Option<Status>> {
        if self.front.is_none() {
            self.front = self.pending().await;
        }
        let answer = match &mut self.front {
            Some(Pending::Asked { due, .. }) => Some(due.answer().await),
            _ => None,
        };
        match (self.front.take(), answer) {
            (Some(Pending::Asked { form, .. }), Some(Ok(given))) => Ok(Ok((form, given))),
            (_, Some(Err(refusal))) if refusal.ends_primary() => Err(Some(refusal.into())),
            (_, Some(Err(refusal))) => Ok(Err(refusal)),
            (Some(Pending::Failed { refusal, .. }), _) => Ok(Err(refusal)),
            (Some(Pending::End(status)), _) => Err(Some(status)),
            _ => Err(self.stopped.then(|| self.call.admission().not_primary().into())),
        }
    }

    async fn pending(&mut self) -> Option<Pending> {
        if !self.stopped {
            tokio::select! {
                biased;
                pending = self.pending.recv() => return pending,
                () = self.call.admission().acts_no_more() => {}
            }
            self.stopped = true;
            self.intake.abort();
        }
        self.pending.recv().await
    }
}
