//! `SessionService`.

use tonic::{Request, Response, Status};
use understudy_machine::{
    CloseSession, Command, FailureCode, KeepSession, OpenSession, Outcome, WINDOW,
};
use understudy_proto::kv::v1::session_service_server::SessionService;
use understudy_proto::kv::v1::{
    CloseSessionRequest, CloseSessionResponse, KeepSessionAliveRequest, KeepSessionAliveResponse,
    OpenSessionRequest, OpenSessionResponse, ResponseHeader,
};

use super::gate::{self, Gate};
use super::{Refusal, limits};

const MS: u64 = 1_000_000;
/// A session's time to live where the client asks for none, milliseconds.
const DEFAULT_TTL: i64 = 300_000;
/// The least and the most it may ask for, milliseconds.
const TTL: (i64, i64) = (1_000, 86_400_000);

/// Sessions, through the gate.
pub(crate) struct Sessions {
    pub gate: Gate,
}

impl Sessions {
    async fn execute(&self, command: Command) -> Result<(ResponseHeader, Outcome), Refusal> {
        let (header, response) = self.gate.execute(command).await?;
        match response.result {
            Some(Outcome::Failure(failure)) => Err(Refusal::failed(&failure)),
            Some(outcome) => Ok((header, outcome)),
            None => Err(gate::mismatch()),
        }
    }
}

#[tonic::async_trait]
impl SessionService for Sessions {
    async fn open_session(
        &self,
        request: Request<OpenSessionRequest>,
    ) -> Result<Response<OpenSessionResponse>, Status> {
        let OpenSessionRequest { ttl_ms } = self.gate.enter(request)?;
        let ttl_ms = if ttl_ms == 0 { DEFAULT_TTL } else { ttl_ms };
        limits::ttl(ttl_ms, TTL.0, TTL.1)?;
        let command = Command::new(OpenSession { ttl: ttl_ms.unsigned_abs() * MS });
        match self.execute(command).await? {
            (header, Outcome::SessionOpened(opened)) => Ok(Response::new(OpenSessionResponse {
                header: Some(header),
                session_id: opened.session,
                ttl_ms: in_ms(opened.ttl),
                window: u32::try_from(WINDOW).unwrap_or(u32::MAX),
            })),
            _ => Err(gate::mismatch().into()),
        }
    }

    async fn keep_session_alive(
        &self,
        request: Request<KeepSessionAliveRequest>,
    ) -> Result<Response<KeepSessionAliveResponse>, Status> {
        let KeepSessionAliveRequest { session_id } = self.gate.enter(request)?;
        match self.execute(Command::new(KeepSession { session: session_id })).await? {
            (header, Outcome::SessionKept(kept)) => Ok(Response::new(KeepSessionAliveResponse {
                header: Some(header),
                ttl_ms: in_ms(kept.ttl),
            })),
            _ => Err(gate::mismatch().into()),
        }
    }

    async fn close_session(
        &self,
        request: Request<CloseSessionRequest>,
    ) -> Result<Response<CloseSessionResponse>, Status> {
        let CloseSessionRequest { session_id } = self.gate.enter(request)?;
        let command = Command::new(CloseSession { session: session_id });
        let (header, response) = self.gate.execute(command).await?;
        match response.result {
            Some(Outcome::SessionClosed(_)) => {}
            // Gone is gone.
            Some(Outcome::Failure(failure)) if failure.code() == FailureCode::SessionExpired => {}
            Some(Outcome::Failure(failure)) => return Err(Refusal::failed(&failure).into()),
            _ => return Err(gate::mismatch().into()),
        }
        Ok(Response::new(CloseSessionResponse { header: Some(header) }))
    }
}

fn in_ms(ns: u64) -> i64 {
    i64::try_from(ns / MS).unwrap_or(i64::MAX)
}
