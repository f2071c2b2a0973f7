//! `AdminService`.

use prost::Message;
use tokio::sync::Mutex;
use tonic::{Request, Response, Status};
use understudy_machine::{Command, Compact, Outcome};
use understudy_proto::admin::v1 as proto;
use understudy_proto::admin::v1::admin_service_server::AdminService;
use understudy_proto::kv::v1::{ErrorReason, ResponseHeader};
use understudy_protocol::{Settings, is_name};

use super::admission::{Admission, Admitted};
use super::in_session::MayNameSession;
use super::owned;
use super::rpc::{Executed, LoggedRpc};
use super::status::{self, StatusSource};
use super::{Answer, Read, RequestKind, limits, quota, settings};
use crate::refusal::Refusal;

/// The operators' service.
pub(crate) struct Admin {
    pub admission: Admission,
    pub source: StatusSource,
    /// How many other replicas are configured.
    pub others: usize,
    /// Held while settings are changed: each change rests on those that were answered before it.
    pub changing: Mutex<()>,
}

impl Admin {
    /// Lets an operator's call in.
    fn enter<M: Message + MayNameSession>(
        &self,
        request: Request<M>,
    ) -> Result<(Admitted, M), Refusal> {
        let (call, request) = self.admission.enter(request)?;
        Ok((call.of_operator(), request))
    }

    async fn settings(call: &Admitted) -> Result<(ResponseHeader, Settings), Refusal> {
        match call.read(Read::Settings, false).await? {
            (header, Answer::Settings(settings)) => Ok((header, settings)),
            _ => Err(Refusal::mismatch()),
        }
    }

    async fn quota(
        call: &Admitted,
    ) -> Result<(ResponseHeader, proto::Quota, proto::Usage), Refusal> {
        match call.read(Read::Quota, false).await? {
            (header, Answer::Quota(quota, usage)) => {
                let usage = status::usage(&usage);
                Ok((header, quota::response(&quota), usage))
            }
            _ => Err(Refusal::mismatch()),
        }
    }
}

#[tonic::async_trait]
impl AdminService for Admin {
    async fn status(
        &self,
        request: Request<proto::StatusRequest>,
    ) -> Result<Response<proto::StatusResponse>, Status> {
        let (call, _) = self.enter(request)?;
        match call.ask(RequestKind::Status).await? {
            (header, Answer::Status(view)) => {
                Ok(Response::new(self.source.response(header, &view)))
            }
            _ => Err(Refusal::mismatch().into()),
        }
    }

    async fn hand_over(
        &self,
        request: Request<proto::HandOverRequest>,
    ) -> Result<Response<proto::HandOverResponse>, Status> {
        let (call, request) = self.enter(request)?;
        let to = successor(request)?;
        match call.ask(RequestKind::HandOver(to)).await? {
            (header, Answer::HandedOver(primary)) => Ok(Response::new(proto::HandOverResponse {
                header: Some(header),
                primary: primary.as_ref().map(status::member),
            })),
            _ => Err(Refusal::mismatch().into()),
        }
    }

    async fn get_settings(
        &self,
        request: Request<proto::GetSettingsRequest>,
    ) -> Result<Response<proto::GetSettingsResponse>, Status> {
        let (call, _) = self.enter(request)?;
        let (header, settings) = Self::settings(&call).await?;
        let settings = Some(settings::response(&settings));
        Ok(Response::new(proto::GetSettingsResponse { header: Some(header), settings }))
    }

    async fn update_settings(
        &self,
        request: Request<proto::UpdateSettingsRequest>,
    ) -> Result<Response<proto::UpdateSettingsResponse>, Status> {
        let (call, request) = self.enter(request)?;
        let change = request.settings.unwrap_or_default();
        settings::check_known(&change)?;
        let _changing = self.changing.lock().await;
        let (_, settings) = Self::settings(&call).await?;
        let settings = settings::changed(settings, &change)?;
        settings::possible(&change, self.others)?;
        match call.ask(RequestKind::Settings(settings)).await? {
            (header, Answer::Settings(settings)) => {
                let settings = Some(settings::response(&settings));
                Ok(Response::new(proto::UpdateSettingsResponse { header: Some(header), settings }))
            }
            _ => Err(Refusal::mismatch().into()),
        }
    }

    async fn get_quota(
        &self,
        request: Request<proto::GetQuotaRequest>,
    ) -> Result<Response<proto::GetQuotaResponse>, Status> {
        let (call, _) = self.enter(request)?;
        let (header, quota, usage) = Self::quota(&call).await?;
        let (quota, usage) = (Some(quota), Some(usage));
        Ok(Response::new(proto::GetQuotaResponse { header: Some(header), quota, usage }))
    }

    async fn update_quota(
        &self,
        request: Request<proto::UpdateQuotaRequest>,
    ) -> Result<Response<proto::UpdateQuotaResponse>, Status> {
        let (call, request) = self.enter(request)?;
        call.serve(request).await?;
        // It is changed, whatever becomes of the reading.
        let unread = |_| Refusal::outcome_unknown("the quota is changed and could not be read");
        let (header, quota, usage) = Self::quota(&call).await.map_err(unread)?;
        let (quota, usage) = (Some(quota), Some(usage));
        Ok(Response::new(proto::UpdateQuotaResponse { header: Some(header), quota, usage }))
    }

    async fn list_sessions(
        &self,
        request: Request<proto::ListSessionsRequest>,
    ) -> Result<Response<proto::ListSessionsResponse>, Status> {
        let (call, request) = self.enter(request)?;
        Ok(Response::new(owned::sessions(&call, request).await?))
    }

    async fn list_owners(
        &self,
        request: Request<proto::ListOwnersRequest>,
    ) -> Result<Response<proto::ListOwnersResponse>, Status> {
        let (call, request) = self.enter(request)?;
        Ok(Response::new(owned::owners(&call, request).await?))
    }

    async fn compact(
        &self,
        request: Request<proto::CompactRequest>,
    ) -> Result<Response<proto::CompactResponse>, Status> {
        let (call, request) = self.enter(request)?;
        Ok(Response::new(call.serve(request).await?))
    }
}

/// The backup that shall take over, if one is named.
pub(super) fn successor(request: proto::HandOverRequest) -> Result<Option<String>, Refusal> {
    let to = request.to;
    if !to.is_empty() && !is_name(&to) {
        // It would be repeated in messages, which are short and of one line.
        let message = format!(
            "to is not a name that a replica can have ({} bytes): look at Status",
            to.len()
        );
        return Err(Refusal::new(ErrorReason::InvalidName, message).with("field", "to"));
    }
    Ok((!to.is_empty()).then_some(to))
}

impl LoggedRpc for proto::CompactRequest {
    type Response = proto::CompactResponse;
    type Form = ();

    fn command(self) -> Result<(Command, ()), Refusal> {
        let revision = self.revision;
        limits::at_least("revision", revision, 1)?;
        Ok((Command::new(Compact { revision }), ()))
    }

    fn response((): (), (header, response): Executed) -> Result<proto::CompactResponse, Refusal> {
        match response.result {
            Some(Outcome::Compacted(_)) => Ok(proto::CompactResponse { header: Some(header) }),
            other => Err(Refusal::of_outcome(other)),
        }
    }
}
