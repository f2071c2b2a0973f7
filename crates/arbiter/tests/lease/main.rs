//! The Lease register over a real API server.
//!
//! `deploy/dev-cluster/api-only run cargo test -p understudy-arbiter --features kubernetes --test lease`
//! starts one on loopback. Without `UNDERSTUDY_TEST_KUBECONFIG`, the kubeconfig of somebody who may do
//! everything there, each test says that it is skipped.
#![cfg(feature = "kubernetes")]
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod cluster;
mod cost;
mod damage;
mod edits;
mod orders;
mod outage;
mod proxy;
mod race;
mod requests;
mod rights;
mod watching;
