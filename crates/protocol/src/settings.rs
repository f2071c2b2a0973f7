//! Settings of the cluster: replicated state, changed through the log.

/// What every replica of a cluster agrees on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// How many backups must hold an entry before it counts; further replicas are spares.
    pub sync_backups: u32,
    /// How many copies must exist for a write to be accepted: 1 serves solo, 2 refuses to.
    pub min_copies: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { sync_backups: 1, min_copies: 1 }
    }
}

impl Settings {
    /// Version 1: a version byte and two little-endian words.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![1];
        out.extend_from_slice(&self.sync_backups.to_le_bytes());
        out.extend_from_slice(&self.min_copies.to_le_bytes());
        out
    }

    /// Reads what [`Settings::encode`] wrote; `None` for anything else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let words: &[u8; 8] = bytes.strip_prefix(&[1])?.try_into().ok()?;
        let (a, b) = words.split_at(4);
        Some(Settings {
            sync_backups: u32::from_le_bytes(a.try_into().ok()?),
            min_copies: u32::from_le_bytes(b.try_into().ok()?),
        })
    }
}
