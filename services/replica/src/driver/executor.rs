//! The machine and what the loop must know of what it has executed.

use understudy_machine::{Input, KvMachine, Machine, Moment, Response, ThawError};
use understudy_protocol::{Entry, Kind, Settings, Snapshot};

/// Bytes of the maps' nodes that an entry copies where a snapshot keeps the old ones, about.
const COPIED: u64 = 4096;
/// Bytes of all nodes for each key.
const NODES: u64 = 256;

/// The machine, the settings behind what it executed, and how much since the last snapshot.
pub(crate) struct Executor {
    pub machine: KvMachine,
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

impl Executor {
    /// The machine behind a snapshot, or an empty one where there is none.
    pub fn thaw(source: Option<impl std::io::Read>, at: Snapshot) -> Result<Self, ThawError> {
        let machine = match source {
            Some(mut source) => KvMachine::thaw(&mut source)?,
            None => KvMachine::new(),
        };
        Ok(Executor::behind(machine, at))
    }

    /// An empty machine, in the place of one that is about to be made.
    pub fn empty() -> Self {
        Executor::behind(KvMachine::new(), Snapshot::default())
    }

    fn behind(machine: KvMachine, at: Snapshot) -> Self {
        let (bytes, entries) = (0, 0);
        Executor { machine, at, bytes, entries, writing: false, kept: None, renew: false }
    }

    /// Executes one entry; gives the answer and the digest behind it.
    pub fn execute(&mut self, entry: &Entry) -> (Response, u64) {
        let moment =
            Moment { index: entry.index, wall: entry.time.wall, elapsed: entry.time.elapsed };
        let input = match entry.kind {
            Kind::Open => Input::Open,
            Kind::Command => Input::Command(&entry.payload),
            Kind::Tick => Input::Tick,
            Kind::Settings => Input::Settings,
        };
        let response = self.machine.apply(moment, input);
        let mut settings = self.at.settings;
        if entry.kind == Kind::Settings
            && let Some(changed) = Settings::decode(&entry.payload)
        {
            settings = changed;
        }
        self.at = Snapshot { position: entry.position(), time: entry.time, settings };
        self.bytes += entry.weight() as u64;
        self.entries += 1;
        (response, self.machine.digest())
    }

    /// The newest snapshot cannot be read. What it held is in memory still.
    pub fn renew(&mut self) {
        self.renew = true;
    }

    /// Whether a snapshot is wanted at the next entry.
    pub fn is_to_renew(&self) -> bool {
        self.renew
    }

    /// A frozen machine once `every` bytes were executed, or the newest snapshot is to be renewed, and
    /// no other is being written.
    pub fn due(&mut self, every: u64) -> Option<(understudy_machine::FrozenKv, Snapshot)> {
        if self.writing || self.bytes < every && !self.renew {
            return None;
        }
        (self.writing, self.renew) = (true, false);
        self.kept = Some(self.machine.usage().memory);
        (self.bytes, self.entries) = (0, 0);
        Some((self.machine.freeze(), self.at))
    }

    /// Bytes of memory that the state takes together with the snapshot that is being written, about: what
    /// that began with, what came in since, and the maps' nodes that were copied for it. 0 where none is.
    pub fn taken_while_writing(&self) -> u64 {
        let Some(kept) = self.kept else { return 0 };
        let nodes = (self.entries * COPIED).min(self.machine.usage().keys * NODES);
        kept + self.bytes + self.bytes / 4 + nodes
    }

    /// The snapshot under way is on disk, and keeps nothing in memory any more.
    pub fn let_go(&mut self) {
        self.kept = None;
    }

    /// The snapshot under way has ended, one way or another.
    pub fn written(&mut self) {
        self.writing = false;
        self.kept = None;
    }
}

#[cfg(test)]
mod tests {
    use understudy_machine::{Command, Put};
    use understudy_protocol::Time;

    use super::*;

    #[test]
    fn a_snapshot_that_cannot_be_read_is_made_anew_at_once() {
        let mut executor = Executor::thaw(None::<&[u8]>, Snapshot::default()).unwrap();
        assert!(executor.due(u64::MAX).is_none(), "nothing was executed");
        executor.renew();
        assert!(executor.is_to_renew());
        assert!(executor.due(u64::MAX).is_some());
        assert!(!executor.is_to_renew() && executor.due(0).is_none(), "one at a time");
        executor.written();
        assert!(executor.due(u64::MAX).is_none(), "and one is enough");
    }

    #[test]
    fn a_snapshot_keeps_what_there_was_and_what_came_since_comes_on_top() {
        let mut executor = Executor::thaw(None::<&[u8]>, Snapshot::default()).unwrap();
        let put = |executor: &mut Executor| {
            let payload = Command::new(Put::new("key", vec![7; 1 << 20])).to_payload();
            let (position, time) = (executor.at.position, Time::default());
            executor.execute(&Entry::after(position, 1, time, Kind::Command, payload));
        };
        put(&mut executor);
        assert_eq!(executor.taken_while_writing(), 0, "none is being written");
        let (frozen, _) = executor.due(0).unwrap();
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
