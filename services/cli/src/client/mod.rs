//! The commands of clients: each takes `--endpoints` and `--output`.

pub mod bench;
pub mod compact;
mod connection;
pub mod del;
mod duration;
pub mod elect;
pub mod get;
mod grid;
mod guard;
pub mod hand_over;
pub mod lease;
pub mod list;
pub mod lock;
pub mod mode;
mod notation;
pub mod now;
mod owners;
pub mod put;
pub mod quota;
pub mod random;
mod record;
pub mod session;
mod size;
mod standing;
pub mod status;
pub mod txn;
pub mod watch;

pub use guard::PASSED_ON;
pub use notation::Notation;

use crate::print;
