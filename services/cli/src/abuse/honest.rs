//! A client that does nothing wrong: one Put each 5 ms.

use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use understudy_client::Client;

/// Between two Puts.
const PAUSE: Duration = Duration::from_millis(5);

/// The client, at work.
pub struct Honest {
    stop: CancellationToken,
    task: JoinHandle<Waited>,
}

/// How long its Puts took, microseconds, in ascending order, and how many failed.
pub struct Waited {
    micros: Vec<u64>,
    pub refused: u64,
}

impl Honest {
    pub fn start(client: Client) -> Self {
        let stop = CancellationToken::new();
        Honest { task: tokio::spawn(work(client, stop.clone())), stop }
    }

    /// Ends it; `None` if it cannot be known.
    pub async fn stop(self) -> Option<Waited> {
        self.stop.cancel();
        self.task.await.ok()
    }
}

/// Each Put is sent when it is due, however long the others take.
async fn work(client: Client, stop: CancellationToken) -> Waited {
    let mut puts = JoinSet::new();
    let mut due = interval(PAUSE);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while !stop.is_cancelled() {
        let due = due.tick().await;
        let client = client.clone();
        puts.spawn(async move {
            let done = client.put("honest", "x").await;
            (due.elapsed(), done.is_err())
        });
    }
    let mut waited = Waited { micros: Vec::new(), refused: 0 };
    while let Some(put) = puts.join_next().await {
        let Ok((time, refused)) = put else { continue };
        waited.micros.push(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        waited.refused += u64::from(refused);
    }
    waited.micros.sort_unstable();
    waited
}

impl Waited {
    /// What a share of the Puts did not wait longer than, milliseconds.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let last = self.micros.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.micros.get(at).map_or(0.0, |micros| *micros as f64 / 1000.0)
    }
}
