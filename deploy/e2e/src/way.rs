//! The two ways by which clients reach the pair.

use serde::{Deserialize, Serialize};

/// The clients that know the Service's name only count from here.
pub const SERVICE: u64 = 1_000;

/// A way by which clients reach the pair.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The client library, which knows the replicas.
    Library,
    /// A client that knows nothing but the Service's name.
    Service,
}

impl Way {
    /// The way of the client that calls itself `client` in a history.
    pub fn of(client: u64) -> Self {
        if client < SERVICE { Way::Library } else { Way::Service }
    }
}
