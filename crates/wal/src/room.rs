//! What a full disk leaves room for.

use std::sync::Arc;

use understudy_evidence::correct;
use understudy_protocol::{Index, Room};

use crate::disk::Disk;
use crate::error::WriteError;
use crate::snapshot::{SnapshotHeader, SnapshotWriter};
use crate::store::Store;

/// How often one may look in vain whether log that a snapshot covers has gone.
const LOOKS: u32 = 4;

impl<D: Disk> Store<D> {
    /// What room there is, as far as was noticed.
    pub fn room(&self) -> Room {
        self.room
    }

    /// Looks what room there is now: whether a batch as large as the last one that was refused would fit, and
    /// the ballast besides.
    pub fn look_for_room(&mut self) -> Result<Room, WriteError> {
        self.guarded(|store| {
            if store.room == Room::None && store.log.has_room()? {
                store.room = Room::Reserve;
            }
            if store.room != Room::None && store.fits_ballast()? && store.log.has_room()? {
                store.room = Room::Ample;
            }
            // A follower that needs log that a snapshot covers may take a while, and no longer.
            store.scarce = if store.room == Room::Scarce { store.scarce + 1 } else { 0 };
            if store.scarce > LOOKS {
                store.room = Room::Reserve;
            }
            Ok(store.room)
        })
    }

    /// The machine, which has executed up to `index`, fits into a snapshot of `bytes`: the next one needs room for
    /// these and what is logged after `index`.
    pub fn expect_snapshot(&mut self, index: Index, bytes: u64) {
        self.machine = Some((index, bytes));
    }

    /// A snapshot found no room: what is kept for it is free from now on, and for nothing else that is large.
    pub fn make_room(&mut self) -> Result<(), WriteError> {
        self.guarded(|store| {
            store.log.discard_spares()?;
            store.give_up_ballast()
        })
    }

    /// Sees to it that the ballast is what it should be. Where that is not to be had, log that a snapshot covers
    /// goes first; without any the disk is as good as full.
    pub(crate) fn hold_ballast(&mut self) -> Result<(), WriteError> {
        if !self.room.is_full() && !self.fits_ballast()? {
            let least = self.least_ballast();
            let is_held = self.ballast.held() >= least || self.ballast.hold(least)?;
            self.room = if is_held && self.may_let_log_go() { Room::Scarce } else { Room::Reserve };
        }
        Ok(())
    }

    fn may_let_log_go(&self) -> bool {
        self.log.covers(self.snapshot_position().index)
    }

    /// What is held while log may go: room for the next snapshot, without which there is no way out of a full disk,
    /// and three quarters of what is always kept.
    fn least_ballast(&self) -> u64 {
        self.wanted.saturating_sub(self.options.ballast_bytes / 4)
    }

    /// [`Store::hold_ballast`], once much was appended.
    pub(crate) fn extend_ballast(&mut self) -> Result<(), WriteError> {
        let step = (self.options.ballast_bytes / 4).max(1);
        match self.log.after_snapshot() >= self.covered + step {
            true => self.hold_ballast(),
            false => Ok(()),
        }
    }

    /// Keeps room for the next snapshot, besides what is always kept: it may be as large as this one and all that
    /// was logged since, unless the machine says less. One that is being written takes what was kept for it.
    fn fits_ballast(&mut self) -> Result<bool, WriteError> {
        let mut bytes = correct!(self.options.ballast_bytes, "no-ballast" => 0);
        if bytes == 0 {
            return self.ballast.hold(0);
        }
        self.covered = self.log.after_snapshot();
        if Arc::strong_count(&self.writing) == 1 {
            let by_log =
                self.covered + self.snapshot.as_ref().map_or(0, |snapshot| snapshot.bytes());
            // One that has not executed what the snapshot covers knows less than that.
            let newest = self.snapshot_position().index;
            let machine = self.machine.filter(|(index, _)| *index >= newest);
            let by_machine = machine.map(|(index, bytes)| bytes + self.log.bytes_after(index));
            bytes += by_log.min(by_machine.unwrap_or(u64::MAX));
        }
        self.wanted = bytes;
        Ok(self.ballast.hold(bytes)? || self.log.discard_spares()? && self.ballast.hold(bytes)?)
    }

    fn give_up_ballast(&mut self) -> Result<(), WriteError> {
        self.room = self.room.min(Room::Reserve);
        self.ballast.give_up()
    }

    /// A write found no room: gives up a part of the ballast while log may go, and then all of it. Gives whether there
    /// was any.
    fn give_up_some(&mut self) -> Result<bool, WriteError> {
        if !self.ballast.is_held() {
            return Ok(false);
        }
        let less = self.ballast.held().saturating_sub(self.options.ballast_bytes / 8);
        if !self.room.is_full() && less >= self.least_ballast() && self.may_let_log_go() {
            self.room = Room::Scarce;
            self.ballast.hold(less)?;
        } else {
            self.give_up_ballast()?;
        }
        Ok(true)
    }

    /// Does something for which there may be no room without the ballast.
    pub(crate) fn with_ballast<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let mut done = work(self);
        while matches!(done, Err(WriteError::NoSpace)) && self.give_up_some()? {
            done = work(self);
        }
        done
    }

    /// A writer of a snapshot, one's own or another's. While it is there, no room is kept for another one.
    pub(crate) fn writer(&self, name: &str, header: SnapshotHeader) -> SnapshotWriter<D> {
        SnapshotWriter::new(self.disk.clone(), name, header, self.writing.clone())
    }
}
