//! A part of a range.

use crate::KeyValue;

/// The first keys of a range.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Page {
    /// The keys, in order.
    pub keys: Vec<KeyValue>,
    /// The range holds more keys behind them.
    pub more: bool,
}
