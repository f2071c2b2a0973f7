//! What the host logs on its own: what of it is on its way into the log, and when it may come next.

use understudy_protocol::{MS, Now, RequestId};

/// Between two ticks of logged time, nanoseconds: one that is turned away must not come back at once.
const TICK_PAUSE: u64 = 20 * MS;
/// Between two looks at what memory the others have, nanoseconds.
const LOOK: u64 = 20 * MS;

/// What of it is on its way into the log, one of each at most, and when it may come next.
#[derive(Default)]
pub(crate) struct Upkeep {
    tick: Option<RequestId>,
    tick_at: u64,
    memory: Option<RequestId>,
    memory_at: u64,
}

impl Upkeep {
    /// Whether a tick may be proposed.
    pub fn may_tick(&self, now: Now) -> bool {
        self.tick.is_none() && now.mono >= self.tick_at
    }

    /// A tick is proposed.
    pub fn tick(&mut self, now: Now, id: RequestId) {
        self.tick_at = now.mono + TICK_PAUSE;
        self.tick = Some(id);
    }

    /// Whether it is time to look at the memory; if so, the next time comes later.
    pub fn look_at_memory(&mut self, now: Now) -> bool {
        let due = now.mono >= self.memory_at && self.memory.is_none();
        if due {
            self.memory_at = now.mono + LOOK;
        }
        due
    }

    /// An order about memory is proposed.
    pub fn limit_memory(&mut self, id: RequestId) {
        self.memory = Some(id);
    }

    /// A request was executed, or will not be.
    pub fn settle(&mut self, id: RequestId) {
        self.tick.take_if(|tick| *tick == id);
        self.memory.take_if(|order| *order == id);
    }
}
