//! What a server may tell about an owner.

use bytes::Bytes;

/// An owner of sessions, leases or generators.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct OwnerInfo {
    /// Its name.
    pub owner: Bytes,
    /// Its sessions.
    pub sessions: u64,
    /// Its leases, with those whose keys are still to be deleted.
    pub leases: u64,
    /// The generators that it made.
    pub generators: u64,
}
