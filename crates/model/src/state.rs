//! The state of everything in one small value.

use std::hash::{Hash, Hasher};

use crate::bounds::Bounds;
use crate::log::{Entry, Log};
use crate::names::{Copied, Members, SLOTS};
use crate::register::{Record, Register};
use crate::stream::Stream;

/// What a primary knows of the replica in a slot, in this term.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Peer {
    /// The copy it is about.
    pub copy: Copied,
    /// What it has acknowledged to be durable.
    pub acked: u8,
    /// The newest read round that it has confirmed on the stream under way.
    pub confirmed: u8,
}

/// One replica: its disk, and what a life of its process knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Replica {
    /// Which copy of the log its directory is.
    pub copy: Copied,
    /// Which life this is; only equality means something, see `State::settle`.
    pub life: u8,
    /// The log, durable up to `durable`.
    pub log: Log,
    /// Last durable index. A follower's append and its sync are one step here.
    pub durable: u8,
    /// The highest epoch followed or won.
    pub epoch: u8,
    /// The same on disk: it lags in the wrong model only.
    pub epoch_on_disk: u8,
    /// What is known to be committed.
    pub commit: u8,
    /// The same on disk, a lower bound: where nothing goes back nobody asks for it, and it is 0.
    pub noted: u8,
    /// The epochs whose records are remembered, on disk, by the record's era, as bits.
    pub known: [u8; 2],
    /// Stopped permanently by a contradiction.
    pub halted: bool,
    /// The register as a follower last read it, or as an acting primary last won it.
    pub record: Record,
    /// The attempt whose outcome is not known, by its epoch none.
    pub attempt: Record,
    /// The register's epoch when a read whose answer is late was served at the earliest; 0 for no
    /// such read.
    pub reading: u8,
    /// The first epoch of this term, 0 unless it acts.
    pub acting: u8,
    /// Index of the opening entry.
    pub opening: u8,
    /// What the primary knows of the others.
    pub peers: [Peer; SLOTS],
    /// The learner that is being obliged.
    pub joining: Option<Join>,
    /// The newest read round.
    pub round: u8,
    /// The client's read that waits.
    pub read: Option<Read>,
    /// What its rounds prove, in `async` mode.
    pub evidence: Evidence,
}

/// What a primary in `async` mode must know to answer ahead, and what the clocks allow others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Evidence {
    /// The newest round that began too long ago to prove anything.
    pub lapsed: u8,
    /// The newest round of this life of which each other has heard: it takes this primary for silent no
    /// sooner than that one has lapsed.
    pub heard: [u8; SLOTS],
    /// An acknowledgement has arrived since. Only a wrong rule asks for that.
    pub arrived: bool,
    /// The index of the first write that arrived after a successor had served; 0 for none.
    pub late: u8,
}

/// A learner on its way to be named.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Join {
    /// Who.
    pub copy: Copied,
    /// The commit index when it was obliged.
    pub barrier: u8,
}

/// A client's read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Read {
    /// The round that it needs.
    pub needs: u8,
    /// The last write that any client knew of when it began.
    pub mark: u8,
}

/// What nobody in the world knows, but the properties ask for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Ghost {
    /// The longest prefix that any replica ever took for committed.
    pub committed: Log,
    /// The last write that was acknowledged to a client or seen by one.
    pub told: u8,
    /// Two replicas took different prefixes for committed.
    pub disagreed: bool,
    /// A read was answered without a write that its client could know of.
    pub stale_read: bool,
    /// The register went back.
    pub went_back: bool,
    /// The newest epoch whose opening entry is committed.
    pub opened: u8,
    /// A write was answered before it was committed.
    pub ahead: bool,
    /// One was that arrived after a successor had served.
    pub late_answer: bool,
    /// A read was answered by a primary that is not the first.
    pub read_after_failover: bool,
    /// What was committed when the register or a disk went back.
    pub acknowledged: Log,
    /// A follower cut something of that, or of what was committed since.
    pub cut: bool,
}

/// How much of the bounds is spent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
#[allow(missing_docs)]
pub struct Spent {
    pub writes: u8,
    pub reads: u8,
    pub crashes: u8,
    pub wipes: u8,
    pub late_answers: u8,
    pub breaks: u8,
    pub evidence: u8,
    pub rewinds: u8,
}

/// The world.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct State {
    /// By slot.
    pub replicas: [Replica; SLOTS],
    /// By follower and primary.
    pub streams: [[Stream; SLOTS]; SLOTS],
    /// The register.
    pub register: Register,
    /// For the properties.
    pub ghost: Ghost,
    /// For the bounds.
    pub spent: Spent,
}

/// Hundreds of one-byte fields: a hasher is much faster when it gets them at once.
impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let mut bytes = Bytes { buffer: [0; 1024], length: 0 };
        self.replicas.hash(&mut bytes);
        self.streams.hash(&mut bytes);
        self.register.hash(&mut bytes);
        self.ghost.hash(&mut bytes);
        self.spent.hash(&mut bytes);
        hasher.write(&bytes.buffer[..bytes.length]);
    }
}

/// Collects what is hashed; panics if that is more than it has room for.
struct Bytes {
    buffer: [u8; 1024],
    length: usize,
}

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.buffer[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    fn write_u8(&mut self, byte: u8) {
        self.buffer[self.length] = byte;
        self.length += 1;
    }

    /// Lengths of arrays, which never change, and variants of `Option`.
    fn write_usize(&mut self, number: usize) {
        self.write_u8(number as u8);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u8(number as u8);
    }

    fn finish(&self) -> u64 {
        unreachable!("only the hasher it is given to is asked")
    }
}

impl Replica {
    /// What a new life finds: what was on the disk.
    pub fn on_disk(old: &Replica) -> Replica {
        Replica {
            copy: old.copy,
            log: old.log.prefix(old.durable),
            durable: old.durable,
            epoch: old.epoch_on_disk,
            epoch_on_disk: old.epoch_on_disk,
            commit: old.noted,
            noted: old.noted,
            known: old.known,
            halted: old.halted,
            ..Replica::default()
        }
    }
}

impl State {
    /// A cluster that has just been born (rule 11 done): `a` acts in epoch 1, its opening entry is
    /// committed and every founder holds it. No stream exists yet.
    pub fn born(bounds: &Bounds) -> State {
        let primary = Copied::new(0, 0);
        let members = bounds.founders();
        let record = Record { epoch: 1, primary, members, floor: 0, nonce: (0, 0), era: 0 };
        let mut opened = Log::default();
        opened.push(Entry::new(1, 0));
        let mut replicas = [Replica::default(); SLOTS];
        for (slot, replica) in replicas.iter_mut().enumerate().take(bounds.replicas) {
            replica.copy = Copied::new(slot, 0);
            replica.record = Record { epoch: 1, primary, ..Record::default() };
            if members.has(replica.copy) {
                replica.log = opened;
                replica.durable = 1;
                replica.epoch = 1;
                replica.epoch_on_disk = 1;
                if bounds.rewinds > 0 {
                    replica.known = [1 << 1, 0];
                }
            }
        }
        let peers =
            replicas.map(|other| Peer { copy: other.copy, acked: other.durable, confirmed: 0 });
        let first = &mut replicas[0];
        first.record = record;
        first.acting = 1;
        first.opening = 1;
        first.commit = 1;
        first.peers = peers;
        first.peers[0] = Peer::default();
        let mut register = Register::default();
        register.set(record);
        let ghost = Ghost { committed: opened, ..Ghost::default() };
        State { replicas, streams: Default::default(), register, ghost, spent: Spent::default() }
    }

    /// Whom `primary` needs, besides itself (the obliged set of the correct rules).
    pub fn obliged(&self, primary: usize) -> Members {
        let replica = &self.replicas[primary];
        let joining: Members = replica.joining.iter().map(|join| join.copy).collect();
        let all = replica.record.members.union(replica.attempt.members).union(joining);
        all.without(replica.copy)
    }

    /// `slot` has learnt that `commit` entries of its log are committed.
    pub fn commit(&mut self, slot: usize, commit: u8) {
        let replica = &mut self.replicas[slot];
        if commit <= replica.commit {
            return;
        }
        replica.commit = commit;
        let prefix = replica.log.prefix(commit);
        if prefix.begins_with(&self.ghost.committed) {
            self.ghost.committed = prefix;
        } else if !self.ghost.committed.begins_with(&prefix) {
            self.ghost.disagreed = true;
        }
    }

    /// The process in `slot` ends and another life of `copy` begins with what is on the disk.
    pub fn begin_life(&mut self, slot: usize) {
        let old = self.replicas[slot];
        self.replicas[slot] = Replica { life: old.life + 1, ..Replica::on_disk(&old) };
        self.hang_up(slot);
        self.stop_listening(slot);
    }

    /// `primary` closes all streams; what it has sent may still arrive.
    pub fn stop_listening(&mut self, primary: usize) {
        for follower in 0..SLOTS {
            self.streams[follower][primary].primary_open = false;
            self.tidy(follower, primary);
        }
    }

    /// `follower` closes its stream; what it has sent may still arrive.
    pub fn hang_up(&mut self, follower: usize) {
        for primary in 0..SLOTS {
            self.streams[follower][primary].follower_open = false;
            self.tidy(follower, primary);
        }
    }

    /// Drops what cannot arrive, and a stream on which nothing can.
    pub fn tidy(&mut self, follower: usize, primary: usize) {
        let stream = &mut self.streams[follower][primary];
        if !stream.follower_open {
            stream.append = None;
        }
        if !stream.primary_open {
            stream.ack = None;
        }
        let down = stream.follower_open && (stream.primary_open || stream.append.is_some());
        let up = stream.primary_open && stream.ack.is_some();
        if !down && !up {
            if stream.primary_open {
                self.replicas[primary].peers[follower].confirmed = 0;
            }
            *stream = Stream::default();
        }
    }
}
