//! Work that takes long is done outside the loop, a few pieces at once; the rest waits in line, each connection with
//! one piece.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::connections::Account;
use crate::refusal::Refusal;

/// Pieces of work under way.
const AT_ONCE: usize = 2;
/// Pieces that may wait, of all connections.
const WAITING: usize = 4096;

/// Who does it.
#[derive(Clone)]
pub(crate) struct LongWork {
    turns: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for LongWork {
    fn default() -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        LongWork { turns: semaphore(AT_ONCE), waiting: semaphore(WAITING) }
    }
}

impl LongWork {
    /// Does a connection's work in its turn.
    pub async fn run<T: Send + 'static>(
        &self,
        account: &Account,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let over = || Refusal::outcome_unknown("this replica's life ended");
        let waiting = self.waiting.clone().try_acquire_owned();
        let _waiting = waiting.map_err(|_| Refusal::overloaded())?;
        let own = account.long_work().await.ok_or_else(over)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| over())?;
        // As many threads as there are turns, no more.
        let done = tokio::task::spawn_blocking(move || {
            // The caller may be gone: the turn is over when the work is.
            let _turns = (own, turn);
            work()
        });
        done.await.map_err(|_| over())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::connections::Budget;

    #[tokio::test]
    async fn a_connection_with_much_work_keeps_no_other_one_waiting() {
        let (work, budget) = (LongWork::default(), Budget::new("clients", usize::MAX, 1 << 20));
        let (busy, other) = (budget.open(), budget.open());
        let piece = || std::thread::sleep(Duration::from_millis(100));
        let all: Vec<_> = (0..20)
            .map(|_| {
                let (work, busy) = (work.clone(), busy.clone());
                tokio::spawn(async move { work.run(&busy, piece).await.unwrap() })
            })
            .collect();
        tokio::task::yield_now().await;
        work.run(&other, || ()).await.unwrap();
        assert!(!all.iter().any(|piece| piece.is_finished()), "it waited for others");
        all.iter().for_each(|piece| piece.abort());
    }
}
