//! How long things live without use: sessions and leases.

use imbl::OrdSet;

/// How long something lives without use, and when it was used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Life {
    /// Lifetime without use, nanoseconds.
    pub ttl: u64,
    /// Logged elapsed time of the last use.
    pub used: u64,
    /// When the queue looks at it next: not after its real deadline.
    pub due: u64,
}

impl Life {
    pub fn new(ttl: u64, now: u64) -> Self {
        Life { ttl, used: now, due: now.saturating_add(ttl) }
    }
}

/// The deadlines of all lives of one kind, each named by a number.
///
/// *Expiry is lazy.* A use only notes the time; the queue keeps the deadline that it knew, which
/// is never after the real one, and looks again when that comes. So a use costs no reordering, and a new
/// epoch renews everyone by moving one mark.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deadlines {
    /// `(due, id)` of all that live.
    queue: OrdSet<(u64, u64)>,
    /// Logged elapsed time of the newest epoch's opening: nobody's lifetime began before it.
    opened: u64,
}

impl Deadlines {
    /// None yet, in the epoch that opened then.
    pub fn since(opened: u64) -> Self {
        Deadlines { opened, ..Deadlines::default() }
    }

    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// A new epoch: everyone alive gets a full lifetime again.
    pub fn renew_all(&mut self, now: u64) {
        self.opened = now;
    }

    pub fn add(&mut self, id: u64, life: &Life) {
        self.queue.insert((life.due, id));
    }

    pub fn remove(&mut self, id: u64, life: &Life) {
        self.queue.remove(&(life.due, id));
    }

    /// When the queue has something to look at.
    pub fn first(&self) -> Option<u64> {
        self.queue.get_min().map(|(due, _)| *due)
    }

    /// Whom the queue has to look at by now.
    pub fn due(&self, now: u64) -> Option<u64> {
        self.queue.get_min().filter(|(due, _)| *due <= now).map(|(_, id)| *id)
    }

    /// When a life ends if it is not used again: it lives before, and is over from then on.
    pub fn end(&self, life: &Life) -> u64 {
        life.used.max(self.opened).saturating_add(life.ttl)
    }

    pub fn is_over(&self, life: &Life, now: u64) -> bool {
        self.end(life) <= now
    }

    /// Looks at a life that is [due](Deadlines::due): over, or to be looked at again.
    pub fn look(&mut self, id: u64, life: &mut Life, now: u64) -> bool {
        if self.is_over(life, now) {
            return true;
        }
        self.remove(id, life);
        life.due = self.end(life);
        self.add(id, life);
        false
    }
}
