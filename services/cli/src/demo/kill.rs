//! One kill of the primary.

use std::time::Instant;

use rustix::process::Signal;

use crate::failure::Failure;
use crate::pair::Pair;

/// One kill of the primary.
#[derive(Clone, Debug)]
pub struct Kill {
    /// When, nanoseconds on the history's clock.
    pub at: u64,
    /// Who.
    pub replica: &'static str,
    /// Which process.
    pub pid: u32,
}

impl Kill {
    /// Kills the process of this replica with -9.
    ///
    /// # Errors
    /// When there is none.
    pub fn inject(pair: &Pair, number: usize, clock: Instant) -> Result<Kill, Failure> {
        let replica = pair.plan.replicas[number].name;
        let at = clock.elapsed().as_nanos() as u64;
        let pid = pair.signal(number, Signal::KILL)?;
        Ok(Kill { at, replica, pid })
    }
}
