//! Where and when in the log an input stands.

/// Place and time of one log entry. Both replicas see the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Moment {
    /// The entry's log index, from 1.
    pub index: u64,
    /// The primary's wall clock, nanoseconds since 1970, never running backwards along the log.
    pub wall: u64,
    /// Nanoseconds that primaries have spent acting, added up over the log's life. Expiry counts
    /// this one.
    pub elapsed: u64,
}
