//! Clients as anyone could generate them.

use std::time::{Duration, Instant};

use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;
use understudy_proto::admin::v1::admin_service_client::AdminServiceClient;
use understudy_proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_proto::kv::v1::session_service_client::SessionServiceClient;
use understudy_proto::kv::v1::{GetRequest, PutRequest, ResponseHeader};

use super::cluster::PATIENCE;

type Connected<T> = Result<T, tonic::transport::Error>;

async fn channel(address: &str) -> Connected<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    endpoint.connect_timeout(PATIENCE).connect().await
}

pub async fn key_values(address: &str) -> Connected<KeyValueServiceClient<Channel>> {
    let client = KeyValueServiceClient::new(channel(address).await?);
    Ok(client.max_encoding_message_size(usize::MAX))
}

pub async fn session(address: &str) -> Connected<SessionServiceClient<Channel>> {
    Ok(SessionServiceClient::new(channel(address).await?))
}

pub async fn admin(address: &str) -> Connected<AdminServiceClient<Channel>> {
    Ok(AdminServiceClient::new(channel(address).await?))
}

/// A request to the cluster that an answer's header names, and to no other.
pub fn to_cluster<T>(header: &ResponseHeader, request: T) -> Request<T> {
    let id: String = header.cluster_id.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut request = Request::new(request);
    request.metadata_mut().insert("understudy-cluster-id", id.parse().unwrap());
    request
}

/// The reason of a failure, and its metadata `name=value`, sorted.
pub fn reason(status: &Status) -> (String, Vec<String>) {
    let Some(info) = status.get_details_error_info() else { return Default::default() };
    assert_eq!(info.domain, "understudy");
    let mut metadata: Vec<String> =
        info.metadata.iter().map(|(name, value)| format!("{name}={value}")).collect();
    metadata.sort();
    (info.reason, metadata)
}

/// A failure has this code, reason and metadata, and one line for people.
#[track_caller]
pub fn check(status: Status, code: Code, wanted: &str, metadata: &[&str]) {
    let (reason, found) = reason(&status);
    assert_eq!((status.code(), &reason[..]), (code, wanted), "{status:?}");
    assert_eq!(found, metadata, "{status:?}");
    assert!(!status.message().is_empty() && !status.message().contains('\n'), "{status:?}");
}

/// Waits for something to become true.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub fn put(key: &str, value: &str) -> PutRequest {
    PutRequest {
        key: key.to_string().into(),
        value: value.to_string().into(),
        ..PutRequest::default()
    }
}

pub fn get(key: &str) -> GetRequest {
    GetRequest { key: key.to_string().into(), ..GetRequest::default() }
}
