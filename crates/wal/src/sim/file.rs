//! A file: what is to be read, what is on the disk, and the changes in between.

use super::fault_counts::FaultCounts;
use super::random::Random;

/// The disk writes pieces of this size, and may be interrupted within one.
const SECTOR: usize = 512;

/// A change that has not been synced.
#[derive(Clone)]
pub(super) enum Change {
    Write { at: usize, data: Vec<u8> },
    Length(usize),
}

/// A file, whatever its name.
#[derive(Clone, Default)]
pub(super) struct Inode {
    /// What is to be read.
    pub content: Vec<u8>,
    /// What is on the disk for sure.
    durable: Vec<u8>,
    pending: Vec<Change>,
}

impl Inode {
    /// A file whose content is on the disk.
    pub fn durable(content: Vec<u8>) -> Self {
        Inode { durable: content.clone(), content, pending: Vec::new() }
    }

    pub fn change(&mut self, change: Change) {
        apply(&mut self.content, &change);
        self.pending.push(change);
    }

    pub fn sync(&mut self) {
        for change in self.pending.drain(..) {
            apply(&mut self.durable, &change);
        }
    }

    /// What was not synced is on the disk in part, or not; none of it will be written any more,
    /// and all of it is still to be read.
    pub fn fail_sync(&mut self, random: &mut Random, faults: &mut FaultCounts) {
        let percent = [0, 50, 100][random.below(3) as usize];
        self.settle(percent, random, faults);
    }

    /// Power loss: each sector of what was not synced is on the disk in `percent` of all cases.
    pub fn crash(&mut self, percent: u64, random: &mut Random, faults: &mut FaultCounts) {
        self.settle(percent, random, faults);
        self.content = self.durable.clone();
    }

    fn settle(&mut self, percent: u64, random: &mut Random, faults: &mut FaultCounts) {
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::Write { at, data } => {
                    let mut written = 0;
                    for (at, piece) in sectors(at, &data) {
                        // Now and then the power goes in the middle of a sector.
                        let torn = random.chance(2);
                        let kept = if torn { random.below(piece.len() as u64) } else { u64::MAX };
                        let piece = &piece[..piece.len().min(kept as usize)];
                        if random.chance(percent) {
                            written += piece.len();
                            apply(&mut self.durable, &Change::Write { at, data: piece.to_vec() });
                        }
                    }
                    faults.lost_writes += u64::from(written == 0 && !data.is_empty());
                    faults.torn_writes += u64::from(written > 0 && written < data.len());
                }
                length if random.chance(percent) => apply(&mut self.durable, &length),
                Change::Length(_) => {}
            }
        }
    }

    /// Flips a bit, where the byte is on the disk already there, too.
    pub fn flip(&mut self, at: usize) {
        for bytes in [&mut self.content, &mut self.durable] {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1;
            }
        }
    }
}

/// The part of a write that falls into each sector, and where it begins.
fn sectors(at: usize, data: &[u8]) -> Vec<(usize, &[u8])> {
    let mut pieces = Vec::new();
    let (mut at, mut rest) = (at, data);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
        pieces.push((at, piece));
        (at, rest) = (at + piece.len(), after);
    }
    pieces
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { at, data } => {
            let end = at + data.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*at..end].copy_from_slice(data);
        }
        Change::Length(bytes) => content.resize(*bytes, 0),
    }
}
