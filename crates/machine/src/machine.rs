//! What every deterministic machine offers to the replica that drives it.

use std::io;

use bytes::Bytes;

use crate::{Input, Moment, RestoreError};

/// A deterministic state machine: the same inputs in the same order give the same outputs, the
/// same digest and the same frozen bytes, on every replica and on every run.
///
/// A machine reads no clock, draws no random number, iterates nothing unordered, does no input or
/// output and spawns no thread. All that could differ between two replicas arrives as an input.
pub trait Machine: Default {
    /// What one input answers.
    type Output;
    /// A state at one moment, unaffected by what is applied afterwards.
    type Frozen: Frozen + Send + 'static;

    /// Executes the next entry of the log.
    ///
    /// Never fails and never panics because of an input's contents: an operation that cannot be
    /// executed says so in its output, the same on every replica.
    ///
    /// # Panics
    /// When `moment.index` is not above that of the input before: the driver fed an entry twice.
    fn apply(&mut self, moment: Moment, input: Input<'_>) -> Self::Output;

    /// A running digest over all inputs and all that they did, kept up in O(1) per operation.
    /// Two replicas at the same index whose digests differ have diverged.
    fn digest(&self) -> u64;

    /// The logged elapsed time, nanoseconds, at or after which an [`Input::Tick`] is due; `None`
    /// when nothing waits for time to pass. It is a lower bound: a tick may find nothing to do
    /// and move it. It lies in the past while more is due than one input may do.
    fn deadline(&self) -> Option<u64>;

    /// The state as of now, to be written elsewhere while this machine goes on. O(1).
    fn freeze(&self) -> Self::Frozen;

    /// Bytes that [`Frozen::write`] gives at most, for the state as of now. O(1).
    fn snapshot_bytes(&self) -> u64;

    /// Bytes of memory that the state takes, about. O(1).
    fn memory(&self) -> u64;

    /// Bytes of memory that executing that many entries copies, about, while a frozen state is kept.
    fn copied_bytes(&self, entries: u64) -> u64;

    /// The command that bounds the state's memory to `bytes`, 0 for no bound; `None` where that is the bound
    /// already, or the machine keeps none.
    fn limit_memory(&self, bytes: u64) -> Option<Bytes>;

    /// Rebuilds the machine that [`Frozen::write`] wrote; it reads up to the end of `source`.
    ///
    /// # Errors
    /// See [`RestoreError`]. Random or damaged bytes give an error, never a panic, and never more
    /// memory than a small multiple of the bytes read.
    fn restore(source: &mut dyn io::Read) -> Result<Self, RestoreError>;
}

/// A state that stands still.
pub trait Frozen {
    /// Writes the state in a versioned format. Equal states give equal bytes.
    ///
    /// Writes are small: give it a buffered writer.
    ///
    /// # Errors
    /// Those of `out`.
    fn write(&self, out: &mut dyn io::Write) -> io::Result<()>;
}
