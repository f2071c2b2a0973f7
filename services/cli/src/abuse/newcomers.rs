//! Clients that come from another address one after the other: each opens a session, writes and takes a lease.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use understudy_client::{Client, Endpoints, Error, Options};

/// Where they come from: everything that begins with 127 is this machine.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(50);
/// How long one may take for each of its operations: how long an honest client waits is judged elsewhere.
const PATIENCE: Duration = Duration::from_secs(10);

/// They come, until they are stopped.
pub struct Newcomers {
    stop: CancellationToken,
    task: JoinHandle<Served>,
}

/// How many were served, and what those were told who were refused.
#[derive(Default)]
pub struct Served {
    pub count: u64,
    pub refused: Vec<String>,
}

impl Newcomers {
    pub fn start(endpoints: Endpoints) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(come(endpoints, stop.clone()));
        Newcomers { stop, task }
    }

    /// Ends it; `None` if it cannot be known.
    pub async fn stop(self) -> Option<Served> {
        self.stop.cancel();
        self.task.await.ok()
    }
}

async fn come(endpoints: Endpoints, stop: CancellationToken) -> Served {
    let mut served = Served::default();
    while !stop.is_cancelled() {
        let options = Options::default().local_address(ADDRESS).deadline(PATIENCE);
        let client = Client::new(&endpoints, options);
        match work(&client).await {
            Ok(()) => served.count += 1,
            Err(error @ Error::Rejected(_)) => served.refused.push(error.to_string()),
            Err(_) => {}
        }
        client.close().await;
        tokio::time::sleep(PAUSE).await;
    }
    served
}

async fn work(client: &Client) -> Result<(), Error> {
    client.put("newcomer", "x").await?;
    let lease = client.grant_lease(Duration::from_secs(3600), 0).await?;
    client.revoke_lease(lease.lease_id).await.map(|_| ())
}
