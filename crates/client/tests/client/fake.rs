//! A scripted replica on a real socket.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use tokio::runtime::{Builder, Runtime};
use tonic::Status;
use tonic::metadata::MetadataMap;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use understudy_client::proto::admin::v1::StatusResponse;
use understudy_client::proto::admin::v1::admin_service_server::AdminServiceServer;
use understudy_client::proto::kv::v1::key_value_service_server::KeyValueServiceServer;
use understudy_client::proto::kv::v1::session_service_server::SessionServiceServer;
use understudy_client::proto::kv::v1::watch_service_server::WatchServiceServer;

use crate::model::Model;
use crate::reply::Reply;
use crate::services::Services;
use crate::streams::Streams;
use crate::watching::Watched;

/// A scripted replica. Dropping it breaks its connections as kill -9 does.
pub struct Fake {
    pub address: String,
    pub script: Arc<Script>,
    pub watched: Watched,
    runtime: Option<Runtime>,
}

/// What it does: first `next`, one for each request, then `always`.
pub struct Script {
    next: Mutex<VecDeque<Reply>>,
    always: Mutex<Reply>,
    status: Mutex<StatusResponse>,
    /// `understudy-cluster-id` of each request.
    clusters: Mutex<Vec<Option<String>>>,
    /// Window of the sessions that it opens.
    pub window: u32,
    pub model: Model,
    pub streams: Streams,
}

impl Fake {
    pub fn start(model: &Model, always: Reply) -> Self {
        Self::with_window(model, always, 1024)
    }

    pub fn with_window(model: &Model, always: Reply, window: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let script = Arc::new(Script {
            next: Mutex::default(),
            always: Mutex::new(always),
            status: Mutex::default(),
            clusters: Mutex::default(),
            window,
            model: model.clone(),
            streams: Streams::default(),
        });
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let services = Services(script.clone());
        let watched = Watched::default();
        let watches = WatchServiceServer::new(watched.clone());
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            Server::builder()
                .add_service(KeyValueServiceServer::new(services.clone()))
                .add_service(SessionServiceServer::new(services.clone()))
                .add_service(AdminServiceServer::new(services))
                .add_service(watches)
                .serve_with_incoming(TcpIncoming::from(listener))
                .await
                .unwrap();
        });
        Self { address, script, watched, runtime: Some(runtime) }
    }

    /// Appends to what it does with the next requests.
    pub fn next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.next.lock().unwrap().extend(replies);
    }

    pub fn always(&self, reply: Reply) {
        *self.script.always.lock().unwrap() = reply;
    }

    pub fn set_status(&self, status: StatusResponse) {
        *self.script.status.lock().unwrap() = status;
    }

    pub fn clusters(&self) -> Vec<Option<String>> {
        self.script.clusters.lock().unwrap().clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Script {
    /// Does with one request what is next in the script.
    pub async fn play<T>(
        &self,
        metadata: &MetadataMap,
        execute: impl FnOnce() -> T,
    ) -> Result<T, Status> {
        let cluster = metadata.get("understudy-cluster-id");
        let cluster = cluster.map(|id| id.to_str().unwrap().to_owned());
        self.clusters.lock().unwrap().push(cluster);
        let next = self.next.lock().unwrap().pop_front();
        let reply = next.unwrap_or_else(|| self.always.lock().unwrap().clone());
        match reply {
            Reply::Execute => Ok(execute()),
            Reply::ExecuteWhen(told) => {
                told.notified().await;
                Ok(execute())
            }
            Reply::ExecuteThen(status) => {
                execute();
                Err(status)
            }
            Reply::ExecuteThenHang => {
                execute();
                std::future::pending().await
            }
            Reply::Hang => std::future::pending().await,
            Reply::Fail(status) => Err(status),
        }
    }

    pub fn status(&self) -> StatusResponse {
        self.status.lock().unwrap().clone()
    }
}
