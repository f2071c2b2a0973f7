//! Looks at a data directory without changing anything: reads only, takes no lock.

use std::io;

use understudy_protocol::{ClusterId, HardState, Incarnation, Index, Life, Position};

use crate::disk::{Disk, DiskFile};
use crate::error::{Damage, OpenError, ReadError};
use crate::identity::Identity;
use crate::listing::{IDENTITY, Listing, STATE, Sequence};
use crate::log::{Entries, Found, Lineage};
use crate::open::{has_history, lineage};
use crate::slots::{Slot, Slots};
use crate::snapshot::SnapshotFile;

/// What a data directory holds and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Which copy of the log; `None` when that cannot be read.
    pub incarnation: Option<Incarnation>,
    /// The last life.
    pub life: Life,
    /// Whether it ended in order, or the directory is blank.
    pub clean: bool,
    /// The cluster; `None` while the directory is blank.
    pub cluster: Option<ClusterId>,
    /// The hard state: epoch, commit index, reason for a halt.
    pub state: HardState,
    /// The newest snapshot.
    pub snapshot: Option<Position>,
    /// First index of the log; 0 for none.
    pub first: Index,
    /// Last index of the log; 0 for none. In a directory that is in use it may move on.
    pub last: Index,
    /// The log's files, oldest first.
    pub segments: Vec<SegmentReport>,
    /// Everything that keeps the directory from being opened, as one line each would say it.
    pub problems: Vec<Damage>,
}

/// One file of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentReport {
    /// Its name.
    pub file: String,
    /// Index of its first record.
    pub first: Index,
    /// Index of its last whole record; `first - 1` for none.
    pub last: Index,
    /// Its length, bytes.
    pub bytes: u64,
}

/// Reads the whole directory and checks every checksum.
pub fn verify<D: Disk>(disk: &D) -> io::Result<Report> {
    let listing = Listing::read(disk)?;
    let mut report = Report::default();
    report.read_identity(disk, &listing);
    let slot = report.read_state(disk, &listing);
    report.clean = slot.clean || !has_history(disk, &listing);
    let snapshot = report.read_snapshot(disk, &listing);
    match lineage(&slot, snapshot.as_ref()) {
        Ok(lineage) => report.read_log(disk, &listing, &lineage),
        Err(error) => report.problem("snapshot-*", error),
    }
    Ok(report)
}

/// Every entry of the log, oldest first, for printing. Opens nothing for writing.
pub fn entries<D: Disk>(disk: &D) -> Result<Entries<D>, OpenError> {
    let listed = Listing::read(disk);
    let listing = listed.map_err(OpenError::io(format!("list {}", disk.place())))?;
    let slot = Slots::peek(disk)?;
    let newest = listing.snapshots.last();
    let snapshot = newest.map(|(_, name)| SnapshotFile::open(disk, name)).transpose()?;
    Ok(Entries::new(disk.clone(), lineage(&slot, snapshot.as_ref())?, listing.segments))
}

impl Report {
    fn problem(&mut self, file: &str, error: OpenError) {
        self.problems.push(match error {
            OpenError::Damaged(damage) => damage,
            other => Damage::new(file, 0, 0, other.to_string()),
        });
    }

    fn read_identity<D: Disk>(&mut self, disk: &D, listing: &Listing) {
        if !listing.identity {
            if has_history(disk, listing) {
                self.problems.push(Damage::new(IDENTITY, 0, 0, "the file is missing"));
            }
            return;
        }
        match Identity::read(disk) {
            Ok((identity, original)) => {
                self.incarnation = Some(identity.incarnation);
                if !original {
                    self.problem(IDENTITY, OpenError::Copied { dir: disk.place() });
                }
            }
            Err(error) => self.problem(IDENTITY, error),
        }
    }

    fn read_state<D: Disk>(&mut self, disk: &D, listing: &Listing) -> Slot {
        if !listing.state {
            if listing.identity {
                self.problems.push(Damage::new(STATE, 0, 0, "the file is missing"));
            }
            return Slot::default();
        }
        let slot = match Slots::peek(disk) {
            Ok(slot) => {
                self.problems.extend(listing.check_life(slot.life).err());
                slot
            }
            Err(error) => {
                self.problem(STATE, error);
                Slot::default()
            }
        };
        self.life = slot.life;
        self.cluster = slot.state.cluster;
        self.state = slot.state.clone();
        slot
    }

    fn read_snapshot<D: Disk>(
        &mut self,
        disk: &D,
        listing: &Listing,
    ) -> Option<SnapshotFile<D::File>> {
        let (key, name) = listing.snapshots.last()?;
        let opened = SnapshotFile::open(disk, name);
        let snapshot = opened.map_err(|error| self.problem(name, error)).ok()?;
        if let Err(error) = snapshot.check_name(*key) {
            self.problem(name, error);
        }
        match snapshot.verify() {
            Ok(()) => {}
            Err(ReadError::Damaged(damage)) => self.problems.push(damage),
            Err(other) => self.problems.push(Damage::new(name, 0, 0, other.to_string())),
        }
        self.snapshot = Some(snapshot.header.snapshot.position);
        Some(snapshot)
    }

    fn read_log<D: Disk>(&mut self, disk: &D, listing: &Listing, lineage: &Lineage) {
        let mut good = Vec::new();
        for (sequence, name) in &listing.segments {
            match open(disk, *sequence, name, lineage) {
                Ok(found) => good.push(found),
                Err(error) => self.problem(name, error),
            }
        }
        let kept = match lineage.sort_out(good) {
            Ok((kept, _)) => kept,
            Err(error) => return self.problem("segment-*", error),
        };
        let mut at_base = None;
        for (nth, found) in kept.iter().enumerate() {
            let next = kept.get(nth + 1).map(|next| next.header.previous);
            self.read_segment(found, next, lineage, &mut at_base);
        }
        let oldest = self.segments.first().map(|s| (s.file.as_str(), s.first));
        // One problem is enough: what follows from it needs no line of its own.
        if self.problems.is_empty()
            && let Err(damage) = lineage.check(oldest, at_base)
        {
            self.problems.push(damage);
        }
        self.first = self.segments.first().map_or(0, |segment| segment.first);
        self.last = self.segments.last().map_or(lineage.base.index, |segment| segment.last);
    }

    fn read_segment<F: DiskFile>(
        &mut self,
        found: &Found<F>,
        next: Option<Position>,
        lineage: &Lineage,
        at_base: &mut Option<Position>,
    ) {
        let previous = found.header.previous;
        let mut last = previous.index;
        let mut pass = |position: Position| {
            last = position.index;
            if position.index == lineage.base.index {
                *at_base = Some(position);
            }
        };
        pass(previous);
        let scanned = found.scan(next, lineage, |entry| pass(entry.position()));
        let (file, first, bytes) = (found.name.clone(), previous.index + 1, found.length);
        self.segments.push(SegmentReport { file, first, last, bytes });
        if let Err(error) = scanned {
            self.problem(&found.name, error);
        }
    }
}

fn open<D: Disk>(
    disk: &D,
    sequence: Sequence,
    name: &str,
    lineage: &Lineage,
) -> Result<Found<D::File>, OpenError> {
    let file = disk.open_read(name).map_err(OpenError::io(format!("open {name}")))?;
    let found = Found::read(name, sequence, file)?;
    lineage.judge(&found)?;
    Ok(found)
}
