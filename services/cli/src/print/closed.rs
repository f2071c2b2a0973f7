//! Noticing that the reader of standard output has gone, before there is anything to print.

use std::future::pending;
use std::io;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::oneshot;

/// Waits until whoever reads standard output has gone: a pipe or socket without its other end, a terminal
/// that is closed. Files never close.
pub async fn closed() {
    let (gone, told) = oneshot::channel();
    // A thread that ends with the process: no runtime waits for it, and no file must be non-blocking.
    std::thread::spawn(move || {
        if wait().is_ok() {
            let _ = gone.send(());
        }
    });
    match told.await {
        Ok(()) => {}
        Err(_) => pending().await,
    }
}

/// Error and hang-up are told without being asked for; nothing else is.
fn wait() -> Result<(), Errno> {
    let out = io::stdout();
    loop {
        match poll(&mut [PollFd::new(&out, PollFlags::empty())], None) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}
