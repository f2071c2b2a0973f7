//! Calls that nobody repeats: what one replica itself says.

use std::time::Duration;

use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use understudy_client::proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_client::proto::kv::v1::{GetRequest, GetResponse, PutRequest, PutResponse};

/// A connection to one replica.
pub struct Raw(KeyValueServiceClient<Channel>);

impl Raw {
    pub async fn connect(address: &str) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        // Longer than a loaded machine takes for 200 MB: only a call that hangs ends by it.
        let endpoint = endpoint.timeout(Duration::from_secs(120));
        Raw(KeyValueServiceClient::new(endpoint.connect().await.unwrap()))
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
