//! The identity of a mutation within its session.

/// Identifies a mutation, so that a retry returns the first answer and executes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Stamp {
    /// A session's id, as [`crate::SessionOpened`] gave it.
    #[prost(uint64, tag = "1")]
    pub session: u64,
    /// Which mutation of that session, from 1. Sequences identify, they do not order: those
    /// within the window may come in any order, and some may never come.
    #[prost(uint64, tag = "2")]
    pub sequence: u64,
    /// The client has the answers of all sequences below this one and will not ask for them
    /// again: the machine forgets them, and executes none of them any more. 0 and 1 mean "none
    /// yet". Never above `sequence`.
    #[prost(uint64, tag = "3")]
    pub received_below: u64,
}
