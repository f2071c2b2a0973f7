//! How a request becomes a command or a read, and what comes of it a response: said once for each RPC, and used by its
//! service, by the operations of a stream and by the fuzzer.

use prost::Message;
use tonic::{Request, Response, Status};
use understudy_machine::{self as machine, Command};
use understudy_proto::kv::v1::ResponseHeader;

use super::admission::{Admission, Admitted};
use super::in_session::MayNameSession;
use super::{Answer, RequestKind};
use crate::refusal::Refusal;

/// What the machine made of a command.
pub(crate) type Executed = (ResponseHeader, machine::Response);

/// A request that is executed through the log.
pub trait LoggedRpc: Message + Default {
    /// What it is answered with.
    type Response: Message;
    /// What of the request its response depends on.
    type Form: Send + 'static;

    fn command(self) -> Result<(Command, Self::Form), Refusal>;

    fn response(form: Self::Form, executed: Executed) -> Result<Self::Response, Refusal>;
}

/// A request that is one question to the loop.
pub(crate) trait Rpc: Message + MayNameSession {
    type Response;
    type Form: Send;

    fn request(self, call: &Admitted) -> Result<(RequestKind, Self::Form), Refusal>;

    fn response(
        form: Self::Form,
        call: &Admitted,
        header: ResponseHeader,
        answer: Answer,
    ) -> impl Future<Output = Result<Self::Response, Refusal>> + Send;
}

impl<R: LoggedRpc + MayNameSession> Rpc for R {
    type Response = R::Response;
    type Form = R::Form;

    fn request(self, call: &Admitted) -> Result<(RequestKind, R::Form), Refusal> {
        let (command, form) = self.command()?;
        Ok((call.executed(command), form))
    }

    async fn response(
        form: R::Form,
        call: &Admitted,
        header: ResponseHeader,
        answer: Answer,
    ) -> Result<R::Response, Refusal> {
        match answer {
            Answer::Executed(response) => R::response(form, (header, call.within_share(response)?)),
            _ => Err(Refusal::mismatch()),
        }
    }
}

impl Admission {
    /// Serves a client's request.
    pub async fn serve<R: Rpc>(
        &self,
        request: Request<R>,
    ) -> Result<Response<R::Response>, Status> {
        let (call, request) = self.enter(request)?;
        Ok(Response::new(call.serve(request).await?))
    }
}

impl Admitted {
    /// Serves a request of this call.
    pub async fn serve<R: Rpc>(&self, request: R) -> Result<R::Response, Refusal> {
        let (kind, form) = request.request(self)?;
        let (header, answer) = self.ask(kind).await?;
        <R as Rpc>::response(form, self, header, answer).await
    }
}
