//! Numbers and positions that are near those of the replica, or far off.

use arbitrary::Arbitrary;
use understudy_protocol::{Entry, Kind, Position, Time};

use super::world::World;

/// A number, seen from the replica.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Number {
    Last(i8),
    Commit(i8),
    Epoch(i8),
    Small(u8),
    BelowMax(u8),
    Any(u64),
}

impl Number {
    pub fn of(self, world: &World) -> u64 {
        let status = world.status();
        let near = |n: u64, by: i8| n.saturating_add_signed(by.into());
        match self {
            Number::Last(by) => near(status.last, by),
            Number::Commit(by) => near(status.commit, by),
            Number::Epoch(by) => near(status.epoch, by),
            Number::Small(n) => n.into(),
            Number::BelowMax(n) => u64::MAX - u64::from(n),
            Number::Any(n) => n,
        }
    }
}

/// The end of a prefix: one that the replica has, or not.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Place {
    Here(Number),
    End,
    Zero,
    Any(Number, Number, u64),
}

impl Place {
    pub fn of(self, world: &World) -> Position {
        match self {
            Place::Here(index) => world.disk.position(index.of(world)),
            Place::End => world.disk.last(),
            Place::Zero => Position::default(),
            Place::Any(index, epoch, hash) => {
                Position { index: index.of(world), epoch: epoch.of(world), hash }
            }
        }
    }
}

/// Entries after a place, in order or not.
#[derive(Arbitrary, Clone, Debug)]
pub struct Run {
    count: u8,
    epoch: Number,
    wall: Number,
    elapsed: Number,
    kind: u8,
    payload: u8,
    broken: bool,
}

impl Run {
    pub fn after(self, previous: Position, world: &World) -> Vec<Entry> {
        let mut last = previous;
        let mut entries = Vec::new();
        for _ in 0..self.count % 5 {
            if last.index == u64::MAX {
                break;
            }
            let time = Time { wall: self.wall.of(world), elapsed: self.elapsed.of(world) };
            let kind = Kind::from_u8(1 + self.kind % 4).expect("1 to 4 are kinds");
            let payload = vec![self.payload; usize::from(self.payload % 40)].into();
            let mut entry = Entry::after(last, self.epoch.of(world), time, kind, payload);
            entry.hash ^= u64::from(self.broken);
            last = entry.position();
            entries.push(entry);
        }
        entries
    }
}
