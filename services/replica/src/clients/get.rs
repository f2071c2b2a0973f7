//! `KeyValueService.Get`.

use understudy_machine::KeyValue;
use understudy_proto::kv::v1::{
    ErrorReason, GetRequest, GetResponse, ReadConsistency, ResponseHeader,
};

use super::admission::Admitted;
use super::rpc::Rpc;
use super::{Answer, Read, RequestKind, limits, txn};
use crate::refusal::Refusal;

impl Rpc for GetRequest {
    type Response = GetResponse;
    type Form = ();

    fn request(self, _: &Admitted) -> Result<(RequestKind, ()), Refusal> {
        Ok((request(self)?, ()))
    }

    async fn response(
        (): (),
        _: &Admitted,
        header: ResponseHeader,
        answer: Answer,
    ) -> Result<GetResponse, Refusal> {
        match answer {
            Answer::Key(kv) => Ok(response(header, kv)),
            _ => Err(Refusal::mismatch()),
        }
    }
}

pub(crate) fn request(request: GetRequest) -> Result<RequestKind, Refusal> {
    limits::key(&request.key)?;
    limits::at_least("revision", request.revision, 0)?;
    let stale = is_stale(request.consistency)?;
    Ok(RequestKind::read(Read::Key(request.key, request.revision), stale))
}

pub(crate) fn response(header: ResponseHeader, kv: Option<KeyValue>) -> GetResponse {
    GetResponse { header: Some(header), kv: kv.map(txn::key_value) }
}

/// Whether a stale answer will do.
pub(crate) fn is_stale(consistency: i32) -> Result<bool, Refusal> {
    match ReadConsistency::try_from(consistency) {
        Ok(ReadConsistency::Unspecified | ReadConsistency::Linearizable) => Ok(false),
        Ok(ReadConsistency::Stale) => Ok(true),
        Err(_) => Err(limits::missing(ErrorReason::InvalidField, "consistency")),
    }
}
