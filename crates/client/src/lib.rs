//! The client library: finds the primary, follows it, retries exactly once.
//!
//! ```no_run
//! # async fn example() -> Result<(), understudy_client::Error> {
//! let client = understudy_client::Client::connect("127.0.0.1:7450,127.0.0.1:7460")?;
//! client.put("city", "Paris").if_absent().await?;
//! let city = client.get("city").await?.kv;
//! # Ok(())
//! # }
//! ```
//!
//! What it promises: a success that it reports has happened, once; a failure that it reports has
//! not happened and never will; where it can be sure of neither, it says
//! [`Error::OutcomeUnknown`]. To that end every mutation carries a stamp of one session, and is
//! repeated with that same stamp, at whichever replica, until an answer or the deadline comes.

mod back_off;
mod background;
mod call;
mod client;
mod cluster_status;
mod delete;
mod endpoints;
mod error;
mod failure;
mod lease;
mod lock;
mod observe;
mod operators;
mod options;
mod outcome;
mod pipeline;
mod put;
mod random;
mod rejection;
mod sessions;
mod transport;
mod txn;
mod watch;

pub use client::Client;
pub use cluster_status::{ClusterStatus, ReplicaStatus};
pub use delete::Delete;
pub use endpoints::{Endpoints, EndpointsError};
pub use error::Error;
pub use lease::Lease;
pub use lock::{Acquire, Holder, Leaders, Lock};
pub use observe::{Attempt, Observe};
pub use options::Options;
pub use pipeline::{Pipeline, Reply};
pub use put::Put;
pub use rejection::Rejection;
pub use txn::Txn;
/// The messages that calls take and give.
pub use understudy_proto as proto;
pub use watch::{Changes, Watch};
