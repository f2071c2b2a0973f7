//! The client port: validates, asks the loop, and puts its answers into the contract's words.

mod accepted;
mod admin;
mod admission;
mod cursor;
mod delete;
mod execute;
mod forwarder;
mod get;
mod in_session;
mod key_value;
mod lease;
mod limits;
mod list;
mod long_work;
mod operation;
mod owned;
mod page_token;
mod permits;
mod put;
mod quota;
mod random;
mod request;
mod rpc;
mod session;
mod settings;
mod stamp;
mod status;
mod token;
mod txn;
mod watch;
mod weight;

pub use accepted::{
    Accept, Accepted, Refused, accept, answer_get, answer_list, begin_watch, successor,
    updated_settings,
};
pub(crate) use admin::Admin;
pub(crate) use admission::{Admission, Admitted, CLUSTER_HEADER, LONG_ANSWER};
pub(crate) use cursor::Cursor;
pub(crate) use forwarder::{Forwarder, Forwarding};
pub(crate) use key_value::KeyValues;
pub(crate) use lease::Leases;
pub(crate) use limits::MS;
pub(crate) use list::PAGE_BYTES;
pub(crate) use permits::OPERATORS;
pub(crate) use random::Generators;
pub(crate) use request::{
    Answer, Answered, LoopRequest, OrderedStream, Read, RequestKind, Responder,
};
pub(crate) use session::Sessions;
pub(crate) use status::StatusSource;
pub(crate) use txn::key_value;
pub(crate) use watch::Watches;
