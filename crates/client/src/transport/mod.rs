//! Sending requests: to which replica, over which connection, and again until an answer comes.

mod cluster;
mod finder;
mod pool;
pub(crate) mod retry;

use std::sync::Arc;
use std::time::Instant;

use tokio::time::timeout_at;
use tonic::metadata::MetadataValue;
use understudy_proto::kv::v1::ResponseHeader;

use crate::call::Call;
use crate::failure::Failure;
use crate::{Endpoints, Options};
use cluster::Cluster;
use finder::Finder;
use pool::{Connection, Pool, Pools};

/// The metadata that says: tell me where the primary is, do not lead me on to it.
const FOLLOWS: &str = "understudy-follows";

/// How all clones of a client reach the replicas.
#[derive(Debug)]
pub(crate) struct Transport {
    options: Options,
    /// Where the primary is: told by [`retry`], which sees every answer, and by streams for what they see.
    finder: Finder,
    /// A connection that is broken, or leads to another cluster, is not used for another request.
    pools: Pools,
    /// Every answer but those to [`Transport::request_from`] passes it before anyone uses it.
    cluster: Cluster,
}

impl Transport {
    pub fn new(endpoints: &Endpoints, options: Options) -> Self {
        Self {
            finder: Finder::new(endpoints, options.attempt_timeout),
            options,
            pools: Pools::default(),
            cluster: Cluster::default(),
        }
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    pub fn finder(&self) -> &Finder {
        &self.finder
    }

    /// The header of the answer that came last.
    pub fn latest(&self) -> Option<ResponseHeader> {
        self.cluster.latest()
    }

    /// An answer came on a stream from the replica at `address`: it is the primary, if it is of our cluster.
    pub fn answered(&self, address: &Arc<str>, header: &ResponseHeader) -> Result<(), Failure> {
        self.cluster.bind(header)?;
        self.finder.confirm(address, header.epoch);
        Ok(())
    }

    /// One request to the replica at `address`, for its own sake: whichever cluster it is of.
    pub async fn request_from<C: Call>(
        &self,
        address: &Arc<str>,
        request: &C,
        until: Instant,
    ) -> Result<C::Response, Failure> {
        let pool = self.pools.to(address, self.options.connections);
        let connection = self.connect(&pool, until).await?;
        send(&pool, &connection, tonic::Request::new(request.clone()), until).await
    }

    /// One try at the replica at `address`, which must be of our cluster. A connection is not
    /// waited for any longer when another replica is found to be the primary, or when it takes so
    /// long that another replica should be asked meanwhile.
    async fn attempt<C: Call>(
        &self,
        request: &C,
        address: &Arc<str>,
        until: Instant,
    ) -> Result<C::Response, Failure> {
        let mut request = tonic::Request::new(request.clone());
        request.metadata_mut().insert(FOLLOWS, MetadataValue::from_static("1"));
        self.cluster.name(request.metadata_mut());
        let pool = self.pools.to(address, self.options.connections);
        let connection = tokio::select! {
            connection = self.connect(&pool, until.min(self.patience())) => connection?,
            () = self.finder.elsewhere(address) => {
                return Err(Failure::not_connected("another replica is the primary", false));
            }
        };
        let answer = send::<C>(&pool, &connection, request, until).await;
        let answer = answer.and_then(|response| {
            C::header(&response).map_or(Ok(()), |header| self.cluster.bind(header))?;
            Ok(response)
        });
        if answer.as_ref().is_err_and(Failure::is_of_another_cluster) {
            // The name may lead elsewhere by now.
            pool.discard(&connection);
        }
        answer
    }

    /// Until when one operation waits for a connection. To be made it has longer.
    fn patience(&self) -> Instant {
        Instant::now() + self.options.connect_timeout / 5
    }

    async fn connect(&self, pool: &Pool, until: Instant) -> Result<Connection, Failure> {
        let began = Instant::now();
        let connecting = timeout_at(until.into(), pool.connection(&self.options)).await;
        connecting.unwrap_or_else(|_| {
            let detail = format!("no connection within {:.1?}", began.elapsed());
            Err(Failure::not_connected(detail, false))
        })
    }
}

async fn send<C: Call>(
    pool: &Pool,
    connection: &Connection,
    request: tonic::Request<C>,
    until: Instant,
) -> Result<C::Response, Failure> {
    let began = Instant::now();
    let answer = timeout_at(until.into(), C::send(connection.channel.clone(), request)).await;
    match answer {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(status)) => {
            let failure = Failure::from_status(&status);
            if matches!(failure, Failure::Broken(_)) {
                pool.discard(connection);
            }
            Err(failure)
        }
        Err(_) => Err(Failure::TimedOut(began.elapsed())),
    }
}
