//! The limited things.

/// The thing that a limit or quota is on: the fields of [`crate::Quota`], and memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Limit {
    /// The failure names no such thing.
    Unspecified = 0,
    /// The number of keys.
    Keys = 1,
    /// The bytes of all keys and values.
    Bytes = 2,
    /// The bytes of one key.
    KeyBytes = 3,
    /// The bytes of one value.
    ValueBytes = 4,
    /// The elements of one list of a transaction.
    TxnOperations = 5,
    /// The keys that the ranges of one operation may touch.
    RangeKeys = 6,
    /// The bytes of one response.
    ResponseBytes = 7,
    /// The number of sessions.
    Sessions = 8,
    /// The shortest lifetime of a session, nanoseconds.
    MinSessionTtl = 9,
    /// The longest lifetime of a session, nanoseconds.
    MaxSessionTtl = 10,
    /// The bytes of the responses that are held for one session.
    SessionHeldBytes = 11,
    /// The bytes of the responses that are held for all sessions.
    HeldBytes = 12,
    /// The revisions of history.
    HistoryRevisions = 13,
    /// The bytes of history.
    HistoryBytes = 14,
    /// The number of generators.
    Generators = 15,
    /// The number of leases.
    Leases = 16,
    /// The age up to which history is kept, nanoseconds.
    HistoryAge = 17,
    /// The percentage that one owner may have.
    OwnerPercent = 18,
    /// The bytes of memory that the state takes; no field of the quota.
    Memory = 19,
}
