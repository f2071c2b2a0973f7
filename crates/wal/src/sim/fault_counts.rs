//! How often a disk failed as disks do at times.

/// How often a disk did what disks do at times.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FaultCounts {
    /// Syncs that failed.
    pub failed_syncs: u64,
    /// Writes that were not synced and of which nothing is on the disk.
    pub lost_writes: u64,
    /// Writes that were not synced and of which a part is on the disk.
    pub torn_writes: u64,
    /// Writes that found no room.
    pub refused_writes: u64,
}
