//! The API server of a Kubernetes cluster: single objects, read, written and deleted by test-and-set,
//! and watched for information.
//!
//! Objects are JSON as the server gave it, so that what is written back keeps every field that this
//! program does not know.

mod changes;
mod connect;
mod object;
mod patience;
mod refusal;
mod server;
mod watch;

pub use changes::Changes;
pub use connect::ConnectError;
pub use object::{Kind, Place, field, set, uid_of, version_of};
pub use refusal::Refusal;
pub use server::ApiServer;
pub use watch::{Change, Watch};
