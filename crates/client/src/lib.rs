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
mod call;
mod client;
mod conclusion;
mod delete;
mod endpoints;
mod error;
mod failure;
mod farewells;
mod finder;
mod flight;
mod keeper;
mod lease;
mod line;
mod lines;
mod lock;
mod mutation;
mod observe;
mod opening;
mod operators;
mod options;
mod passenger;
mod pipe;
mod piped;
mod pipeline;
mod put;
mod random;
mod rejection;
mod repeat;
mod sequences;
mod session;
mod sessions;
mod shared;
mod survey;
mod txn;
mod watch;

pub use client::Client;
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
pub use survey::{Survey, SurveyedReplica};
pub use txn::Txn;
/// The messages that calls take and give.
pub use understudy_proto as proto;
pub use watch::{Changes, Watch};
