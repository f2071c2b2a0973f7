//! What a replica says of itself.

use crate::{Epoch, Index, Member, RoleName, Settings};

/// Role, positions and company of a replica at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    /// What it is.
    pub role: RoleName,
    /// The highest epoch followed or won.
    pub epoch: Epoch,
    /// Whether the register last read, or last won, names this replica.
    pub named: bool,
    /// The primary as far as known; itself on the primary.
    pub primary: Option<Member>,
    /// The named members as far as known.
    pub members: Vec<Member>,
    /// End of the log.
    pub last: Index,
    /// End of what is on disk here.
    pub durable: Index,
    /// End of what every obliged replica holds.
    pub commit: Index,
    /// End of what the machine has executed.
    pub applied: Index,
    /// End of the newest snapshot.
    pub snapshot: Index,
    /// The cluster's settings, as far as committed here.
    pub settings: Settings,
    /// On a primary: each follower it knows.
    pub followers: Vec<Follower>,
    /// Why it waits or halted; empty when all is well.
    pub reason: String,
}

/// A follower as its primary sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Follower {
    /// Who.
    pub member: Member,
    /// Whether its acknowledgement is needed.
    pub obliged: bool,
    /// Whether it has a stream open.
    pub connected: bool,
    /// End of what it acknowledged as durable.
    pub durable: Index,
}
