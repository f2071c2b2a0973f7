//! Changes limits and quotas.

/// Changes the fields of [`crate::Quota`] that are given, all or none; each must lie within the
/// bounds that [`crate::Quota`] documents. What is already there stays, also beyond a new limit:
/// then only growth is refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct SetQuota {
    /// See [`crate::Quota::max_keys`].
    #[prost(uint64, optional, tag = "1")]
    pub max_keys: Option<u64>,
    /// See [`crate::Quota::max_bytes`].
    #[prost(uint64, optional, tag = "2")]
    pub max_bytes: Option<u64>,
    /// See [`crate::Quota::max_key_bytes`].
    #[prost(uint64, optional, tag = "3")]
    pub max_key_bytes: Option<u64>,
    /// See [`crate::Quota::max_value_bytes`].
    #[prost(uint64, optional, tag = "4")]
    pub max_value_bytes: Option<u64>,
    /// See [`crate::Quota::max_txn_operations`].
    #[prost(uint64, optional, tag = "5")]
    pub max_txn_operations: Option<u64>,
    /// See [`crate::Quota::max_range_keys`].
    #[prost(uint64, optional, tag = "6")]
    pub max_range_keys: Option<u64>,
    /// See [`crate::Quota::max_response_bytes`].
    #[prost(uint64, optional, tag = "7")]
    pub max_response_bytes: Option<u64>,
    /// See [`crate::Quota::max_sessions`].
    #[prost(uint64, optional, tag = "8")]
    pub max_sessions: Option<u64>,
    /// See [`crate::Quota::min_session_ttl`].
    #[prost(uint64, optional, tag = "9")]
    pub min_session_ttl: Option<u64>,
    /// See [`crate::Quota::max_session_ttl`].
    #[prost(uint64, optional, tag = "10")]
    pub max_session_ttl: Option<u64>,
    /// See [`crate::Quota::max_session_held_bytes`].
    #[prost(uint64, optional, tag = "11")]
    pub max_session_held_bytes: Option<u64>,
    /// See [`crate::Quota::max_held_bytes`].
    #[prost(uint64, optional, tag = "12")]
    pub max_held_bytes: Option<u64>,
    /// See [`crate::Quota::max_history_revisions`].
    #[prost(uint64, optional, tag = "13")]
    pub max_history_revisions: Option<u64>,
    /// See [`crate::Quota::max_history_bytes`].
    #[prost(uint64, optional, tag = "14")]
    pub max_history_bytes: Option<u64>,
    /// See [`crate::Quota::max_generators`].
    #[prost(uint64, optional, tag = "15")]
    pub max_generators: Option<u64>,
    /// See [`crate::Quota::max_leases`].
    #[prost(uint64, optional, tag = "16")]
    pub max_leases: Option<u64>,
    /// See [`crate::Quota::min_history_age`].
    #[prost(uint64, optional, tag = "17")]
    pub min_history_age: Option<u64>,
    /// See [`crate::Quota::max_owner_percent`].
    #[prost(uint64, optional, tag = "18")]
    pub max_owner_percent: Option<u64>,
}
