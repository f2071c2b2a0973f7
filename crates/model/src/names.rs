//! Identities: slots, copies of the log, and sets of copies.

use std::fmt;

/// The most replicas that a state has room for.
pub const SLOTS: usize = 3;

/// The most incarnations that one slot goes through, the first included.
const GENERATIONS: u8 = 4;

/// A copy of the log: the slot (a machine with one data directory) and how often it was wiped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Copied(u8);

impl Copied {
    /// The copy in `slot` after `generation` wipes.
    pub fn new(slot: usize, generation: u8) -> Self {
        assert!(generation < GENERATIONS, "the bounds allow {} wipes at most", GENERATIONS - 1);
        Copied(slot as u8 * GENERATIONS + generation)
    }

    /// Where it lives, or lived.
    pub fn slot(self) -> usize {
        usize::from(self.0 / GENERATIONS)
    }

    /// Wipes of that slot before it.
    pub fn generation(self) -> u8 {
        self.0 % GENERATIONS
    }
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let primes = "'".repeat(usize::from(self.generation()));
        write!(f, "{}{primes}", slot_name(self.slot()))
    }
}

impl fmt::Debug for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `a`, `b`, `c`.
pub fn slot_name(slot: usize) -> char {
    char::from(b'a' + slot as u8)
}

/// A set of copies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Members(u16);

impl Members {
    /// Whether `copy` is in it.
    pub fn has(self, copy: Copied) -> bool {
        self.0 & (1 << copy.0) != 0
    }

    /// With `copy`.
    pub fn with(self, copy: Copied) -> Self {
        Members(self.0 | 1 << copy.0)
    }

    /// Without `copy`.
    pub fn without(self, copy: Copied) -> Self {
        Members(self.0 & !(1 << copy.0))
    }

    /// Those of both.
    pub fn union(self, other: Self) -> Self {
        Members(self.0 | other.0)
    }

    /// Whether `other` has all of these.
    pub fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Its copies by slot and generation.
    pub fn iter(self) -> impl Iterator<Item = Copied> {
        (0..SLOTS as u8 * GENERATIONS).map(Copied).filter(move |copy| self.has(*copy))
    }

    /// The same set with `b` and `c` in each other's place.
    pub fn exchanged(self) -> Self {
        let (a, b, c) = (self.0 & 0xf, self.0 >> 4 & 0xf, self.0 >> 8 & 0xf);
        Members(a | c << 4 | b << 8)
    }
}

impl FromIterator<Copied> for Members {
    fn from_iter<I: IntoIterator<Item = Copied>>(copies: I) -> Self {
        copies.into_iter().fold(Members::default(), Members::with)
    }
}

impl fmt::Display for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.iter().map(|copy| copy.to_string()).collect();
        write!(f, "{{{}}}", names.join(" "))
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
