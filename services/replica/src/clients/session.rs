//! `SessionService`.

use tonic::{Request, Response, Status};
use understudy_machine::{
    self as machine, CloseSession, Command, FailureCode, KeepSession, OpenSession, Outcome, WINDOW,
};
use understudy_proto::kv::v1::session_service_server::SessionService;
use understudy_proto::kv::v1::{
    CloseSessionRequest, CloseSessionResponse, KeepSessionAliveRequest, KeepSessionAliveResponse,
    OpenSessionRequest, OpenSessionResponse, ResponseHeader,
};

use super::gate::{self, Gate};
use super::{Refusal, limits};

/// Sessions, through the gate.
pub(crate) struct Sessions {
    pub gate: Gate,
}

#[tonic::async_trait]
impl SessionService for Sessions {
    async fn open_session(
        &self,
        request: Request<OpenSessionRequest>,
    ) -> Result<Response<OpenSessionResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let command = open(request)?;
        let (header, response) = call.execute(command).await?;
        Ok(Response::new(opened(header, response)?))
    }

    async fn keep_session_alive(
        &self,
        request: Request<KeepSessionAliveRequest>,
    ) -> Result<Response<KeepSessionAliveResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let command = keep(request);
        let (header, response) = call.execute(command).await?;
        Ok(Response::new(kept(header, response)?))
    }

    async fn close_session(
        &self,
        request: Request<CloseSessionRequest>,
    ) -> Result<Response<CloseSessionResponse>, Status> {
        let (call, request) = self.gate.enter(request)?;
        let command = close(request);
        let (header, response) = call.execute(command).await?;
        Ok(Response::new(closed(header, response)?))
    }
}

pub(crate) fn open(request: OpenSessionRequest) -> Result<Command, Refusal> {
    // How long it may be is the quota's to say, where it is executed.
    let OpenSessionRequest { ttl_ms } = request;
    limits::ttl(ttl_ms, 0, i64::MAX)?;
    Ok(Command::new(OpenSession { ttl: ttl_ms.unsigned_abs().saturating_mul(limits::MS) }))
}

pub(crate) fn opened(
    header: ResponseHeader,
    response: machine::Response,
) -> Result<OpenSessionResponse, Refusal> {
    match response.result {
        Some(Outcome::SessionOpened(opened)) => Ok(OpenSessionResponse {
            header: Some(header),
            session_id: opened.session,
            ttl_ms: limits::in_ms(opened.ttl),
            window: u32::try_from(WINDOW).unwrap_or(u32::MAX),
        }),
        Some(Outcome::Failure(failure)) if failure.code() == FailureCode::OutOfBounds => {
            Err(Refusal::ttl(&failure))
        }
        other => Err(gate::refused(other)),
    }
}

pub(crate) fn keep(request: KeepSessionAliveRequest) -> Command {
    Command::new(KeepSession { session: request.session_id })
}

pub(crate) fn kept(
    header: ResponseHeader,
    response: machine::Response,
) -> Result<KeepSessionAliveResponse, Refusal> {
    match response.result {
        Some(Outcome::SessionKept(kept)) => {
            Ok(KeepSessionAliveResponse { header: Some(header), ttl_ms: limits::in_ms(kept.ttl) })
        }
        other => Err(gate::refused(other)),
    }
}

pub(crate) fn close(request: CloseSessionRequest) -> Command {
    Command::new(CloseSession { session: request.session_id })
}

pub(crate) fn closed(
    header: ResponseHeader,
    response: machine::Response,
) -> Result<CloseSessionResponse, Refusal> {
    match response.result {
        Some(Outcome::SessionClosed(_)) => {}
        // Gone is gone.
        Some(Outcome::Failure(failure)) if failure.code() == FailureCode::SessionExpired => {}
        other => return Err(gate::refused(other)),
    }
    Ok(CloseSessionResponse { header: Some(header) })
}
