//! The register: linearizable, sometimes slow, sometimes away.

use std::collections::BTreeMap;

use understudy_evidence::correct;

use understudy_protocol::{Event, Observed, Record, RegisterFailure, RegisterUid, WriteAnswer};

use crate::world::id::{HostId, Run};

/// What a replica asked of the register.
#[derive(Clone, Debug)]
pub enum Ask {
    /// A linearizable read.
    Read,
    /// A test-and-set.
    Write {
        /// Over this version of this object.
        base: Box<Observed>,
        /// With this record.
        record: Box<Record>,
    },
}

impl Ask {
    /// What the asker is told when there is no answer.
    pub fn unanswered(&self, why: &str) -> Event {
        match self {
            Ask::Read => Event::RegisterRead(Err(RegisterFailure::Unreachable(why.into()))),
            Ask::Write { .. } => Event::RegisterWritten(WriteAnswer::NoAnswer(why.into())),
        }
    }
}

/// A request under way.
#[derive(Debug)]
pub struct Pending {
    /// Who asked.
    pub host: HostId,
    /// Which of its runs.
    pub run: Run,
    /// What.
    pub ask: Ask,
    /// The asker has its answer, or has stopped to wait.
    pub answered: bool,
    /// It has arrived once.
    pub landed: bool,
}

/// The store of the register.
pub struct Register {
    uid: RegisterUid,
    version: u64,
    record: Option<Record>,
    /// What it said before its last write.
    before: Option<Observed>,
    reads: u64,
    /// Everything that it has said.
    pub past: Vec<Observed>,
    /// The run of a process whose write it says now.
    pub writer: Option<Run>,
    /// Requests under way.
    pub pending: BTreeMap<u64, Pending>,
    /// It answers nobody, and nothing lands.
    pub down: bool,
    /// It has been deleted.
    pub missing: bool,
    /// How long a request takes to arrive, nanoseconds: least and most; answers take as long.
    pub delay: (u64, u64),
    /// One in a thousand writes that land late, after the asker has stopped to wait.
    pub late: u32,
    /// Every write lands so much later than it should, nanoseconds.
    pub write_lag: u64,
    /// One in a thousand answers that are lost.
    pub lost: u32,
    /// One in a thousand writes that land, and are then asked for again without an answer in between.
    pub repeated: u32,
    /// One in a thousand writes right before which somebody edits a label.
    pub edits: u32,
    /// How often it was written.
    pub wins: u64,
}

impl Register {
    /// A blank register.
    pub fn new(uid: u128, delay: (u64, u64)) -> Self {
        Register {
            uid: RegisterUid(uid),
            version: 1,
            record: None,
            before: None,
            reads: 0,
            past: Vec::new(),
            writer: None,
            pending: BTreeMap::new(),
            down: false,
            missing: false,
            delay,
            late: 0,
            write_lag: 0,
            lost: 0,
            repeated: 0,
            edits: 0,
            wins: 0,
        }
    }

    /// What it says.
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// Carries out what was asked.
    pub fn execute(&mut self, ask: &Ask) -> Event {
        match ask {
            Ask::Read if self.missing => {
                Event::RegisterRead(Err(RegisterFailure::Missing("no register".into())))
            }
            Ask::Read => {
                self.reads += 1;
                let cached = self.before.clone().filter(|_| self.is_cached());
                Event::RegisterRead(Ok(cached.unwrap_or_else(|| self.observed())))
            }
            Ask::Write { .. } if self.missing => {
                Event::RegisterWritten(WriteAnswer::NoAnswer("no register".into()))
            }
            Ask::Write { base, record } => {
                let same = base.uid == self.uid && base.version == self.version.to_string();
                if !correct!(same, "unconditional-write" => true) {
                    return Event::RegisterWritten(WriteAnswer::Conflict);
                }
                self.before = Some(self.observed());
                self.version += 1;
                self.wins += 1;
                let record = Some(Record::clone(record));
                self.record = correct!(record, "newest-record-collected" => self.collected(record));
                self.past.push(self.observed());
                Event::RegisterWritten(WriteAnswer::Written)
            }
        }
    }

    /// `newest-record-collected`: what is left where a store has removed the highest record with the old ones.
    fn collected(&self, record: Option<Record>) -> Option<Record> {
        match self.wins.is_multiple_of(4) {
            true => self.before.as_ref().and_then(|before| before.record.clone()),
            false => record,
        }
    }

    /// Whether this read is answered from a cache that lags by one write: in two wrong versions
    /// only, and then now and again.
    fn is_cached(&self) -> bool {
        let third = self.reads.is_multiple_of(3);
        correct!(false, "register-read-from-a-cache" => third, "follow-older-epoch" => third)
    }

    /// Somebody sets a label: the version moves, the record stays.
    pub fn edit(&mut self) {
        self.version += 1;
    }

    /// What a read gives now.
    pub fn observed(&self) -> Observed {
        Observed { uid: self.uid, version: self.version.to_string(), record: self.record.clone() }
    }

    /// An administrator restores what it was before: uid and record of another time.
    pub fn restore(&mut self, observed: &Observed) {
        self.uid = observed.uid;
        self.record.clone_from(&observed.record);
        self.writer = None;
        self.version += 1;
    }

    /// Somebody deletes it and makes a blank one under the same name.
    pub fn replace(&mut self, uid: u128) {
        self.uid = RegisterUid(uid);
        self.record = None;
        self.version = 1;
        self.writer = None;
    }
}
