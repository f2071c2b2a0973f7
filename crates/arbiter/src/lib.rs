//! The register: one record changed only by atomic test-and-set.
//!
//! [`Arbiter`] is what the protocol asks of it; [`DirectoryRegister`] is the embedded default, files
//! in a directory that all replicas share; `LeaseRegister` (feature `kubernetes`) is a Lease in a
//! Kubernetes cluster. Rules 1 and 12 of `docs/protocol.md` say what an answer means: this crate only
//! carries it, classifies nothing, retries nothing and remembers nothing that anyone acts upon.

mod arbiter;
mod directory;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
#[cfg(feature = "kubernetes")]
mod lease;
mod record_text;
mod uri;

pub use arbiter::Arbiter;
pub use directory::{CreateError, DirectoryRegister, Options, content};
#[cfg(feature = "kubernetes")]
pub use lease::{LeaseRegister, Made};
pub use uri::{NameError, RegisterUri, UriError, check_name};
