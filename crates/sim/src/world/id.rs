//! What hosts and processes are named by.

/// Which replica's host, in the order of their names.
pub type HostId = usize;
/// Names one run of a process, from exec to exit; unlike a life it is unique in the world.
pub type Run = u64;
