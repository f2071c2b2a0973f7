//! Replicas in threads of this process, each with a runtime of its own: killing one drops its
//! runtime, sockets and all, as a kill of its process would.
#![allow(dead_code)]

mod cluster;
mod connect;
mod running;

pub use cluster::Cluster;
pub use connect::{admin, check, get, key_values, put, reason, session, to_cluster, until};
pub use running::Running;
