//! SIGTERM and SIGINT: the first one asks the replica to leave in order, the second one ends the
//! process at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::error::ServeError;

/// What the shell would report for an interrupted process.
const INTERRUPTED: i32 = 130;

/// Starts to listen; a message arrives with the first signal.
pub(crate) fn listen() -> Result<mpsc::Receiver<()>, ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    let (leave, asked) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut first = true;
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if !std::mem::take(&mut first) {
                tracing::warn!("asked again: this process ends at once");
                std::process::exit(INTERRUPTED);
            }
            let _ = leave.try_send(());
        }
    });
    Ok(asked)
}
