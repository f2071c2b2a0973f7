//! The machine and what the loop must know of what it has executed.

use understudy_machine::{Input, KvMachine, Machine, Moment, Response, ThawError};
use understudy_protocol::{Entry, Kind, Settings, Snapshot};

/// The machine, the settings behind what it executed, and how much since the last snapshot.
pub(crate) struct Executor {
    pub machine: KvMachine,
    /// What a snapshot taken now would stand for.
    pub at: Snapshot,
    /// Bytes of entries executed since the last snapshot began.
    bytes: u64,
    /// A snapshot is being written.
    writing: bool,
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
        Ok(Executor { machine, at, bytes: 0, writing: false, renew: false })
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
        self.bytes = 0;
        Some((self.machine.freeze(), self.at))
    }

    /// A frozen machine now, unless a snapshot is being written.
    pub fn freeze(&mut self) -> Option<(understudy_machine::FrozenKv, Snapshot)> {
        self.due(0)
    }

    /// The snapshot under way has ended, one way or another.
    pub fn written(&mut self) {
        self.writing = false;
    }
}

#[cfg(test)]
mod tests {
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
}
