//! How often things happened in one run.

use std::collections::BTreeMap;

use crate::report::coverage::CRASHES;

/// Everything that was counted, by name. Something is counted when it took effect, not when it was
/// ordered.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// By name.
    pub by_name: BTreeMap<&'static str, u64>,
}

impl Counts {
    /// One more.
    pub fn add(&mut self, name: &'static str) {
        self.more(name, 1);
    }

    /// So many more.
    pub fn more(&mut self, name: &'static str, count: u64) {
        if count > 0 {
            *self.by_name.entry(name).or_default() += count;
        }
    }

    /// How many.
    pub fn of(&self, name: &str) -> u64 {
        self.by_name.get(name).copied().unwrap_or(0)
    }

    /// How often a running process came to a sudden end.
    pub fn crashes(&self) -> u64 {
        CRASHES.iter().map(|name| self.of(name)).sum()
    }
}
