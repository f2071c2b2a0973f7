//! Calls that nobody repeats: what one replica itself says.

use std::time::Duration;

use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use understudy_client::proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_client::proto::kv::v1::session_service_client::SessionServiceClient;
use understudy_client::proto::kv::v1::{
    GetRequest, GetResponse, OpenSessionRequest, PutRequest, PutResponse, RequestStamp,
};

/// A connection to one replica.
pub struct Raw(KeyValueServiceClient<Channel>);

/// A session, and the cluster that it is of, in hex digits.
pub struct Session {
    id: u64,
    cluster: String,
}

impl Session {
    pub async fn open(address: &str) -> Self {
        let mut client = SessionServiceClient::connect(format!("http://{address}")).await.unwrap();
        let opened = client.open_session(OpenSessionRequest { ttl_ms: 60_000 }).await.unwrap();
        let opened = opened.into_inner();
        let cluster = opened.header.unwrap().cluster_id;
        let cluster = cluster.iter().map(|byte| format!("{byte:02x}")).collect();
        Session { id: opened.session_id, cluster }
    }
}

impl Raw {
    pub async fn connect(address: &str) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        // Longer than a loaded machine takes for 200 MB: only a call that hangs ends by it.
        let endpoint = endpoint.timeout(Duration::from_secs(120));
        Raw(KeyValueServiceClient::new(endpoint.connect().await.unwrap()))
    }

    /// Sends a Put of a session as a client does that got no answer.
    pub async fn put_again(
        &self,
        session: &Session,
        sequence: u64,
        (key, value): (&str, &str),
    ) -> Result<PutResponse, Status> {
        let (session_id, received_below) = (session.id, 1);
        let stamp = Some(RequestStamp { session_id, sequence, received_below });
        let (key, value) = (key.to_owned().into(), value.to_owned().into());
        let mut request = Request::new(PutRequest { stamp, key, value, ..PutRequest::default() });
        let cluster = session.cluster.parse().unwrap();
        request.metadata_mut().insert("understudy-cluster-id", cluster);
        Ok(self.0.clone().put(request).await?.into_inner())
    }

    pub async fn get(&self, key: &str) -> Result<GetResponse, Status> {
        let request = GetRequest { key: key.to_owned().into(), ..GetRequest::default() };
        Ok(self.0.clone().get(request).await?.into_inner())
    }

    pub async fn put(&self, key: &str, value: &str) -> Result<PutResponse, Status> {
        let (key, value) = (key.to_owned().into(), value.to_owned().into());
        let request = PutRequest { key, value, ..PutRequest::default() };
        Ok(self.0.clone().put(request).await?.into_inner())
    }
}
