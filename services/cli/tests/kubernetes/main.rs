//! Real replicas over a Lease of a real API server: a Service follows the primary, pods are replaced,
//! registers are recovered by order.
//!
//! `deploy/dev-cluster/api-only run cargo test -p understudy --test kubernetes` starts an API server on
//! loopback. Without `UNDERSTUDY_TEST_KUBECONFIG` each test says that it is skipped. There are no
//! nodes: the replicas are processes, their pods are objects that nobody runs.
#![cfg(feature = "kubernetes")]
#![allow(clippy::unwrap_used)]

#[path = "../harness/mod.rs"]
mod harness;

mod events;
mod evictions;
mod in_the_way;
mod orders;
mod outlook;
mod remedies;
mod requests;
mod service;
mod stage;
