//! What must come to pass once everything is healed.

use std::time::{Duration, Instant};

use understudy_client::proto::kv::v1::list_request::Target;
use understudy_client::proto::kv::v1::{ListLeasesRequest, ListRequest};
use understudy_client::{Client, Error};

use super::Keys;

/// How long the lock may stay taken, and a lease outlive its holder: the longest lease is given 2.5 s.
const PATIENCE: Duration = Duration::from_secs(10);
const TTL: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(100);

/// The lock can be taken, and nothing is left of those who held it; `alone`: all leases were theirs.
///
/// # Errors
/// A sentence, when that takes too long.
pub async fn settle(client: &Client, keys: &Keys, alone: bool) -> Result<(), String> {
    let begin = Instant::now();
    let lock = loop {
        let left = PATIENCE.saturating_sub(begin.elapsed());
        match client.lock(keys.lock.clone()).value("settled").ttl(TTL).wait(left).await {
            // On a machine with too much to do a place is not renewed in time: another one is as good.
            Err(Error::LockLost { .. }) if !left.is_zero() => {}
            taken => break taken,
        }
    };
    let lock = lock.map_err(|error| format!("the lock cannot be taken at the end: {error}"))?;
    let _ = lock.release().await;
    let begin = Instant::now();
    loop {
        let left = left(client, keys, alone).await.map_err(|error| error.to_string())?;
        let Some(left) = left else { return Ok(()) };
        if begin.elapsed() > PATIENCE {
            return Err(format!("{left} is left {PATIENCE:?} after its holder's end"));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Takes away what was written, where nothing may stay.
pub async fn remove(client: &Client, keys: &Keys) {
    // A key that stays does no harm.
    let _ = client.delete(keys.guarded.clone()).await;
}

/// Something that should be gone.
async fn left(client: &Client, keys: &Keys, alone: bool) -> Result<Option<String>, Error> {
    let target = Some(Target::Prefix(format!("{}/", keys.lock).into()));
    let line = client.list(ListRequest { target, ..ListRequest::default() }).await?;
    if let Some(kv) = line.kvs.first() {
        return Ok(Some(format!("key {}", String::from_utf8_lossy(&kv.key))));
    }
    if !alone {
        return Ok(None);
    }
    let leases = client.list_leases(ListLeasesRequest::default()).await?.leases;
    Ok(leases.first().map(|lease| format!("lease {}", lease.lease_id)))
}
