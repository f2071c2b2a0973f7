//! Tells how much memory the replicas have for the store.

/// Says how much memory the state may take: what the smallest of the replicas has for it. The primary logs
/// it, for no client: what a host has must not make two replicas differ. Makes no revision.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct SetMemory {
    /// Bytes; 0: as much as there is.
    #[prost(uint64, tag = "1")]
    pub bytes: u64,
}
