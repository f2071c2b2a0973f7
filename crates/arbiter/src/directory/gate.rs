//! One blocking operation at a time, each with a limit of time.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// Lets one operation at a time through. One that hangs (a network mount whose server is away) keeps
/// the gate closed until it really ends, so that two never overlap.
pub struct Gate {
    turn: Arc<Semaphore>,
    patience: Duration,
}

/// Why an operation has no outcome. It may still be under way.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Stuck {
    #[error("no answer within {0:?}: is its file system reachable?")]
    Silent(Duration),
    #[error("the operation could not be run: {0}")]
    Broken(String),
}

impl Stuck {
    pub fn at(&self, dir: &Path) -> String {
        format!("register in {}: {self}", dir.display())
    }
}

impl Gate {
    pub fn new(patience: Duration) -> Gate {
        Gate { turn: Arc::new(Semaphore::new(1)), patience }
    }

    /// Runs `work` when it is its turn. Waiting for the turn counts as well.
    pub async fn pass<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Stuck> {
        let passing = async {
            let turn = self.turn.clone().acquire_owned().await;
            let turn = turn.map_err(|closed| Stuck::Broken(closed.to_string()))?;
            let (done, outcome) = oneshot::channel();
            // A thread of its own: one of the runtime's would keep the process from exiting for as
            // long as it hangs.
            thread::Builder::new()
                .name("register".into())
                .spawn(move || {
                    let result = work();
                    drop(turn);
                    // Nobody may be waiting any more.
                    let _ = done.send(result);
                })
                .map_err(|error| Stuck::Broken(error.to_string()))?;
            outcome.await.map_err(|_| Stuck::Broken("it panicked".into()))
        };
        timeout(self.patience, passing).await.unwrap_or(Err(Stuck::Silent(self.patience)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn nothing_passes_while_an_operation_hangs() {
        let gate = Gate::new(Duration::from_millis(20));
        let (release, hung) = mpsc::channel::<()>();
        let silent = Err(Stuck::Silent(gate.patience));
        assert_eq!(gate.pass(move || hung.recv().unwrap()).await, silent);
        let (ran, runs) = mpsc::channel();
        let second = ran.clone();
        assert_eq!(gate.pass(move || second.send(()).unwrap()).await, silent);
        assert!(runs.try_recv().is_err(), "it ran beside the other, or will later");

        release.send(()).unwrap();
        // The turn is back as soon as the operation has ended.
        drop(gate.turn.acquire().await.unwrap());
        let patient = Gate { patience: Duration::from_secs(60), ..gate };
        assert_eq!(patient.pass(|| 7).await, Ok(7));
        drop(ran);
        assert!(runs.recv().is_err(), "what was given up before its turn never runs");
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_and_the_next_passes() {
        let gate = Gate::new(Duration::from_secs(60));
        let broken = gate.pass(|| panic!("on purpose")).await;
        assert_eq!(broken, Err::<(), _>(Stuck::Broken("it panicked".into())));
        assert_eq!(gate.pass(|| 7).await, Ok(7));
    }
}
