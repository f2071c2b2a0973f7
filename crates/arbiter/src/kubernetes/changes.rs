//! The changes of one object, over as many watches as it takes.

use std::time::{Duration, Instant};

use super::object::Place;
use super::refusal::Refusal;
use super::server::ApiServer;
use super::watch::{Change, Watch};

/// The first pause after a watch that failed; it doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Watches that end at once, in order, are not opened faster than this.
const BETWEEN: Duration = Duration::from_secs(1);

/// Opens one watch after the other, with pauses that grow while that fails.
#[derive(Default)]
pub struct Changes {
    open: Option<Watch>,
    /// Watches in a row that brought nothing.
    failures: u32,
    opened: Option<Instant>,
    /// The last complaint in the log.
    told: String,
}

impl Changes {
    /// The next change, however long it takes; with every new watch the object as it is counts as
    /// one. Dropping the future loses none.
    pub async fn next(&mut self, api: &ApiServer, place: &Place) -> Change {
        loop {
            let Some(watch) = &mut self.open else {
                self.open(api, place).await;
                continue;
            };
            match watch.next().await {
                Ok(change) => {
                    self.failures = 0;
                    return change;
                }
                Err(why) => {
                    self.open = None;
                    if !why.is_empty() {
                        self.failures = self.failures.saturating_add(1);
                    }
                }
            }
        }
    }

    async fn open(&mut self, api: &ApiServer, place: &Place) {
        let again = self.opened.map_or(Duration::ZERO, |at| BETWEEN.saturating_sub(at.elapsed()));
        tokio::time::sleep(again.max(pause(self.failures))).await;
        self.opened = Some(Instant::now());
        match api.watch(place).await {
            Ok(watch) => self.open = Some(watch),
            Err(refusal) => {
                self.failures = self.failures.saturating_add(1);
                // That the API server is away is reported by those that ask for the object itself.
                if let Refusal::Forbidden(why) = refusal
                    && why != self.told
                {
                    tracing::warn!("changes of {place} are noticed late: {why}");
                    self.told = why;
                }
            }
        }
    }
}

fn pause(failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        n => (PAUSE * 2u32.pow((n - 1).min(10))).min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound() {
        let pauses: Vec<_> = (0..8).map(|n| pause(n).as_millis()).collect();
        assert_eq!(pauses, [0, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
