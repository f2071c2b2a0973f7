//! The names in a data directory and what they say.

use std::fmt;
use std::io;

use understudy_protocol::{Index, Life};

use crate::disk::Disk;
use crate::error::Damage;

pub(crate) const IDENTITY: &str = "identity";
pub(crate) const STATE: &str = "state";
pub(crate) const LOCK: &str = "lock";
pub(crate) const BALLAST: &str = "ballast";
/// Files that are not whole end so; they go when the next life begins.
pub(crate) const TEMPORARY: &str = ".tmp";

/// Names a segment for ever: no life ever comes back, so no number does. Orders segments as the
/// log does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Sequence {
    pub life: Life,
    pub count: u32,
}

impl Sequence {
    pub fn spare(&self) -> String {
        format!("spare-{self}")
    }

    pub fn segment(&self) -> String {
        format!("segment-{self}")
    }

    pub fn cut(&self) -> String {
        format!("cut-{self}")
    }

    fn parse(text: &str) -> Option<Self> {
        let (life, count) = text.split_once('-')?;
        Some(Sequence { life: life.parse().ok()?, count: count.parse().ok()? })
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}-{:06}", self.life, self.count)
    }
}

/// The name of the snapshot as of `index` in this generation of the log.
pub(crate) fn snapshot_name(generation: u64, index: Index) -> String {
    format!("snapshot-{generation:06}-{index:012}")
}

/// What a directory holds, by name.
#[derive(Default, Debug)]
pub(crate) struct Listing {
    pub identity: bool,
    pub state: bool,
    pub ballast: bool,
    /// In log order.
    pub segments: Vec<(Sequence, String)>,
    /// `(generation, index)`, oldest first: each newer one stands for all before it.
    pub snapshots: Vec<((u64, Index), String)>,
    /// Oldest first.
    pub cuts: Vec<(Sequence, String)>,
    pub spares: Vec<String>,
    pub temporary: Vec<String>,
}

impl Listing {
    /// Reads the names. Unknown ones (`lost+found`) are nobody's business.
    pub fn read<D: Disk>(disk: &D) -> io::Result<Self> {
        let mut listing = Listing::default();
        for name in disk.list()? {
            listing.sort_in(name);
        }
        listing.segments.sort();
        listing.snapshots.sort();
        listing.cuts.sort();
        listing.spares.sort();
        listing.temporary.sort();
        Ok(listing)
    }

    /// Whether a state of this life can be the newest one: no segment is made before its life is on
    /// disk.
    pub fn check_life(&self, life: Life) -> Result<(), Damage> {
        match self.segments.last() {
            Some((newest, name)) if newest.life > life => {
                let why = format!("it is of life {life}, but {name} is there: an older state");
                Err(Damage::new(STATE, 0, 0, why))
            }
            _ => Ok(()),
        }
    }

    fn sort_in(&mut self, name: String) {
        if name.ends_with(TEMPORARY) {
            return self.temporary.push(name);
        }
        match name.split_once('-') {
            Some(("segment", rest)) => {
                if let Some(sequence) = Sequence::parse(rest) {
                    self.segments.push((sequence, name));
                }
            }
            Some(("snapshot", rest)) => {
                if let Some(key) = parse_snapshot(rest) {
                    self.snapshots.push((key, name));
                }
            }
            Some(("cut", rest)) => {
                if let Some(sequence) = Sequence::parse(rest) {
                    self.cuts.push((sequence, name));
                }
            }
            Some(("spare", _)) => self.spares.push(name),
            _ => match name.as_str() {
                IDENTITY => self.identity = true,
                STATE => self.state = true,
                BALLAST => self.ballast = true,
                _ => {}
            },
        }
    }
}

fn parse_snapshot(text: &str) -> Option<(u64, Index)> {
    let (generation, index) = text.split_once('-')?;
    Some((generation.parse().ok()?, index.parse().ok()?))
}
