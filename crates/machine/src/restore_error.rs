//! Why frozen bytes could not be restored.

use std::io;

/// Why a frozen state could not be read back. The machine's state is unaffected.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The source failed, or ended early.
    #[error("cannot read the machine's snapshot: {0}")]
    Read(#[from] io::Error),
    /// The bytes are not a snapshot of this machine.
    #[error("this is no snapshot of a key-value machine: it does not begin with its mark")]
    Foreign,
    /// Another format.
    #[error(
        "the machine's snapshot has format {found} and this program reads format {supported}: start the understudy that wrote it"
    )]
    Format {
        /// The format's number as read.
        found: u32,
        /// The format that this program writes and reads.
        supported: u32,
    },
    /// The bytes are damaged.
    #[error("the machine's snapshot is damaged at byte {offset}: {what}")]
    Damaged {
        /// Bytes read before the damage was noticed.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
}
