//! The operations on sessions. They carry no stamp: one that does is a bad command.

/// Issues a session, whose id is the log index of the entry. A retry issues another one; the
/// first then expires unused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct OpenSession {
    /// Lifetime without use, nanoseconds of logged elapsed time, within the quota's
    /// `min_session_ttl` and `max_session_ttl`; 0: five minutes, or what these allow next to it.
    #[prost(uint64, tag = "1")]
    pub ttl: u64,
}

/// Gives a session its full lifetime again. Every accepted stamp does so too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct KeepSession {
    /// The session's id.
    #[prost(uint64, tag = "1")]
    pub session: u64,
}

/// Ends a session and forgets its answers. From then on it counts as expired; to a client that
/// retries, `SESSION_EXPIRED` means that it is closed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct CloseSession {
    /// The session's id.
    #[prost(uint64, tag = "1")]
    pub session: u64,
}
