//! Forgets history.

/// Forgets what was before a revision: the store cannot be read as it stood earlier, nor watched
/// from earlier on. Makes no revision.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Compact {
    /// The oldest revision to keep.
    #[prost(int64, tag = "1")]
    pub revision: i64,
}
