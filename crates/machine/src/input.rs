//! What a log entry asks of the machine.

use bytes::Bytes;

/// One entry of the log, as the machine sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input<'a> {
    /// A new primary opened its epoch: what lives by the clock gets its full lifetime again.
    Open,
    /// A client's operation, in the machine's own encoding.
    Command(&'a Bytes),
    /// Logged time passed.
    Tick,
    /// The cluster's settings changed; the machine only notes that there was such an entry.
    Settings,
}
