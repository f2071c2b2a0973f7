//! Replicas end to end: real sockets on loopback, real files, the register in a directory.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod bounds;
mod common;
mod contract;
mod crowd;
mod deferred;
mod directory;
mod executing;
mod history;
mod leases;
mod leaving;
mod lifetimes;
mod ops;
mod pair;
mod ports;
mod random;
mod ranges;
mod register;
mod successor;
mod ticks;
mod watching;
