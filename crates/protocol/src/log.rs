//! What a replica knows of its log without asking the disk: where it ends, which epochs it is made
//! of, and a window of its newest entries.

use std::collections::VecDeque;

use understudy_evidence::{correct, reached};

use crate::{Entry, Epoch, Index, Limits, Position, Recovered, Time};

/// The log as the core sees it. Entries older than the window are on disk only.
pub(crate) struct Log {
    /// The position before the window's first entry.
    base: Position,
    /// The clocks of the entry there.
    base_time: Time,
    window: VecDeque<Entry>,
    window_bytes: usize,
    /// What the log takes on disk, piece by piece, oldest first: `(last index, bytes)`. At most one piece for
    /// each `piece` bytes of it, and one for each segment of an earlier life.
    pieces: VecDeque<(Index, u64)>,
    /// Bytes after the last piece, and where that is a piece, too.
    growing: u64,
    piece: u64,
    /// First index that `runs` speaks of.
    first: Index,
    /// The runs of one epoch, oldest first: `(epoch, last index)`.
    runs: Vec<(Epoch, Index)>,
    /// End of the newest snapshot.
    pub snapshot: Position,
    /// End of what is on disk.
    pub durable: Index,
    /// End of what every obliged replica holds, as far as known here.
    pub commit: Index,
    /// End of what was given to the machine.
    pub handed: Index,
    /// End of what the machine has executed.
    pub applied: Index,
}

impl Log {
    pub fn new(recovered: &Recovered, limits: &Limits) -> Self {
        let base = recovered.snapshot.position;
        let mut log = Log {
            base,
            base_time: recovered.snapshot.time,
            window: VecDeque::new(),
            window_bytes: 0,
            pieces: recovered.pieces.iter().copied().collect(),
            growing: 0,
            piece: (limits.retain_bytes / 64).clamp(1, 1 << 20),
            first: recovered.first,
            runs: recovered.runs.clone(),
            snapshot: base,
            durable: base.index,
            commit: base.index,
            handed: base.index,
            applied: base.index,
        };
        if recovered.first == base.index + 1 && base.index > 0 {
            log.first = base.index;
            log.runs.insert(0, (base.epoch, base.index));
        }
        for entry in &recovered.entries {
            assert!(entry.follows(log.last()), "recovered entries chain up: entry {}", entry.index);
            log.window_bytes += entry.weight();
            log.window.push_back(entry.clone());
            log.count(entry.index, entry.weight());
        }
        log.durable = log.last().index;
        log.commit = known_commit(recovered).clamp(base.index, log.durable);
        log
    }

    /// The end of the log.
    pub fn last(&self) -> Position {
        self.window.back().map_or(self.base, Entry::position)
    }

    /// The clocks of the last entry, whether or not the window still holds it.
    pub fn last_time(&self) -> Time {
        self.window.back().map_or(self.base_time, |entry| entry.time)
    }

    /// First index and runs, as [`crate::Hello`] tells them.
    pub fn runs(&self) -> (Index, Vec<(Epoch, Index)>) {
        (self.first, self.runs.clone())
    }

    /// The position of an entry in the window, or right before it.
    pub fn position(&self, index: Index) -> Option<Position> {
        if index == self.base.index {
            Some(self.base)
        } else {
            self.get(index).map(Entry::position)
        }
    }

    pub fn get(&self, index: Index) -> Option<&Entry> {
        let offset = index.checked_sub(self.base.index + 1)?;
        self.window.get(usize::try_from(offset).ok()?)
    }

    /// Whether this log, as far as it is known here, does not hold the prefix that ends there.
    pub fn lacks(&self, theirs: Position) -> bool {
        match self.position(theirs.index) {
            Some(mine) => mine != theirs,
            None if theirs.index > self.last().index => true,
            None => self.epoch_at(theirs.index).is_some_and(|epoch| epoch != theirs.epoch),
        }
    }

    /// The epoch of an entry that is retained.
    pub fn epoch_at(&self, index: Index) -> Option<Epoch> {
        run_of(self.first, &self.runs, index).map(|(epoch, _)| epoch)
    }

    /// Bytes of the entries in the window.
    pub fn bytes(&self) -> usize {
        self.window_bytes
    }

    /// Entries that the machine has not been given.
    pub fn unexecuted(&self) -> impl Iterator<Item = &Entry> {
        self.after(self.handed)
    }

    /// Entries of the window after `index`.
    pub fn after(&self, index: Index) -> impl Iterator<Item = &Entry> {
        let known = index.saturating_sub(self.base.index);
        self.window.iter().skip(usize::try_from(known).unwrap_or(usize::MAX))
    }

    /// Entries from `from` on, at least one, about `bytes` of them; `None` below the window.
    pub fn entries(&self, from: Index, bytes: usize) -> Option<Vec<Entry>> {
        let mut out = Vec::new();
        let mut weight = 0;
        let mut at = from;
        while let Some(entry) = self.get(at) {
            weight += entry.weight();
            if !out.is_empty() && weight > bytes {
                break;
            }
            out.push(entry.clone());
            at += 1;
        }
        if out.is_empty() { None } else { Some(out) }
    }

    pub fn push(&mut self, entry: Entry) {
        debug_assert!(entry.follows(self.last()), "entry {} follows the log", entry.index);
        match self.runs.last_mut() {
            Some(run) if run.0 == entry.epoch => run.1 = entry.index,
            _ => self.runs.push((entry.epoch, entry.index)),
        }
        self.window_bytes += entry.weight();
        self.count(entry.index, entry.weight());
        self.window.push_back(entry);
    }

    fn count(&mut self, index: Index, bytes: usize) {
        self.growing += bytes as u64;
        if self.growing >= self.piece {
            self.pieces.push_back((index, std::mem::take(&mut self.growing)));
        }
    }

    /// The end of what lies so far before the end of the snapshot that more than `bytes` are in between: 0 if
    /// all of the log is nearer. Exact to a piece.
    pub fn beyond(&self, bytes: u64) -> Index {
        let mut between = 0;
        let covered = self.pieces.iter().rev().skip_while(|(last, _)| *last > self.snapshot.index);
        for &(last, piece) in covered {
            between += piece;
            if between > bytes {
                return last;
            }
        }
        0
    }

    /// Cuts everything past `after`, which must not be committed.
    pub fn truncate(&mut self, after: Index) {
        assert!(after >= self.commit, "a committed entry is never cut (rule 9)");
        while self.window.back().is_some_and(|e| e.index > after) {
            let entry = self.window.pop_back().expect("the window has a back");
            self.window_bytes -= entry.weight();
        }
        while self.pieces.pop_back_if(|(last, _)| *last > after).is_some() {}
        let counted = self.pieces.back().map_or(0, |(last, _)| *last);
        self.growing = self.after(counted).map(|entry| entry.weight() as u64).sum();
        self.durable = self.durable.min(after);
        let mut start = self.first;
        let mut kept = Vec::new();
        for &(epoch, last) in &self.runs {
            if start <= after {
                kept.push((epoch, last.min(after)));
            }
            start = last + 1;
        }
        self.runs = kept;
    }

    /// Replaces everything by a snapshot that ends at `position`, at that time.
    pub fn reset(&mut self, position: Position, time: Time) {
        self.base = position;
        self.base_time = time;
        self.window.clear();
        self.window_bytes = 0;
        self.pieces.clear();
        self.growing = 0;
        self.first = position.index;
        self.runs = vec![(position.epoch, position.index)];
        self.snapshot = position;
        for pointer in [&mut self.durable, &mut self.commit, &mut self.handed, &mut self.applied] {
            *pointer = position.index;
        }
    }

    /// The machine is what a snapshot of this log says.
    pub fn skip(&mut self, position: Position) {
        self.snapshot = position;
        (self.handed, self.applied) = (position.index, position.index);
    }

    /// Forgets what the window holds beyond `bytes`, but nothing that is still to be executed or
    /// to be made durable.
    pub fn trim(&mut self, bytes: usize) {
        let settled = self.applied.min(self.durable);
        while self.window_bytes > bytes && self.window.front().is_some_and(|e| e.index <= settled) {
            let entry = self.window.pop_front().expect("the window has a front");
            self.window_bytes -= entry.weight();
            self.base = entry.position();
            self.base_time = correct!(entry.time, "time-of-the-snapshot" => self.base_time);
        }
    }

    /// Everything up to `through` leaves the disk. What is known of its last entry stays: a log that
    /// is empty after its snapshot must still find its match.
    pub fn release(&mut self, through: Index) {
        self.runs.retain(|&(_, last)| last >= through);
        while self.pieces.pop_front_if(|(last, _)| *last <= through).is_some() {}
        self.first = self.first.max(through);
    }

    pub fn first(&self) -> Index {
        self.first
    }

    /// Takes note that the disk holds this prefix, unless the log has been cut and regrown since.
    pub fn note_durable(&mut self, position: Position) {
        if position.index > self.durable && self.position(position.index) == Some(position) {
            self.durable = position.index;
        }
    }

    /// The longest prefix shared with a log described by `(first, runs)`: entries with equal
    /// `(index, epoch)` are equal and so is all before them. `None` where the retained parts do not
    /// meet; then only a snapshot helps.
    pub fn matching(&self, first: Index, runs: &[(Epoch, Index)]) -> Option<Index> {
        let theirs = runs.last().map_or(0, |run| run.1);
        let mut at = self.last().index.min(theirs);
        correct!({}, "match-by-length" => return Some(at));
        loop {
            if at == 0 {
                return (self.first <= 1).then_some(0);
            }
            let (mine, my_start) = run_of(self.first, &self.runs, at)?;
            let (their, their_start) = run_of(first, runs, at)?;
            match mine.cmp(&their) {
                std::cmp::Ordering::Equal => return Some(at),
                std::cmp::Ordering::Greater => at = my_start - 1,
                std::cmp::Ordering::Less => at = their_start - 1,
            }
            reached!("log matched after an older epoch");
        }
    }
}

/// How far this log is known to be committed when a life begins.
fn known_commit(recovered: &Recovered) -> Index {
    let told = correct!(recovered.commit, "commit-forgotten" => 0);
    recovered.state.commit.max(told)
}

/// Epoch and start of the run that holds `index`.
fn run_of(first: Index, runs: &[(Epoch, Index)], index: Index) -> Option<(Epoch, Index)> {
    let mut start = first.max(1);
    for &(epoch, last) in runs {
        if index < start {
            return None;
        }
        if index <= last {
            return Some((epoch, start));
        }
        start = last + 1;
    }
    None
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
