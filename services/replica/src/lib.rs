//! The runtime of one replica: gRPC in, effects out.
//!
//! One loop ([`driver`]) owns the protocol's state, the data directory and the machine. Everything
//! else is a task that owns a socket, the register or a thread and posts what happens into the
//! loop's bounded inbox: [`clients`] and [`peers`] serve the two gRPC ports, [`ops`] the
//! operations port, [`register`] talks to the arbiter.
//!
//! [`serve`] runs one life of a replica; [`Server`] is the same in two steps, for tests and for
//! callers that want to know the addresses first.

mod birth;
mod checkup;
mod clients;
mod clock;
mod connections;
mod data;
mod descriptors;
mod driver;
mod ended;
mod environment;
mod error;
mod health;
mod inbox;
#[cfg(feature = "kubernetes")]
mod kubernetes;
mod logging;
mod memory;
mod metrics;
mod notes;
mod ops;
mod options;
mod peers;
mod ports;
mod refusal;
mod register;
mod serve;
mod serving;
mod signals;
mod watches;
mod wire;
mod wrong_port;

pub use clients::{
    Accept, Accepted, Refused, accept, answer_get, answer_list, begin_watch, successor,
    updated_settings,
};
pub use ended::Ended;
pub use error::ServeError;
pub use health::REPLICA_SERVICE;
pub use logging::{flush_logging, start_logging};
pub use memory::TooLittle;
pub use options::{Generated, LogFormat, Options, OptionsError, ServeArgs, generated};
pub use ports::Addresses;
pub use serve::{Server, serve};
pub use wire::{
    decode_from_follower, decode_from_primary, decode_inquired, encode_inquired, encode_message,
};
