//! What room the disk had when the protocol was told last, and when it is looked at next.

use understudy_protocol::{MS, Now, Room};

/// How often a full disk is looked at, nanoseconds.
const LOOK_AGAIN: u64 = 50 * MS;
/// Between two snapshots that are made for the room that they give, nanoseconds.
const SAVE_AGAIN: u64 = 5000 * MS;

/// The room that was last reported to the protocol, and when the disk is checked next.
#[derive(Default)]
pub(crate) struct RoomWatch {
    room: Room,
    look_at: u64,
    save_at: u64,
}

impl RoomWatch {
    /// Whether it is time to look at a full disk; if so, the next time comes later.
    pub fn look(&mut self, now: Now) -> bool {
        let due = now.mono >= self.look_at;
        if due {
            self.look_at = now.mono + LOOK_AGAIN;
        }
        due
    }

    /// Whether a snapshot may be made for the room that it gives.
    pub fn may_save(&self, now: Now) -> bool {
        now.mono >= self.save_at
    }

    /// One is made.
    pub fn save(&mut self, now: Now) {
        self.save_at = now.mono + SAVE_AGAIN;
    }

    /// The disk has this room: the room before, if that was another.
    pub fn change(&mut self, room: Room) -> Option<Room> {
        let before = std::mem::replace(&mut self.room, room);
        (before != room).then_some(before)
    }
}
