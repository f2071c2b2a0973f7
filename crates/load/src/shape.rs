//! How much load.

use crate::Mix;

/// How much load.
#[derive(Clone, Debug)]
pub struct Shape {
    /// What the clients ask for.
    pub mix: Mix,
    /// How many clients, each with a session and a connection of its own.
    pub clients: u64,
    /// How many keys; an even number, since transactions write pairs of neighbours.
    pub keys: u64,
    /// Length of a value, bytes; at least what makes it unique.
    pub value_bytes: usize,
}
