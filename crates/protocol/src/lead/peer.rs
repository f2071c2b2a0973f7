//! What a primary knows of a follower.

use super::progress::Progress;
use crate::pause::Pause;
use crate::{ConnId, Epoch, Hello, Index, Life, Member, Position, Round};

/// What is being sent to a follower.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Transfer {
    /// Nothing: its disk was full when it came.
    Paused,
    /// Entries, from the window.
    Log,
    /// Entries that must first be read from disk; the read is under way.
    Reading,
    /// A snapshot: which, and the offset acknowledged so far.
    Snapshot { position: Position, offset: u64, end: Option<u64> },
}

/// A snapshot that is sent in the background.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Background {
    /// Which.
    pub position: Position,
    /// Where it ends, once its last part is sent.
    pub end: Option<u64>,
}

pub(super) struct Peer {
    pub member: Member,
    pub life: Life,
    /// Its stream, which [`super::followers::Followers`] knows, too.
    conn: Option<ConnId>,
    /// Last sign of life, or when this primary began to wait for one.
    pub heard: u64,
    /// How far its copy goes, and what was sent.
    pub progress: Progress,
    /// The newest read round it confirmed on this stream.
    pub confirmed: Round,
    /// Its disk has no room except for upkeep ([`crate::Room::Reserve`]).
    pub full: bool,
    pub transfer: Transfer,
    /// What is sent in the background.
    pub background: Option<Background>,
    /// The newest read round told.
    pub told_round: Round,
    pub told_at: u64,
    /// Its process, or its copy of the log, is known to be gone.
    pub gone: bool,
    /// Which hello of this term it said last, counted from 1; 0 when it said none.
    pub greeted: u64,
    /// The epoch that it had followed or won when it said it.
    pub greeted_with: Epoch,
    /// Bytes of memory that it has for what the machine holds, if it knows.
    pub memory: Option<u64>,
    /// It has asked to be dropped.
    pub leaving: bool,
    /// It has been told that it may go.
    pub released: bool,
    /// When to probe its port again, and how often that told nothing.
    pub probe_at: Option<u64>,
    pub probes: Pause,
}

impl Peer {
    pub fn new(member: Member, now: u64) -> Self {
        Peer {
            member,
            life: 0,
            conn: None,
            heard: now,
            progress: Progress::new(now),
            confirmed: 0,
            full: false,
            transfer: Transfer::Log,
            background: None,
            told_round: 0,
            told_at: 0,
            gone: false,
            greeted: 0,
            greeted_with: 0,
            memory: None,
            leaving: false,
            released: false,
            probe_at: None,
            probes: Pause::default(),
        }
    }

    /// A new stream: nothing of the old one counts, but what is durable stays durable.
    pub fn connect(&mut self, conn: ConnId, hello: &Hello, commit: Index, now: u64) {
        let same_life = hello.life == self.life;
        *self = Peer {
            life: hello.life,
            conn: Some(conn),
            progress: self.progress.reconnected(same_life, commit),
            full: hello.full,
            greeted_with: hello.epoch,
            memory: hello.memory,
            ..Peer::new(hello.member.clone(), now)
        };
    }

    pub fn disconnect(&mut self) {
        self.conn = None;
        self.confirmed = 0;
        self.full = false;
        self.transfer = Transfer::Log;
        self.background = None;
        self.progress.disconnect();
        self.probe_at = None;
        self.probes.reset();
    }

    pub fn conn(&self) -> Option<ConnId> {
        self.conn
    }

    pub fn is_connected(&self) -> bool {
        self.conn.is_some()
    }

    pub fn is_catching_up_from_snapshot(&self) -> bool {
        matches!(self.transfer, Transfer::Snapshot { .. })
    }
}
