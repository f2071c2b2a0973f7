//! Brings the log back when a life begins.

use understudy_evidence::correct;
use understudy_protocol::{Entry, Index, Life, Position};

use super::Log;
use super::found::{Found, Lineage, find};
use super::replayed::Replayed;
use super::scan::{Bounds, Scanned, scan};
use crate::disk::{Disk, DiskFile};
use crate::error::{Damage, OpenError};
use crate::listing::Listing;
use crate::options::Options;

impl<D: Disk> Log<D> {
    /// Reads and judges every segment; then, and only if all is well, wipes what a crash left of
    /// records that count for nothing, and makes the tail durable again.
    pub fn open(
        disk: &D,
        options: &Options,
        listing: &Listing,
        lineage: Lineage,
        life: Life,
    ) -> Result<(Self, Replayed), OpenError> {
        let (kept, superseded) = lineage.sort_out(find(disk, &listing.segments)?)?;
        let mut replayed = Replayed::default();
        let mut log = Log {
            disk: disk.clone(),
            options: options.clone(),
            life,
            cluster: lineage.cluster,
            generation: lineage.generation,
            count: 0,
            segments: Default::default(),
            spares: listing.spares.clone(),
            last: lineage.base,
            synced: lineage.base.index,
            commit: 0,
            wanted: 0,
            buffer: Vec::new(),
            after_snapshot: 0,
        };
        let next: Vec<_> = kept.iter().skip(1).map(|found| found.header.previous).collect();
        for (nth, found) in kept.into_iter().enumerate() {
            log.replay(found, next.get(nth).copied(), &lineage, &mut replayed)?;
        }
        let oldest = log.segments.front().map(|s| (s.name.as_str(), s.first()));
        lineage.check(oldest, replayed.base)?;
        let wipe = if lineage.cut.is_some() { u64::MAX } else { replayed.wipe };
        correct!(log.renew(wipe)?, "tail-not-renewed" => log.synced = log.last.index);
        for found in superseded {
            log.retire(found.into_segment(Vec::new(), 0)).map_err(|e| retire_failed(disk, e))?;
        }
        log.note_snapshot(lineage.base.index);
        log.discard_extra_spares().map_err(|e| retire_failed(disk, e))?;
        Ok((log, replayed))
    }

    /// Reads one segment, which goes up to `next`, where another follows.
    fn replay(
        &mut self,
        found: Found<D::File>,
        next: Option<Position>,
        lineage: &Lineage,
        replayed: &mut Replayed,
    ) -> Result<(), OpenError> {
        let base = lineage.base.index;
        replayed.pass(found.header.previous, base);
        let scanned = found.scan(next, lineage, |entry| replayed.take(entry, base))?;
        replayed.wipe = scanned.wipe as u64;
        self.last = scanned.last;
        self.commit = self.commit.max(scanned.commit).min(scanned.last.index);
        self.synced = scanned.synced.max(lineage.floor).min(scanned.last.index);
        self.segments.push_back(found.into_segment(scanned.offsets, scanned.end as u64));
        Ok(())
    }

    /// Wipes the torn tail and writes what may not be durable once more: a sync may have failed in
    /// the last life, and then the page cache shows what the disk does not have.
    fn renew(&mut self, wipe: u64) -> Result<(), OpenError> {
        let Some(active) = self.segments.back() else { return Ok(()) };
        let io = || OpenError::io(format!("write {}", active.name));
        let wipe = wipe.min(active.filled);
        let from = active.offset((self.synced + 1).max(active.first()));
        let tail = active.file.read_vec(from, (active.end - from) as usize).map_err(io())?;
        active.file.write_at(&tail, from).map_err(io())?;
        active.file.write_zeros(active.end, wipe).map_err(io())?;
        if from < active.end || active.end < wipe {
            active.file.sync().map_err(io())?;
        }
        self.synced = self.last.index;
        Ok(())
    }
}

fn retire_failed<D: Disk>(disk: &D, error: crate::error::WriteError) -> OpenError {
    let what = format!("tidy up {}", disk.place());
    OpenError::io(what)(std::io::Error::other(error))
}

impl<F: DiskFile> Found<F> {
    /// Reads its records, as far as the log goes.
    pub fn scan(
        &self,
        next: Option<Position>,
        lineage: &Lineage,
        each: impl FnMut(Entry),
    ) -> Result<Scanned, OpenError> {
        let floor = lineage.cut.map_or(lineage.floor, |after| lineage.floor.min(after));
        let bounds = match next {
            Some(next) => Bounds { limit: next.index, floor: next.index },
            None => Bounds { limit: lineage.cut.unwrap_or(Index::MAX), floor },
        };
        let scanned = scan(&self.name, &self.header, &self.bytes()?, bounds, each)?;
        if let Some(next) = next
            && scanned.last != next
        {
            let why = "the next segment follows another entry";
            return Err(Damage::new(&self.name, scanned.end as u64, next.index, why).into());
        }
        Ok(scanned)
    }
}
