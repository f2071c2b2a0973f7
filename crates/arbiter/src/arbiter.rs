//! What the protocol asks of a register.

use async_trait::async_trait;
use understudy_protocol::{Observed, Record, RegisterFailure, WriteAnswer};

/// A register. Every answer comes within a bounded time, a hung store included.
#[async_trait]
pub trait Arbiter: Send + Sync {
    /// Reads the register linearizably: shows every write that was [`WriteAnswer::Written`] before
    /// the call, and never goes back before an earlier answer to anyone.
    ///
    /// # Errors
    /// [`RegisterFailure`]: nothing can be concluded, ask again.
    async fn read(&self) -> Result<Observed, RegisterFailure>;

    /// Writes `record` if the register is still what `base` shows. `record.epoch` is one more than
    /// that of `base`.
    ///
    /// Anything but [`WriteAnswer::Written`] means: read again, and let the nonce tell. A write that
    /// got [`WriteAnswer::NoAnswer`] may still land later.
    async fn write(&self, base: &Observed, record: &Record) -> WriteAnswer;

    /// Whether it could be read and written now, as far as that can be found out without changing
    /// it: a transition that is to come must not be the first to notice.
    ///
    /// # Errors
    /// What is in the way, on one line.
    async fn check(&self) -> Result<(), String> {
        self.read().await.map(drop).map_err(|failure| failure.to_string())
    }

    /// Returns when the register may have changed since it was last read here. A hint: it may come
    /// late, or for nothing. Dropping the future is fine.
    async fn changed(&self);
}
