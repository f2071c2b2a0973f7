//! A stream between a follower and a primary: in order, and lost with either end's life.
//!
//! What travels on it only ever grows within a term, so a message holds all that its sender could
//! say, and a receiver that missed one has lost nothing. `IN_FLIGHT` messages travel each way.

use crate::log::Log;

/// Primary to follower: everything from the first entry on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Append {
    /// The primary's epoch.
    pub epoch: u8,
    /// Its log.
    pub log: Log,
    /// Its commit index.
    pub commit: u8,
    /// Its newest read round.
    pub round: u8,
}

/// Follower to primary.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ack {
    /// The epoch that it follows.
    pub epoch: u8,
    /// End of the prefix verified on this stream and durable.
    pub durable: u8,
    /// The newest read round seen.
    pub round: u8,
}

/// One stream, both ends; the default is none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Stream {
    /// The follower listens and may send.
    pub follower_open: bool,
    /// So does the primary.
    pub primary_open: bool,
    /// On its way to the follower.
    pub append: Option<Append>,
    /// On its way to the primary; a newer one takes its place.
    pub ack: Option<Ack>,
    /// What the follower has verified on it.
    pub verified: u8,
    /// The newest read round that the follower has seen on it.
    pub round: u8,
}
