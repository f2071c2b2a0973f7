//! What asks the process for something while it waits for a lock, or holds it.

use std::io;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};
use tokio::sync::mpsc;

/// Those that a command may wait for. Any other ends the process, and with it the command.
pub const PASSED_ON: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];
/// This many may wait; a further one is as good as those.
const WAITING: usize = 64;

/// Signals, from when this is made, so that none falls between waiting for a lock and holding it.
pub struct Signals(mpsc::Receiver<Origin>);

impl Signals {
    pub fn new() -> io::Result<Self> {
        let mut signals = SignalsInfo::<WithOrigin>::new(PASSED_ON)?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new().name("signals".to_owned());
        thread.spawn(move || {
            for origin in signals.forever() {
                let _ = sender.try_send(origin);
            }
        })?;
        Ok(Signals(receiver))
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Origin {
        match self.0.recv().await {
            Some(origin) => origin,
            // The thread lasts as long as the process.
            None => std::future::pending().await,
        }
    }
}

/// Whether the terminal has sent the same to the command: to all of the job that it shows.
pub fn is_of_terminal(origin: &Origin) -> bool {
    matches!(origin.signal, SIGINT | SIGQUIT) && matches!(origin.cause, Cause::Kernel)
}
