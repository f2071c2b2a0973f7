//! What operators do, and what they or others do wrong: data directories and registers that are not
//! what they should be, noise on every port, orders to recover, `dev` and `demo`.
#![allow(clippy::unwrap_used)]

#[path = "../harness/mod.rs"]
mod harness;

mod directories;
mod full_disks;
mod hex;
mod hold;
mod json;
mod lists;
mod locks;
mod logs;
mod memory;
mod modes;
mod pair;
mod ports;
mod private;
mod quotas;
mod randoms;
mod receipts;
mod registers;
mod remedies;
mod rescues;
mod sessions;
mod standing;
mod steps;
mod strangers;
mod streams;
mod terminals;
mod two_histories;
mod watches;
