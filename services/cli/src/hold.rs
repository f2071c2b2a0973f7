//! `understudy hold`: keeps a pod up while nothing serves in it.

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;
use crate::print;

/// Does nothing until SIGTERM.
///
/// In place of `serve` it keeps a pod and its data directory, so that `understudy recover` can be run
/// there (`kubectl exec`) while no replica has the directory open.
#[derive(Debug, Args)]
pub struct Hold {}

impl Hold {
    pub async fn run(self) -> Result<(), Failure> {
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::new)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::new)?;
        let _hang_up = signal(SignalKind::hangup()).map_err(Failure::new)?;
        print::line("holding: nothing is served here until SIGTERM");
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    }
}
