//! The generated gRPC code and its descriptor set, nothing else.
//!
//! The contract is `proto/understudy/*/v1/*.proto`; its comments give units, limits and errors.
//! Fields of type `bytes` are [`bytes::Bytes`].

/// The encoded `FileDescriptorSet` of all files, comments included: for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

include!(concat!(env!("OUT_DIR"), "/requests.rs"));

/// What clients use: keys and values, watches, leases, sessions, time and randomness.
pub mod kv {
    /// Version 1.
    #[allow(missing_docs, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("understudy.kv.v1");
    }
}

/// What replicas say to each other.
pub mod replication {
    /// Version 1.
    #[allow(missing_docs, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("understudy.replication.v1");
    }
}

/// What operators use: status, handover, settings, quota.
pub mod admin {
    /// Version 1.
    #[allow(missing_docs, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("understudy.admin.v1");
    }
}
