//! What is done to processes.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{Result, World};
use crate::torture::fault::Whom;

impl World {
    /// SIGKILL. The keeper starts the process again, as a supervisor would.
    pub(super) fn kill(&self, whom: Whom) -> Result {
        self.signal(whom, Signal::KILL)
    }

    /// SIGTERM: the replica leaves in order, and is started again.
    pub(super) fn leave(&self, whom: Whom) -> Result {
        self.signal(whom, Signal::TERM)
    }

    /// SIGSTOP, then SIGCONT.
    pub(super) async fn pause(&self, whom: Whom, lasts: Duration) -> Result {
        let numbers = self.numbers(whom);
        let mut stopped = Vec::new();
        for number in &numbers {
            let pid = self.pair.signal(*number, Signal::STOP).map_err(|gone| gone.to_string())?;
            stopped.push((*number, pid));
        }
        tokio::time::sleep(lasts).await;
        for (number, pid) in stopped {
            // If it was killed meanwhile, the process of that number is another's.
            if self.pair.pid(number) == Some(pid)
                && let Some(process) = Pid::from_raw(pid.cast_signed())
            {
                let _ = kill_process(process, Signal::CONT);
            }
        }
        Ok(self.names(&numbers))
    }

    /// A handover by order.
    pub(super) async fn hand_over(&self) -> Result {
        match self.pair.hand_over().await {
            Ok(()) => Ok(String::new()),
            Err(refused) => Err(refused.to_string()),
        }
    }

    fn signal(&self, whom: Whom, signal: Signal) -> Result {
        let numbers = self.numbers(whom);
        for number in &numbers {
            self.pair.signal(*number, signal).map_err(|gone| gone.to_string())?;
        }
        Ok(self.names(&numbers))
    }
}
