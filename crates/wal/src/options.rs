//! How a data directory is used.

/// Options of [`crate::Store::open`].
#[derive(Clone, Debug)]
pub struct Options {
    /// The incarnation that a blank directory gets: random. Ignored where there is one.
    pub fresh_incarnation: u128,
    /// A written order that this copied or restored directory stands for its original from now
    /// on. It keeps its incarnation: two such copies at once would be two replicas that the
    /// cluster takes for one.
    pub accept_copy: bool,
    /// Size of a segment, bytes (at most 1 GiB; a batch larger than it gets one of its own).
    pub segment_bytes: u64,
    /// A growing segment is filled with zeros this many bytes ahead, so that most syncs find the
    /// file's length unchanged.
    pub fill_bytes: u64,
    /// Bytes of the log that only opening entries may use, so that a full disk still lets a
    /// primary open its epoch.
    pub reserve_bytes: u64,
    /// Bytes that are kept free for when the disk is full, besides room for the next snapshot: for what was
    /// accepted before that was known, and for the few writes that free some. 0: neither is kept.
    pub ballast_bytes: u64,
    /// How many released segments are kept to be used again.
    pub spares: usize,
}

impl Options {
    /// The defaults: segments of 16 MiB, filled 256 KiB ahead, 64 KiB in reserve, 16 MiB of ballast,
    /// 8 spares.
    pub fn new(fresh_incarnation: u128) -> Self {
        Options {
            fresh_incarnation,
            accept_copy: false,
            segment_bytes: 16 << 20,
            fill_bytes: 256 << 10,
            reserve_bytes: 64 << 10,
            ballast_bytes: 16 << 20,
            spares: 8,
        }
    }
}
