//! A seeded world that runs the real protocol, log and machine, and looks for violations.
//!
//! One thread, one pseudo-random generator, one agenda ordered by time: the same seed gives the
//! same run, line by line. Simulated are network, disks, clocks, register, processes and clients;
//! [`understudy_protocol::Replica`], [`understudy_wal::Store`] and [`understudy_machine::KvMachine`]
//! are those that ship, reached through their events and effects alone.
//!
//! [`swarm`] lets chance drive a world, each seed with its own mix of faults; [`scenario`] lets a
//! text script drive one.

mod absence;
mod ahead;
mod ask;
mod attend;
mod bounds;
mod brief;
mod carry_out;
mod client;
mod clock;
mod counts;
mod deferred;
mod draws;
mod drive;
mod executed;
mod faults;
pub mod fleet;
mod full_disks;
mod gone_back;
mod happening;
mod holders;
mod host;
pub mod hunt;
mod inflict;
mod ledger;
mod mix;
mod net;
mod old_reads;
mod operate;
mod past;
pub mod progress;
mod queue;
mod ranges;
mod receipts;
mod register;
mod report;
mod rot;
pub mod scenario;
mod shadow;
mod shares;
mod story;
mod strike;
pub mod swarm;
pub mod table;
mod tally;
mod tamper;
mod theme;
mod trace;
mod translate;
mod violation;
mod wanted;
mod watch;
mod watchers;
mod wire;
mod workload;
mod world;

pub use client::{Client, Job};
pub use clock::{MILLISECOND, SECOND};
pub use counts::Counts;
pub use fleet::Plan;
pub use happening::HostId;
pub use mix::{FAULTS, Fault, Mix};
pub use net::{CLIENTS, REGISTER};
pub use progress::Progress;
pub use report::Report;
pub use strike::Blow;
pub use tally::Tally;
pub use tamper::Tamper;
pub use theme::Theme;
pub use trace::Detail;
pub use violation::{Property, Violation};
pub use wanted::WANTED;
pub use watch::acts;
pub use workload::Workload;
pub use world::{Options, World};
