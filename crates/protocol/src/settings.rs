//! Settings of the cluster: replicated state, changed through the log.

use crate::{Entry, Kind};

/// When a primary executes an entry and answers for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum Execution {
    /// Once it is committed. Nothing acknowledged is lost.
    #[default]
    Sync = 1,
    /// Once it is on the primary's own disk, while what is not committed stays within
    /// [`Settings::max_tail_bytes`] and [`Settings::max_tail_ms`]. That tail can be lost.
    Async = 3,
}

/// When a backup's copy of an entry counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum Acknowledgement {
    /// When it is on its disk.
    #[default]
    Durable = 1,
    /// When it is in its memory: survives any one crash, not all at once.
    Received = 2,
}

/// What backups do with committed entries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum BackupExecution {
    /// Execute them as they come.
    #[default]
    Hot = 1,
    /// Keep them, and execute them when promoted.
    Deferred = 2,
}

/// The most that [`Settings::max_tail_bytes`] may be: the tail is in memory.
pub const MAX_TAIL_BYTES: u64 = 16 << 20;
/// The most that [`Settings::max_tail_ms`] may be.
pub const MAX_TAIL_MS: u64 = 60_000;

/// What every replica of a cluster agrees on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// How many backups must hold an entry before it counts; further replicas are spares.
    pub sync_backups: u32,
    /// How many copies must exist for a write to be accepted: 1 serves solo, 2 refuses to.
    pub min_copies: u32,
    /// When a primary answers.
    pub execution: Execution,
    /// When a backup's copy counts.
    pub acknowledgement: Acknowledgement,
    /// What backups execute.
    pub backup_execution: BackupExecution,
    /// Bytes of uncommitted entries for which an [`Execution::Async`] primary answers.
    pub max_tail_bytes: u64,
    /// It answers ahead while the oldest uncommitted entry is no older than this, milliseconds.
    pub max_tail_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            sync_backups: 1,
            min_copies: 1,
            execution: Execution::default(),
            acknowledgement: Acknowledgement::default(),
            backup_execution: BackupExecution::default(),
            max_tail_bytes: 1 << 20,
            max_tail_ms: 1000,
        }
    }
}

impl Settings {
    /// A version byte and little-endian words. Version 1 has the numbers of copies, version 2 everything;
    /// it is written only where version 1 would not tell all.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![1];
        out.extend_from_slice(&self.sync_backups.to_le_bytes());
        out.extend_from_slice(&self.min_copies.to_le_bytes());
        if self.is_told_by_version_1() {
            return out;
        }
        out[0] = 2;
        let modes = [self.execution as u8, self.acknowledgement as u8, self.backup_execution as u8];
        out.extend_from_slice(&modes);
        out.extend_from_slice(&self.max_tail_bytes.to_le_bytes());
        out.extend_from_slice(&self.max_tail_ms.to_le_bytes());
        out
    }

    /// The settings that an entry makes.
    pub(crate) fn of(entry: &Entry) -> Option<Self> {
        (entry.kind == Kind::Settings).then(|| Settings::decode(&entry.payload)).flatten()
    }

    /// Reads what [`Settings::encode`] wrote; `None` for anything else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        let (sync_backups, rest) = rest.split_first_chunk()?;
        let (min_copies, rest) = rest.split_first_chunk()?;
        let copies = Settings {
            sync_backups: u32::from_le_bytes(*sync_backups),
            min_copies: u32::from_le_bytes(*min_copies),
            ..Settings::default()
        };
        match version {
            1 => rest.is_empty().then_some(copies),
            2 => copies.with_modes(rest).filter(|settings| !settings.is_told_by_version_1()),
            _ => None,
        }
    }

    fn with_modes(self, bytes: &[u8]) -> Option<Self> {
        let (&[execution, acknowledgement, backups], rest) = bytes.split_first_chunk()?;
        let (max_tail_bytes, rest) = rest.split_first_chunk()?;
        let max_tail_ms = rest.try_into().ok()?;
        Some(Settings {
            execution: match execution {
                1 => Execution::Sync,
                3 => Execution::Async,
                _ => return None,
            },
            acknowledgement: match acknowledgement {
                1 => Acknowledgement::Durable,
                2 => Acknowledgement::Received,
                _ => return None,
            },
            backup_execution: match backups {
                1 => BackupExecution::Hot,
                2 => BackupExecution::Deferred,
                _ => return None,
            },
            max_tail_bytes: u64::from_le_bytes(*max_tail_bytes),
            max_tail_ms: u64::from_le_bytes(max_tail_ms),
            ..self
        })
    }

    /// Whether a backup's copy counts as soon as it is in its memory.
    pub(crate) fn counts_received(&self) -> bool {
        self.acknowledgement == Acknowledgement::Received
    }

    fn is_told_by_version_1(&self) -> bool {
        let Settings { sync_backups, min_copies, .. } = *self;
        *self == Settings { sync_backups, min_copies, ..Settings::default() }
    }

    /// Whether these may stand together.
    ///
    /// # Errors
    /// Why not, one line.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.execution == Execution::Async {
            if self.min_copies > 1 {
                return Err(
                    "async answers before a second copy exists, which min copies 2 asks for: choose one of them",
                );
            }
            if self.acknowledgement == Acknowledgement::Received {
                return Err(
                    "async with received acknowledgement would lose its whole tail in every crash of the primary: choose one of them",
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_written_and_in_one_form_only() {
        let all = Settings {
            sync_backups: 2,
            min_copies: 2,
            execution: Execution::Async,
            acknowledgement: Acknowledgement::Received,
            backup_execution: BackupExecution::Deferred,
            max_tail_bytes: 7,
            max_tail_ms: 8,
        };
        let old = Settings { sync_backups: 3, ..Settings::default() };
        for (settings, length) in [(all, 28), (old, 9), (Settings::default(), 9)] {
            let bytes = settings.encode();
            assert_eq!((bytes.len(), Settings::decode(&bytes)), (length, Some(settings)));
            assert_eq!(Settings::decode(&bytes[..length - 1]), None);
            assert_eq!(Settings::decode(&[&bytes[..], &[0]].concat()), None);
        }
        let mut twice = all.encode();
        twice[9..].copy_from_slice(
            &[&[1, 1, 1][..], &(1u64 << 20).to_le_bytes(), &1000u64.to_le_bytes()].concat(),
        );
        assert_eq!(Settings::decode(&twice), None, "version 1 says the same");
        twice[9] = 2;
        assert_eq!(Settings::decode(&twice), None, "an execution mode of a later version");
    }

    #[test]
    fn modes_that_contradict_each_other_are_refused() {
        let asynchronous = Settings { execution: Execution::Async, ..Settings::default() };
        assert_eq!(asynchronous.check(), Ok(()));
        assert!(Settings { min_copies: 2, ..asynchronous }.check().is_err());
        let received = Acknowledgement::Received;
        assert!(Settings { acknowledgement: received, ..asynchronous }.check().is_err());
        assert_eq!(Settings { acknowledgement: received, ..Settings::default() }.check(), Ok(()));
    }
}
