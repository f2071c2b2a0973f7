//! A seeded world that runs the real protocol, log and machine, and looks for violations.
//!
//! One thread, one pseudo-random generator, one queue of events ordered by time: the same seed gives the
//! same run, line by line. Simulated are network, disks, clocks, register, processes and clients;
//! [`understudy_protocol::Replica`], [`understudy_wal::Store`] and [`understudy_machine::KvMachine`]
//! are those that ship, reached through their events and effects alone.
//!
//! [`swarm`] lets chance drive a world, each seed with its own mix of faults; [`scenario`] lets a
//! text script drive one.

mod checks;
mod clients;
mod faults;
pub mod fleet;
pub mod hunt;
mod report;
pub mod scenario;
pub mod swarm;
mod world;

pub use checks::violation::{Property, Violation};
pub use checks::watch::acts;
pub use clients::workload::Workload;
pub use clients::{Client, Job};
pub use faults::tamper::Tamper;
pub use faults::theme::Theme;
pub use fleet::Plan;
pub use report::counts::Counts;
pub use report::coverage::COVERAGE;
pub use report::progress::Progress;
pub use report::tally::Tally;
pub use report::trace::Detail;
pub use report::{Report, progress, table};
pub use world::clock::{MILLISECOND, SECOND};
pub use world::event::TargetedFault;
pub use world::id::HostId;
pub use world::net::{CLIENTS, REGISTER};
pub use world::{Options, World};
