//! `SessionService`.

use tonic::{Request, Response, Status};
use understudy_machine::{
    CloseSession, Command, FailureCode, KeepSession, OpenSession, Outcome, WINDOW,
};
use understudy_proto::kv::v1::session_service_server::SessionService;
use understudy_proto::kv::v1::{
    CloseSessionRequest, CloseSessionResponse, KeepSessionAliveRequest, KeepSessionAliveResponse,
    OpenSessionRequest, OpenSessionResponse,
};

use super::admission::Admission;
use super::limits;
use super::rpc::{Executed, LoggedRpc};
use crate::refusal::Refusal;

/// Sessions.
pub(crate) struct Sessions {
    pub admission: Admission,
}

#[tonic::async_trait]
impl SessionService for Sessions {
    async fn open_session(
        &self,
        request: Request<OpenSessionRequest>,
    ) -> Result<Response<OpenSessionResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn keep_session_alive(
        &self,
        request: Request<KeepSessionAliveRequest>,
    ) -> Result<Response<KeepSessionAliveResponse>, Status> {
        self.admission.serve(request).await
    }

    async fn close_session(
        &self,
        request: Request<CloseSessionRequest>,
    ) -> Result<Response<CloseSessionResponse>, Status> {
        self.admission.serve(request).await
    }
}

impl LoggedRpc for OpenSessionRequest {
    type Response = OpenSessionResponse;
    type Form = ();

    fn command(self) -> Result<(Command, ()), Refusal> {
        // How long it may be is the quota's to say, where it is executed.
        let OpenSessionRequest { ttl_ms } = self;
        limits::ttl(ttl_ms, 0, i64::MAX)?;
        Ok((
            Command::new(OpenSession { ttl: ttl_ms.unsigned_abs().saturating_mul(limits::MS) }),
            (),
        ))
    }

    fn response((): (), (header, response): Executed) -> Result<OpenSessionResponse, Refusal> {
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
            other => Err(Refusal::of_outcome(other)),
        }
    }
}

impl LoggedRpc for KeepSessionAliveRequest {
    type Response = KeepSessionAliveResponse;
    type Form = ();

    fn command(self) -> Result<(Command, ()), Refusal> {
        Ok((Command::new(KeepSession { session: self.session_id }), ()))
    }

    fn response((): (), (header, response): Executed) -> Result<KeepSessionAliveResponse, Refusal> {
        match response.result {
            Some(Outcome::SessionKept(kept)) => Ok(KeepSessionAliveResponse {
                header: Some(header),
                ttl_ms: limits::in_ms(kept.ttl),
            }),
            other => Err(Refusal::of_outcome(other)),
        }
    }
}

impl LoggedRpc for CloseSessionRequest {
    type Response = CloseSessionResponse;
    type Form = ();

    fn command(self) -> Result<(Command, ()), Refusal> {
        Ok((Command::new(CloseSession { session: self.session_id }), ()))
    }

    fn response((): (), (header, response): Executed) -> Result<CloseSessionResponse, Refusal> {
        match response.result {
            Some(Outcome::SessionClosed(_)) => {}
            // Gone is gone.
            Some(Outcome::Failure(failure)) if failure.code() == FailureCode::SessionExpired => {}
            other => return Err(Refusal::of_outcome(other)),
        }
        Ok(CloseSessionResponse { header: Some(header) })
    }
}
