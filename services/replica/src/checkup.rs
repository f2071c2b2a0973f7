//! Asks periodically what the next transition will need: that a register which cannot be read or
//! written, or a right that was taken away, is seen before a failover depends on it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prometheus::IntGauge;
use tokio::sync::watch;
use understudy_arbiter::Arbiter;

/// Between two rounds while all is well.
const PERIOD: Duration = Duration::from_secs(20);
/// Before a round that failed is repeated; it doubles up to [`LONGEST`].
const AGAIN: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(60);
/// Rounds in a row that must fail: one may have met a moment's trouble.
const FAILURES: u32 = 2;
/// What stays as it is, is said again in the log after this long.
const REMIND: Duration = Duration::from_secs(600);

/// One thing to ask, in bounded time; what is in the way, on one line.
pub(crate) type Check =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// Where it is told: what would keep this replica from taking over, empty if nothing is known.
#[derive(Clone)]
pub(crate) struct Outlook {
    warning: watch::Sender<String>,
    blocked: IntGauge,
}

impl Outlook {
    pub fn new(warning: watch::Sender<String>, blocked: IntGauge) -> Self {
        Outlook { warning, blocked }
    }

    fn tell(&self, warning: String) {
        self.blocked.set((!warning.is_empty()).into());
        self.warning.send_if_modified(|told| {
            let changed = *told != warning;
            *told = warning;
            changed
        });
    }
}

/// Asks the register and whatever else the options need, until it is dropped.
pub(crate) async fn run(
    arbiter: Arc<dyn Arbiter>,
    checks: Vec<Check>,
    outlook: Outlook,
    name: String,
) {
    let mut log = Log { name, said: None };
    let mut failures = 0;
    loop {
        tokio::time::sleep(pause(failures)).await;
        match ask(&*arbiter, &checks).await {
            Ok(()) => {
                failures = 0;
                log.well();
                outlook.tell(String::new());
            }
            Err(why) => {
                failures = (failures + 1).min(u32::from(u16::MAX));
                if failures >= FAILURES {
                    log.blocked(&why, Instant::now());
                    outlook.tell(why);
                }
            }
        }
    }
}

async fn ask(arbiter: &dyn Arbiter, checks: &[Check]) -> Result<(), String> {
    arbiter.check().await?;
    for check in checks {
        check().await?;
    }
    Ok(())
}

/// All is well until something else is found: the first round comes as late as any.
fn pause(failures: u32) -> Duration {
    match failures {
        0 => PERIOD,
        n => (AGAIN * 2u32.pow((n - 1).min(16))).min(LONGEST),
    }
}

struct Log {
    name: String,
    said: Option<(String, Instant)>,
}

impl Log {
    fn blocked(&mut self, why: &str, now: Instant) {
        if self.said.as_ref().is_some_and(|(said, at)| said == why && now < *at + REMIND) {
            return;
        }
        tracing::warn!(replica = %self.name, "a failover to this replica would fail now: {why}");
        self.said = Some((why.to_owned(), now));
    }

    fn well(&mut self) {
        if self.said.take().is_some() {
            tracing::info!(replica = %self.name, "a failover to this replica is possible again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_that_fail_are_repeated_ever_later() {
        let pauses: Vec<_> = (0..8).map(|n| pause(n).as_secs()).collect();
        assert_eq!(pauses, [20, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pause(u32::MAX), LONGEST);
    }
}
