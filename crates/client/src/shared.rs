//! What all clones of a client share.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use tokio::time::timeout_at;
use tonic::metadata::{Ascii, MetadataValue};
use understudy_proto::kv::v1::ResponseHeader;

use crate::call::Call;
use crate::failure::Failure;
use crate::farewells::Farewells;
use crate::finder::Finder;
use crate::line::{Connection, Line};
use crate::lines::Lines;
use crate::sessions::Sessions;
use crate::{Endpoints, Options};

/// Request metadata that names the cluster a client means.
const CLUSTER_ID: &str = "understudy-cluster-id";
/// The metadata that says: tell me where the primary is, do not lead me on to it.
const FOLLOWS: &str = "understudy-follows";

/// What all clones of a client share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub options: Options,
    pub finder: Finder,
    pub sessions: Sessions,
    pub farewells: Farewells,
    lines: Lines,
    /// The cluster that answered first: from then on no other may.
    cluster: OnceLock<MetadataValue<Ascii>>,
    /// Of the answer that came last.
    latest: Mutex<Option<ResponseHeader>>,
}

impl Shared {
    pub fn new(endpoints: &Endpoints, options: Options) -> Self {
        Self {
            finder: Finder::new(endpoints, options.attempt_timeout),
            options,
            sessions: Sessions::default(),
            farewells: Farewells::default(),
            lines: Lines::default(),
            cluster: OnceLock::new(),
            latest: Mutex::default(),
        }
    }

    /// Asks the replica at `address` once, for its own sake: whichever cluster it is of.
    pub async fn ask<C: Call>(
        &self,
        request: &C,
        address: &Arc<str>,
        until: Instant,
    ) -> Result<C::Response, Failure> {
        let line = self.lines.to(address, self.options.connections);
        let connection = self.connect(&line, until).await?;
        send(&line, &connection, tonic::Request::new(request.clone()), until).await
    }

    /// One try at the replica at `address`, which must be of our cluster. A connection is not
    /// waited for any longer when another replica is found to be the primary, or when it takes so
    /// long that another replica should be asked meanwhile.
    pub async fn attempt<C: Call>(
        &self,
        request: &C,
        address: &Arc<str>,
        until: Instant,
    ) -> Result<C::Response, Failure> {
        let mut request = tonic::Request::new(request.clone());
        request.metadata_mut().insert(FOLLOWS, MetadataValue::from_static("1"));
        if let Some(cluster) = self.cluster.get() {
            request.metadata_mut().insert(CLUSTER_ID, cluster.clone());
        }
        let line = self.lines.to(address, self.options.connections);
        let connection = tokio::select! {
            connection = self.connect(&line, until.min(self.patience())) => connection?,
            () = self.finder.elsewhere(address) => {
                return Err(Failure::not_connected("another replica is the primary", false));
            }
        };
        let answer = send::<C>(&line, &connection, request, until).await;
        let answer = answer.and_then(|response| {
            C::header(&response).map_or(Ok(()), |header| self.bind(header))?;
            Ok(response)
        });
        if answer.as_ref().is_err_and(Failure::is_of_another_cluster) {
            // The name may lead elsewhere by now.
            line.discard(&connection);
        }
        answer
    }

    /// Binds this client to the cluster of its first answer. Of several that come at once from different
    /// clusters only one counts.
    pub fn bind(&self, header: &ResponseHeader) -> Result<(), Failure> {
        let Some(theirs) = cluster_of(header) else { return Ok(()) };
        let ours = self.cluster.get_or_init(|| theirs.clone());
        if *ours == theirs {
            *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(header.clone());
            return Ok(());
        }
        let text = |id: &MetadataValue<Ascii>| id.to_str().unwrap_or_default().to_owned();
        Err(Failure::Foreign { theirs: text(&theirs), ours: text(ours) })
    }

    /// The header of the answer that came last.
    pub fn latest(&self) -> Option<ResponseHeader> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Until when one operation waits for a connection. To be made it has longer.
    fn patience(&self) -> Instant {
        Instant::now() + self.options.connect_timeout / 5
    }

    async fn connect(&self, line: &Line, until: Instant) -> Result<Connection, Failure> {
        let began = Instant::now();
        let connecting = timeout_at(until.into(), line.connection(&self.options)).await;
        connecting.unwrap_or_else(|_| {
            let detail = format!("no connection within {:.1?}", began.elapsed());
            Err(Failure::not_connected(detail, false))
        })
    }
}

async fn send<C: Call>(
    line: &Line,
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
                line.discard(connection);
            }
            Err(failure)
        }
        Err(_) => Err(Failure::TimedOut(began.elapsed())),
    }
}

/// The metadata that names the cluster of `header`; none for a replica without a cluster.
fn cluster_of(header: &ResponseHeader) -> Option<MetadataValue<Ascii>> {
    let id: [u8; 16] = header.cluster_id.as_ref().try_into().ok()?;
    let id = u128::from_be_bytes(id);
    if id == 0 { None } else { format!("{id:032x}").parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::unwrap_used)]
    fn of_first_answers_from_two_clusters_one_counts() {
        let shared = Shared::new(&"a:1".parse().unwrap(), Options::default());
        let of = |cluster: u128| {
            let cluster_id = cluster.to_be_bytes().to_vec().into();
            ResponseHeader { cluster_id, ..ResponseHeader::default() }
        };
        shared.bind(&ResponseHeader::default()).unwrap();
        shared.bind(&of(0)).unwrap();
        shared.bind(&of(1)).unwrap();
        let foreign = shared.bind(&of(2)).unwrap_err();
        assert!(foreign.is_of_another_cluster(), "{foreign}");
        shared.bind(&of(1)).unwrap();
    }
}
