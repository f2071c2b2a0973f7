//! One key's change by one operation.

use super::key::Key;
use super::record::Record;

/// What one operation did to one key. All of an operation's changes bear its one revision, so
/// their list is what a history of the store, a watch or an undo needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Change {
    pub key: Key,
    pub before: Option<Record>,
    pub after: Option<Record>,
}
