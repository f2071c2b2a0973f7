//! The machine, and what must be known of what it has executed.

use understudy_evidence::correct;
use understudy_machine::{Input, Machine, Moment};
use understudy_protocol::{Entry, Kind, Now, Settings, Snapshot};

/// The machine, the settings after what it executed, and how much since the last snapshot.
pub(crate) struct Executor<M: Machine> {
    pub machine: M,
    /// What a snapshot taken now would stand for.
    pub at: Snapshot,
    /// Bytes of entries executed since the last snapshot began.
    bytes: u64,
    entries: u64,
    /// A snapshot is being written.
    writing: bool,
    /// Bytes of memory that it keeps, as long as it does: what the state took when it began.
    kept: Option<u64>,
    /// The newest snapshot cannot be read: another one is wanted whatever was executed since.
    renew: bool,
}

impl<M: Machine> Executor<M> {
    /// The machine of a snapshot.
    pub fn new(machine: M, at: Snapshot) -> Self {
        let (bytes, entries) = (0, 0);
        Executor { machine, at, bytes, entries, writing: false, kept: None, renew: false }
    }

    /// Executes one entry.
    pub fn execute(&mut self, now: Now, entry: &Entry) -> M::Output {
        let elapsed = correct!(entry.time.elapsed, "local-clock-expires" => now.mono);
        let moment = Moment { index: entry.index, wall: entry.time.wall, elapsed };
        let input = match entry.kind {
            Kind::Open => Input::Open,
            Kind::Command => Input::Command(&entry.payload),
            Kind::Tick => Input::Tick,
            Kind::Settings => Input::Settings,
        };
        let output = self.machine.apply(moment, input);
        if entry.kind == Kind::Settings
            && let Some(changed) = Settings::decode(&entry.payload)
        {
            self.at.settings = changed;
        }
        (self.at.position, self.at.time) = (entry.position(), entry.time);
        self.bytes += entry.weight() as u64;
        self.entries += 1;
        output
    }

    /// The newest snapshot cannot be read. What it held is in memory still.
    pub fn renew(&mut self) {
        self.renew = true;
    }

    /// Whether a snapshot is wanted at the next entry, whatever was executed.
    pub fn is_to_renew(&self) -> bool {
        self.renew && !self.writing
    }

    /// A frozen machine once `every` bytes were executed, or the newest snapshot is to be renewed, and
    /// no other is being written.
    pub fn due(&mut self, every: u64) -> Option<M::Frozen> {
        if self.writing || self.bytes < every && !self.renew {
            return None;
        }
        self.writing = true;
        self.kept = Some(self.machine.memory());
        (self.bytes, self.entries) = (0, 0);
        Some(self.machine.freeze())
    }

    /// Bytes of memory that the state takes together with the snapshot that is being written, about: what
    /// that began with, what came in since, and what was copied for it. 0 where none is.
    pub fn taken_while_writing(&self) -> u64 {
        let Some(kept) = self.kept else { return 0 };
        kept + self.bytes + self.bytes / 4 + self.machine.copied_bytes(self.entries)
    }

    /// The snapshot under way is on disk, and keeps nothing in memory any more.
    pub fn let_go(&mut self) {
        self.kept = None;
    }

    /// The snapshot under way is the newest one.
    pub fn saved(&mut self) {
        self.renew = false;
        self.given_up();
    }

    /// The snapshot under way has come to nothing.
    pub fn given_up(&mut self) {
        self.writing = false;
        self.kept = None;
    }
}

#[cfg(test)]
mod tests {
    use understudy_machine::{Command, KvMachine, Put};
    use understudy_protocol::Time;

    use super::*;

    fn executor() -> Executor<KvMachine> {
        Executor::new(KvMachine::new(), Snapshot::default())
    }

    #[test]
    fn a_snapshot_that_cannot_be_read_is_made_anew_at_once() {
        let mut executor = executor();
        assert!(executor.due(u64::MAX).is_none(), "nothing was executed");
        executor.renew();
        assert!(executor.is_to_renew());
        assert!(executor.due(u64::MAX).is_some());
        assert!(!executor.is_to_renew() && executor.due(0).is_none(), "one at a time");
        executor.given_up();
        assert!(executor.is_to_renew() && executor.due(u64::MAX).is_some(), "until there is one");
        executor.saved();
        assert!(executor.due(u64::MAX).is_none(), "and one is enough");
    }

    #[test]
    fn a_snapshot_keeps_what_there_was_and_what_came_since_comes_on_top() {
        let mut executor = executor();
        let put = |executor: &mut Executor<KvMachine>| {
            let payload = Command::new(Put::new("key", vec![7; 1 << 20])).to_payload();
            let (position, time) = (executor.at.position, Time::default());
            let entry = Entry::after(position, 1, time, Kind::Command, payload);
            executor.execute(Now::default(), &entry);
        };
        put(&mut executor);
        assert_eq!(executor.taken_while_writing(), 0, "none is being written");
        let frozen = executor.due(0).unwrap();
        let kept = executor.machine.usage().memory;
        assert_eq!(executor.taken_while_writing(), kept);
        (0..10).for_each(|_| put(&mut executor));
        assert!(executor.taken_while_writing() >= kept + (10 << 20));
        drop(frozen);
        executor.let_go();
        assert_eq!(executor.taken_while_writing(), 0);
        assert!(executor.due(0).is_none(), "it waits for its commit");
    }
}
