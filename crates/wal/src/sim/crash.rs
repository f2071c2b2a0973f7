//! Power loss.

use super::directory::{Directory, apply};
use super::random::Random;

impl Directory {
    /// The process is gone; the machine is not.
    pub fn reboot(&mut self) {
        self.boot += 1;
        self.locked = false;
        self.stop_at = None;
        self.fail_sync_in = None;
    }

    pub fn crash(&mut self, seed: u64) {
        self.reboot();
        self.random = Random::new(seed);
        let percent = [0, 20, 50, 80, 100][self.random.below(5) as usize];
        self.crash_names(percent);
        for inode in self.inodes.values_mut() {
            inode.crash(percent, &mut self.random, &mut self.faults);
        }
        self.names = self.durable_names.clone();
        let names = &self.names;
        self.inodes.retain(|inode, _| names.values().any(|named| named == inode));
    }

    /// A journal keeps changes of names in order and loses the newest; without one any may be lost.
    fn crash_names(&mut self, percent: u64) {
        let pending = std::mem::take(&mut self.pending);
        let in_order = self.random.chance(50);
        let kept = self.random.below(pending.len() as u64 + 1) as usize;
        for (nth, change) in pending.iter().enumerate() {
            let survives = if in_order { nth < kept } else { self.random.chance(percent) };
            if survives {
                apply(&mut self.durable_names, change);
            }
        }
    }
}
