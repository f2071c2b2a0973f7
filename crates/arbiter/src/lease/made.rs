//! What came of an order to make a register.

use understudy_protocol::RegisterUid;

/// A register made by order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Made {
    /// Which object it is.
    pub uid: RegisterUid,
    /// The object that was in its place, as JSON, if one was deleted.
    pub replaced: Option<String>,
}
