//! A disk that runs out of room, and what is done about it.

use understudy_machine::Machine;
use understudy_protocol::{Event, Now, Room};
use understudy_wal::Disk;

use crate::{Host, Level, Waiter};

/// A snapshot that lets log go where room is scarce comes after this part of what it takes otherwise.
const EARLY: u64 = 8;

impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    /// Whether a full disk has room again: on its own, or once a snapshot has let the log go.
    pub(crate) fn look_for_room(&mut self, now: Now) {
        if self.disk.room() == Room::Ample || !self.room_watch.look(now) {
            return;
        }
        let retried = self.disk.retry();
        self.after_write(retried.map(|()| None));
        self.ask_for_sync();
        let news = self.executor.at.position.index > self.disk.snapshot_index();
        if !self.disk.room().is_full() || !self.room_watch.may_save(now) || !news {
            return;
        }
        self.room_watch.save(now);
        self.save_when_due(0);
    }

    /// Tells the protocol when room on the disk runs out or comes back.
    pub(crate) fn report_room(&mut self) {
        let room = self.disk.room();
        let Some(before) = self.room_watch.change(room) else { return };
        match (before.is_full(), room.is_full()) {
            (true, false) => self.note(Level::Info, "the disk has room again".into()),
            (false, true) => self.note(
                Level::Error,
                "the disk is full: writes are refused but for what frees room, reads go on; make room".into(),
            ),
            (true, true) | (false, false) => {}
        }
        if room == Room::Scarce {
            self.save_when_due(self.options.snapshot_bytes / EARLY);
        }
        self.changed = true;
        self.events.push_back(Event::Space(room));
    }
}
