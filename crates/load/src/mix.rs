//! What clients ask for.

/// How many of 100 requests are of each kind; the rest are transactions.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// Plain Puts.
    pub puts: u32,
    /// Gets.
    pub gets: u32,
    /// Gets at a revision that was seen before.
    pub old_gets: u32,
    /// Puts under the condition that the key is as it was last seen.
    pub compare_and_sets: u32,
    /// Deletes, half of them under that condition.
    pub deletes: u32,
}

impl Mix {
    /// Mostly writes; no key is ever deleted, so that its version counts them.
    pub const WRITES: Mix =
        Mix { puts: 75, gets: 8, old_gets: 2, compare_and_sets: 10, deletes: 0 };
    /// Puts, Gets and compare-and-sets, and a few transactions; no key is ever deleted.
    pub const PLAIN: Mix =
        Mix { puts: 45, gets: 22, old_gets: 3, compare_and_sets: 25, deletes: 0 };
    /// Something of everything.
    pub const VARIED: Mix =
        Mix { puts: 40, gets: 25, old_gets: 3, compare_and_sets: 12, deletes: 6 };
}
