//! What is done to processes.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{FaultInjector, Result};
use crate::torture::fault::Whom;

impl FaultInjector {
    /// SIGKILL. The process is started again, as a supervisor would.
    pub(super) fn kill(&self, whom: Whom) -> Result {
        self.signal(whom, Signal::KILL)
    }

    /// SIGTERM: the replica leaves in order, and is started again.
    pub(super) fn leave(&self, whom: Whom) -> Result {
        self.signal(whom, Signal::TERM)
    }

    /// SIGSTOP, then SIGCONT.
    pub(super) async fn pause(&self, whom: Whom, lasts: Duration) -> Result {
        let stopped = self.signalled(whom, Signal::STOP)?;
        tokio::time::sleep(lasts).await;
        for &(number, pid) in &stopped {
            // If it was killed meanwhile, the process of that number is another's.
            if self.pair.pid(number) == Some(pid)
                && let Some(process) = Pid::from_raw(pid.cast_signed())
            {
                let _ = kill_process(process, Signal::CONT);
            }
        }
        Ok(self.names_of(&stopped))
    }

    /// A handover by order.
    pub(super) async fn hand_over(&self) -> Result {
        match self.pair.hand_over().await {
            Ok(()) => Ok(String::new()),
            Err(refused) => Err(refused.to_string()),
        }
    }

    fn signal(&self, whom: Whom, signal: Signal) -> Result {
        Ok(self.names_of(&self.signalled(whom, signal)?))
    }

    /// Sends a signal to those of them that have a process: number and process of each, one at
    /// least.
    fn signalled(
        &self,
        whom: Whom,
        signal: Signal,
    ) -> std::result::Result<Vec<(usize, u32)>, String> {
        let mut hit = Vec::new();
        let mut gone = String::from("there is nobody");
        for number in self.numbers(whom) {
            match self.pair.signal(number, signal) {
                Ok(pid) => hit.push((number, pid)),
                Err(failure) => gone = failure.to_string(),
            }
        }
        if hit.is_empty() { Err(gone) } else { Ok(hit) }
    }

    fn names_of(&self, hit: &[(usize, u32)]) -> String {
        self.names(&hit.iter().map(|(number, _)| *number).collect::<Vec<_>>())
    }
}
