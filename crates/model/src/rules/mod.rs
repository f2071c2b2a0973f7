//! The rules, each as a step from a state to the next, in modules like those of `crates/protocol`.

pub mod ahead;
pub mod faults;
pub mod follow;
pub mod gone_back;
pub mod lead;
pub mod register_client;
pub mod settle;

use crate::bounds::Bounds;
use crate::wrong::{Wrong, Wrongs};

/// What is in force: how far to go, and which rules are wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// How far to go.
    pub bounds: Bounds,
    /// Nothing in the correct model.
    pub wrongs: Wrongs,
}

impl Rules {
    /// Whether a wrong version is in force.
    pub fn has(&self, wrong: Wrong) -> bool {
        self.wrongs.has(wrong)
    }
}
