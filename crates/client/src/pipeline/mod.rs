//! Many operations under way, in order, over any number of failovers.

mod in_flight;
mod pending_op;
mod pipelined;
mod stream;
mod task;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, oneshot};
use understudy_proto::kv::v1::delete_request::Target;
use understudy_proto::kv::v1::execute_result::Result as OperationResult;
use understudy_proto::kv::v1::{
    DeleteRequest, DeleteResponse, GetRequest, GetResponse, ListRequest, ListResponse, PutRequest,
    PutResponse, ResponseHeader, TxnRequest, TxnResponse,
};

use crate::Error;
use crate::call::Mutation;
use crate::sessions::{Sessions, Ticket};
use crate::transport::Transport;
use pending_op::{Done, PendingOp};
use pipelined::Pipelined;
use task::PipelineTask;

/// Operations without a result, at most.
const ROOM: usize = 1_024;

/// A stream of operations, pipelined: each is sent without waiting for the results before it. They
/// take effect in the order sent, and their replies are ready in that order. When the primary
/// changes, what has no result is sent again, and executed once all the same.
///
/// A read sees what was sent before it, and nothing of what was sent after. That costs a round trip
/// where mutations follow reads: for speed, send many of a kind in a row, or read in a Txn.
///
/// An operation that fails has not been executed, nor will it be, unless its error is
/// [`Error::OutcomeUnknown`]; those after it go on. Also what may pass, such as `DISK_FULL` or
/// `TOO_FEW_COPIES`, is the operation's result: repeated, it would no longer be in order. Only if such a
/// refusal is lost with a connection may the operation be executed after later ones.
///
/// Each operation has the client's deadline. Dropped, the pipeline still does what was sent.
#[derive(Debug)]
pub struct Pipeline {
    sessions: Arc<Sessions>,
    deadline: Duration,
    /// A permit for each operation that may yet be without a result.
    room: Arc<Semaphore>,
    queue: mpsc::UnboundedSender<PendingOp>,
}

/// What becomes of an operation: await it. Dropping it changes nothing.
#[derive(Debug)]
pub struct Reply<T> {
    call: &'static str,
    done: oneshot::Receiver<Result<Done, Error>>,
    response: fn(ResponseHeader, OperationResult) -> Option<T>,
}

impl Pipeline {
    pub(crate) fn new(
        transport: &Arc<Transport>,
        sessions: &Arc<Sessions>,
        deadline: Duration,
    ) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(PipelineTask::new(transport, waiting).run());
        let room = Arc::new(Semaphore::new(ROOM));
        Self { sessions: sessions.clone(), deadline, room, queue }
    }

    /// Writes a key. As all of these, it waits while 1,024 operations are without a result.
    pub async fn put(
        &mut self,
        key: impl Into<Bytes>,
        value: impl Into<Bytes>,
    ) -> Reply<PutResponse> {
        let (key, value) = (key.into(), value.into());
        self.send_put(PutRequest { key, value, ..PutRequest::default() }).await
    }

    /// Reads a key; `kv` is absent if there is none.
    pub async fn get(&mut self, key: impl Into<Bytes>) -> Reply<GetResponse> {
        self.send_get(GetRequest { key: key.into(), ..GetRequest::default() }).await
    }

    /// Deletes a key.
    pub async fn delete(&mut self, key: impl Into<Bytes>) -> Reply<DeleteResponse> {
        let target = Some(Target::Key(key.into()));
        self.send_delete(DeleteRequest { target, ..DeleteRequest::default() }).await
    }

    /// Has any Put executed; its stamp is overwritten.
    pub async fn send_put(&mut self, request: PutRequest) -> Reply<PutResponse> {
        self.mutate(request).await
    }

    /// Has any Get executed.
    pub async fn send_get(&mut self, request: GetRequest) -> Reply<GetResponse> {
        self.send(request, Ok(None), Instant::now()).await
    }

    /// Has any Delete executed; its stamp is overwritten.
    pub async fn send_delete(&mut self, request: DeleteRequest) -> Reply<DeleteResponse> {
        self.mutate(request).await
    }

    /// Has a List executed.
    pub async fn send_list(&mut self, request: ListRequest) -> Reply<ListResponse> {
        self.send(request, Ok(None), Instant::now()).await
    }

    /// Has a Txn executed; its stamp is overwritten.
    pub async fn send_txn(&mut self, request: TxnRequest) -> Reply<TxnResponse> {
        self.mutate(request).await
    }

    async fn mutate<M: Mutation + Pipelined>(&mut self, mut request: M) -> Reply<M::Response> {
        let began = Instant::now();
        let ticket = self.sessions.ticket(began + self.deadline).await;
        if let Ok(ticket) = &ticket {
            request.set_stamp(ticket.stamp());
        }
        let ticket = ticket.map(Some).map_err(|end| end.of_mutation(M::NAME));
        self.send(request, ticket, began).await
    }

    async fn send<C: Pipelined>(
        &mut self,
        request: C,
        ticket: Result<Option<Ticket>, Error>,
        began: Instant,
    ) -> Reply<C::Response> {
        let (reply, done) = oneshot::channel();
        let (call, until) = (C::NAME, began + self.deadline);
        match ticket {
            Ok(ticket) => {
                let room = self.room.clone().acquire_owned().await;
                let room = room.expect("the semaphore is never closed");
                let operation = request.operation();
                // Without a task to take it, the reply says so.
                let _ = self.queue.send(PendingOp::new(
                    call,
                    operation,
                    ticket,
                    reply,
                    (began, until),
                    room,
                ));
            }
            // The receiver of the reply has gone: that is impossible here.
            Err(error) => drop(reply.send(Err(error))),
        }
        Reply { call, done, response: C::response }
    }
}

impl<T> Future for Reply<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let unknown =
            |call, detail: &str| Error::OutcomeUnknown { call, detail: detail.to_owned() };
        Pin::new(&mut self.done).poll(context).map(|done| match done {
            Ok(Ok(Done { header, result })) => (self.response)(header, result)
                .ok_or_else(|| unknown(self.call, "the result is of another kind")),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(unknown(self.call, "the runtime of the pipeline ended")),
        })
    }
}
