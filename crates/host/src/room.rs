//! A disk that runs out of room, and what is done about it.

use understudy_machine::Machine;
use understudy_protocol::{Event, MS, Now, Room};
use understudy_wal::Disk;

use crate::{Host, Level, Waiter};

/// How often a full disk is looked at, nanoseconds.
const LOOK_AGAIN: u64 = 50 * MS;
/// Between two snapshots that are made for the room that they give, nanoseconds.
const SAVE_AGAIN: u64 = 5000 * MS;
/// A snapshot that lets log go where room is scarce comes after this part of what it takes otherwise.
const EARLY: u64 = 8;

/// The room that was last reported to the protocol, and when the disk is checked next.
#[derive(Default)]
pub(crate) struct Looks {
    room: Room,
    look_at: u64,
    save_at: u64,
}

impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    /// Whether a full disk has room again: on its own, or once a snapshot has let the log go.
    pub(crate) fn look_for_room(&mut self, now: Now) {
        if self.disk.room() == Room::Ample || now.mono < self.looks.look_at {
            return;
        }
        self.looks.look_at = now.mono + LOOK_AGAIN;
        let retried = self.disk.retry();
        self.after_write(retried.map(|()| None));
        self.ask_for_sync();
        let news = self.executor.at.position.index > self.disk.snapshot_index();
        if !self.disk.room().is_full() || now.mono < self.looks.save_at || !news {
            return;
        }
        self.looks.save_at = now.mono + SAVE_AGAIN;
        self.save_when_due(0);
    }

    /// Tells the protocol when room on the disk runs out or comes back.
    pub(crate) fn report_room(&mut self) {
        let room = self.disk.room();
        if room == self.looks.room {
            return;
        }
        match (self.looks.room.is_full(), room.is_full()) {
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
        self.looks.room = room;
        self.changed = true;
        self.events.push_back(Event::Space(room));
    }
}
