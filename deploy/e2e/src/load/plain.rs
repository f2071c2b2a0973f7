//! A client that knows one address and no hints: what a plain gRPC client does in any language.
//!
//! One connection, one session. A try that gets no answer within a second, or gets anything but an
//! answer, costs the connection: behind a Service only a new one may lead to another pod. It is
//! repeated with the same stamp.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use understudy_client::Rejection;
use understudy_client::proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_client::proto::kv::v1::session_service_client::SessionServiceClient;
use understudy_client::proto::kv::v1::{
    DeleteRequest, DeleteResponse, GetRequest, GetResponse, OpenSessionRequest,
    OpenSessionResponse, PutRequest, PutResponse, RequestStamp, ResponseHeader, TxnRequest,
    TxnResponse,
};
use understudy_history::Outcome;
use understudy_load::{KvClient, refused};

/// How long an operation may take with all its tries.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long one try may take.
const TRY: Duration = Duration::from_secs(1);
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_millis(250);
/// Pause after a try without an answer.
const PAUSE: Duration = Duration::from_millis(50);

/// A client that knows one address.
pub struct Plain {
    endpoint: Endpoint,
    channel: Option<Channel>,
    /// The cluster of the first answer, 32 hex digits.
    cluster: Option<MetadataValue<Ascii>>,
    session: Option<u64>,
    sequence: u64,
}

/// Why there is no answer.
enum Lack {
    /// Definitely not executed, and no repetition would be; what the history says of it.
    Refused(Outcome),
    /// The session is gone.
    NoSession,
    /// The deadline came.
    Late,
}

impl Plain {
    /// A client of the cluster at `address`, `host:port`.
    ///
    /// # Errors
    /// When that is not a valid address.
    pub fn new(address: &str) -> Result<Self, tonic::transport::Error> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
        Ok(Plain { endpoint, channel: None, cluster: None, session: None, sequence: 0 })
    }

    async fn read<C: Call>(&mut self, request: C) -> Result<C::Response, Outcome> {
        self.repeat(&request, Instant::now() + DEADLINE).await.map_err(|lack| match lack {
            Lack::Refused(outcome) => outcome,
            Lack::NoSession | Lack::Late => Outcome::Failed,
        })
    }

    /// Has a change executed once, with a stamp of the session.
    async fn change<C: Change>(&mut self, mut request: C) -> Result<C::Response, Outcome> {
        let deadline = Instant::now() + DEADLINE;
        let session_id = self.open(deadline).await.ok_or(Outcome::Failed)?;
        self.sequence += 1;
        let sequence = self.sequence;
        // One operation at a time: the answers to all before it are here, or given up.
        request.set_stamp(RequestStamp { session_id, sequence, received_below: sequence });
        self.repeat(&request, deadline).await.map_err(|lack| match lack {
            Lack::Refused(outcome) => outcome,
            Lack::NoSession => {
                self.session = None;
                Outcome::Unknown
            }
            Lack::Late => Outcome::Unknown,
        })
    }

    /// The session, opened if there is none.
    async fn open(&mut self, deadline: Instant) -> Option<u64> {
        if self.session.is_none() {
            let opened = self.repeat(&OpenSessionRequest::default(), deadline).await.ok()?;
            self.session = Some(opened.session_id);
            self.sequence = 0;
        }
        self.session
    }

    async fn repeat<C: Call>(
        &mut self,
        request: &C,
        deadline: Instant,
    ) -> Result<C::Response, Lack> {
        while Instant::now() < deadline {
            let limit = deadline.min(Instant::now() + TRY);
            if let Some(channel) = self.connection().await {
                let mut request = Request::new(request.clone());
                if let Some(cluster) = &self.cluster {
                    request.metadata_mut().insert("understudy-cluster-id", cluster.clone());
                }
                match timeout_at(limit, C::send(request, channel)).await {
                    Ok(Ok(response)) => {
                        self.cluster =
                            self.cluster.take().or_else(|| cluster_of(C::header(&response)?));
                        return Ok(response);
                    }
                    Ok(Err(status)) => match status.code() {
                        Code::NotFound | Code::FailedPrecondition => return Err(Lack::NoSession),
                        Code::InvalidArgument | Code::OutOfRange | Code::Unimplemented => {
                            return Err(Lack::Refused(refused(&Rejection::new(&status))));
                        }
                        _ => {}
                    },
                    Err(_) => {}
                }
            }
            self.channel = None;
            sleep(PAUSE).await;
        }
        Err(Lack::Late)
    }

    async fn connection(&mut self) -> Option<Channel> {
        if self.channel.is_none() {
            let connected = timeout(CONNECT, self.endpoint.connect()).await;
            self.channel = connected.ok().and_then(Result::ok);
        }
        self.channel.clone()
    }
}

/// The metadata that names the cluster of `header`.
fn cluster_of(header: &ResponseHeader) -> Option<MetadataValue<Ascii>> {
    let digits = header.cluster_id.iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<String>().parse().ok()
}

/// A request that knows how it is sent.
trait Call: Clone + Send + Sync + Sized {
    type Response: Send;

    fn send(
        request: Request<Self>,
        channel: Channel,
    ) -> impl Future<Output = Result<Self::Response, Status>> + Send;

    fn header(response: &Self::Response) -> Option<&ResponseHeader>;
}

/// One that changes something.
trait Change: Call {
    fn set_stamp(&mut self, stamp: RequestStamp);
}

macro_rules! call {
    ($request:ident, $client:ident.$method:ident, $response:ident $(, $stamp:ident)?) => {
        impl Call for $request {
            type Response = $response;

            async fn send(request: Request<Self>, channel: Channel) -> Result<$response, Status> {
                Ok($client::new(channel).$method(request).await?.into_inner())
            }

            fn header(response: &$response) -> Option<&ResponseHeader> {
                response.header.as_ref()
            }
        }

        $(impl Change for $request {
            fn set_stamp(&mut self, stamp: RequestStamp) {
                self.$stamp = Some(stamp);
            }
        })?
    };
}

call!(OpenSessionRequest, SessionServiceClient.open_session, OpenSessionResponse);
call!(GetRequest, KeyValueServiceClient.get, GetResponse);
call!(PutRequest, KeyValueServiceClient.put, PutResponse, stamp);
call!(DeleteRequest, KeyValueServiceClient.delete, DeleteResponse, stamp);
call!(TxnRequest, KeyValueServiceClient.txn, TxnResponse, stamp);

impl KvClient for Plain {
    async fn get(&mut self, request: GetRequest) -> Result<GetResponse, Outcome> {
        self.read(request).await
    }

    async fn put(&mut self, request: PutRequest) -> Result<PutResponse, Outcome> {
        self.change(request).await
    }

    async fn delete(&mut self, request: DeleteRequest) -> Result<DeleteResponse, Outcome> {
        self.change(request).await
    }

    async fn txn(&mut self, request: TxnRequest) -> Result<TxnResponse, Outcome> {
        self.change(request).await
    }
}
