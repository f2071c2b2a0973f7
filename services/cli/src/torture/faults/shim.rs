//! What is done to disks and clocks.

use std::time::Duration;

use super::{FaultInjector, Result};
use crate::torture::fault::Whom;
use crate::torture::shim::Word;

impl FaultInjector {
    /// No room but for this many bytes.
    pub(super) async fn fill_disk(&self, whom: Whom, room: u32, lasts: Duration) -> Result {
        for number in self.numbers(whom) {
            self.shims[number].set(Word::Room, room.into())?;
        }
        self.tell(whom, (Word::Full, 1), (Word::Refused, "writes refused"), lasts).await
    }

    /// Each sync takes longer.
    pub(super) async fn slow_syncs(&self, whom: Whom, ms: u32, lasts: Duration) -> Result {
        self.tell(whom, (Word::SyncDelay, ms.into()), (Word::Slowed, "syncs slowed"), lasts).await
    }

    /// Each sync fails.
    pub(super) async fn fail_syncs(&self, whom: Whom, lasts: Duration) -> Result {
        self.tell(whom, (Word::SyncFails, 1), (Word::Failed, "syncs failed"), lasts).await
    }

    /// The wall clock is wrong.
    pub(super) async fn skew_clock(&self, whom: Whom, seconds: i64, lasts: Duration) -> Result {
        let looks = (Word::Misled, "looks at it");
        self.tell(whom, (Word::ClockSeconds, seconds), looks, lasts).await
    }

    /// Tells the libraries something, takes it back, and tells how often it was felt.
    async fn tell(
        &self,
        whom: Whom,
        (word, value): (Word, i64),
        (counter, felt): (Word, &str),
        lasts: Duration,
    ) -> Result {
        let numbers = self.numbers(whom);
        let count = || -> std::result::Result<i64, String> {
            numbers.iter().map(|number| self.shims[*number].get(counter)).sum()
        };
        let before = count()?;
        for number in &numbers {
            self.shims[*number].set(word, value)?;
        }
        tokio::time::sleep(lasts).await;
        for number in &numbers {
            self.shims[*number].set(word, 0)?;
        }
        Ok(format!("{}, {} {felt}", self.names(&numbers), count()? - before))
    }
}
