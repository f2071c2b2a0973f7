//! The driver of one replica, without IO.
//!
//! [`Host`] owns the protocol, the data directory, the machine and whoever waits for an answer. It decides the order
//! of writes, syncs, execution and answers; what waits while the disk is full; when snapshots are taken, and when
//! time passes in the log. A runtime gives it [`Input`]s and carries out its [`Output`]s, and decides nothing of
//! that: the service does it with sockets, threads and clocks, the simulation with delays and faults of its own.
//!
//! ```text
//! loop {
//!     host.input(now, input);                       // whatever has arrived
//!     while let Some(output) = host.next(now) {     // one small step after the other
//!         carry_out(output);
//!     }
//!     host.sync(now);                               // if it was asked for; sockets may go first
//!     wait_until(host.deadline());
//! }
//! ```
//!
//! Everything runs on the caller's thread but [`Work`], which may take long and runs anywhere.

mod batch;
mod deferred;
mod disk;
mod effects;
mod execute;
mod execution;
mod executor;
mod fair_queue;
mod host;
mod input;
mod leave;
mod linger;
mod missed;
mod output;
mod proposals;
mod requests;
mod room;
mod room_watch;
mod snapshot;
mod tick;
mod upkeep;
mod work;

pub use host::{Host, Options, Step};
pub use input::{Input, Request, RequestKind, Waiter};
pub use output::{Answer, End, Executed, Level, Output, Reason};
pub use work::{Done, Work, WorkKind};
