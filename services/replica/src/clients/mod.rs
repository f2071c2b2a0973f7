//! The client port: validates, asks the loop, and puts its answers into the contract's words.

mod accepted;
mod admin;
mod ask;
mod cursor;
mod delete;
mod execute;
mod gate;
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
mod places;
mod put;
mod quota;
mod random;
mod rpc;
mod session;
mod settings;
mod stamp;
mod status;
mod token;
mod txn;
mod usher;
mod watch;
mod weight;

pub use accepted::{
    Accept, Accepted, accept, answer_get, answer_list, begin_watch, successor, updated_settings,
};
pub(crate) use admin::Admin;
pub(crate) use ask::{Answer, Answered, Ask, Lane, Read, Slot, Want};
pub(crate) use cursor::Cursor;
pub(crate) use gate::{Admitted, CLUSTER_HEADER, Gate, LONG_ANSWER, mismatch};
pub(crate) use key_value::KeyValues;
pub(crate) use lease::Leases;
pub(crate) use limits::MS;
pub(crate) use list::PAGE_BYTES;
pub(crate) use places::OPERATORS;
pub(crate) use random::Generators;
pub(crate) use session::Sessions;
pub(crate) use status::StatusSource;
pub(crate) use txn::key_value;
pub(crate) use usher::{Guide, Usher};
pub(crate) use watch::Watches;
