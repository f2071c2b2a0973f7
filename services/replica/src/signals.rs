//! SIGTERM and SIGINT: the first one asks the replica to leave in order, the second one ends the
//! process at once. SIGHUP, which tools that rotate logs send and a terminal that is closed, ends nothing.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::error::ServeError;
use crate::logging::flush_logging;

/// What the shell would report for an interrupted process.
const INTERRUPTED: i32 = 130;

/// Starts to listen; a message arrives with the first signal.
pub(crate) fn listen() -> Result<mpsc::Receiver<()>, ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(ServeError::Signals)?;
    let (leave, asked) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut first = true;
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hang_up.recv() => {
                    tracing::info!("SIGHUP: there is nothing to read again or to reopen");
                    continue;
                }
            }
            if !std::mem::take(&mut first) {
                tracing::warn!("asked again: this process ends at once");
                flush_logging();
                std::process::exit(INTERRUPTED);
            }
            let _ = leave.try_send(());
        }
    });
    Ok(asked)
}
