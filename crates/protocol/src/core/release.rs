//! Which log need not be kept.

use understudy_evidence::reached;

use super::Core;
use crate::{Effect, Index, Room};

impl Core {
    /// Lets go of log that a snapshot covers, but for a stretch that a lagging follower may need.
    pub fn release(&mut self) {
        self.release_through(self.releasable());
    }

    /// What need not be kept for followers that come back: where room is scarce, nothing that a snapshot covers.
    pub fn releasable(&self) -> Index {
        let (snapshot, limits) = (self.log.snapshot.index, &self.config.limits);
        match self.room {
            Room::Ample => {
                let by_entries = snapshot.saturating_sub(limits.retain);
                by_entries.max(self.log.beyond(limits.retain_bytes))
            }
            Room::Scarce | Room::Reserve | Room::None => snapshot,
        }
    }

    pub fn release_through(&mut self, through: Index) {
        if through > self.log.first() {
            if self.room == Room::Scarce {
                reached!("log let go where room was scarce");
            }
            self.log.release(through);
            self.out.push(Effect::Release { through });
        }
    }
}
