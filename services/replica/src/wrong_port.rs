//! The answer to a client that comes to a port that is not for clients.

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::response::IntoResponse;
use tonic::Status;

use crate::refusal::Refusal;

/// Metadata of the answer: `host:port` of the port for clients.
const CLIENTS_AT: &str = "understudy-clients-at";

/// Answers gRPC calls that this port does not serve with where clients are served; all else is not found.
pub(crate) fn answer(port: &str, clients: &str, request: &HeaderMap) -> Response<Body> {
    let kind = request.get(header::CONTENT_TYPE).map(|kind| kind.as_bytes());
    if !kind.is_some_and(|kind| kind.starts_with(b"application/grpc")) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let message = format!("this is the port for {port}: clients are served at {clients}");
    let mut status = Status::from(Refusal::unimplemented(message));
    // An address is printable; one that is not stays in the message.
    if let Ok(clients) = clients.parse() {
        status.metadata_mut().insert(CLIENTS_AT, clients);
    }
    status.into_http()
}
