//! What a primary knows of a follower.

use std::collections::VecDeque;

use crate::pause::Pause;
use crate::{ConnId, Epoch, Index, Life, Member, Position, Round};

/// What is being sent to a follower.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Transfer {
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
pub(crate) struct Background {
    /// Which.
    pub position: Position,
    /// Where it ends, once its last part is sent.
    pub end: Option<u64>,
}

pub(crate) struct Peer {
    pub member: Member,
    pub life: Life,
    pub conn: Option<ConnId>,
    /// Last sign of life, or when this primary began to wait for one.
    pub heard: u64,
    /// End of what it said is durable there. Stays true while it is away.
    pub acked: Index,
    /// End of what it said, as a member, is in its memory. Stays true while it is away, and ends with
    /// its life.
    pub received: Index,
    /// When `acked` last moved, or had nothing to move to. A new stream does not restart it.
    pub moved: u64,
    /// The newest read round it confirmed on this stream.
    pub confirmed: Round,
    /// Its disk has no room except for upkeep ([`crate::Room::Reserve`]).
    pub full: bool,
    pub transfer: Transfer,
    /// What is sent in the background.
    pub background: Option<Background>,
    /// The end of what was sent on this stream.
    pub sent: Position,
    /// Messages sent and not verified there: `(last index, bytes)`.
    flight: VecDeque<(Index, usize)>,
    pub flight_bytes: usize,
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
            acked: 0,
            received: 0,
            moved: now,
            confirmed: 0,
            full: false,
            transfer: Transfer::Log,
            background: None,
            sent: Position::default(),
            flight: VecDeque::new(),
            flight_bytes: 0,
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

    /// A new stream: nothing of the old one counts, but what is durable stays durable. What was in an
    /// earlier life's memory is not: but for what it was already counted for, since a copy that lost
    /// some of that does not come back (rule 11).
    pub fn connect(&mut self, conn: ConnId, member: Member, life: Life, commit: Index, now: u64) {
        let received = if life == self.life { self.received } else { self.received.min(commit) };
        *self = Peer {
            life,
            conn: Some(conn),
            acked: self.acked,
            received: received.max(self.acked),
            moved: self.moved,
            ..Peer::new(member, now)
        };
    }

    /// What it said is in its memory, as a member.
    pub fn receives(&mut self, index: Index) {
        self.received = self.received.max(index);
    }

    /// No member any more: only what is durable stays.
    pub fn dropped(&mut self) {
        self.received = self.acked;
    }

    /// How far its copy counts.
    pub fn held(&self, received: bool) -> Index {
        if received { self.received.max(self.acked) } else { self.acked }
    }

    pub fn disconnect(&mut self) {
        self.conn = None;
        self.confirmed = 0;
        self.full = false;
        self.transfer = Transfer::Log;
        self.background = None;
        self.flight.clear();
        self.flight_bytes = 0;
        self.probe_at = None;
        self.probes.reset();
    }

    pub fn sent(&mut self, end: Position, bytes: usize) {
        self.sent = end;
        self.flight.push_back((end.index, bytes));
        self.flight_bytes += bytes;
    }

    pub fn verified(&mut self, index: Index) {
        while let Some(&(last, bytes)) = self.flight.front()
            && last <= index
        {
            self.flight.pop_front();
            self.flight_bytes -= bytes;
        }
    }

    pub fn is_catching_up_from_snapshot(&self) -> bool {
        matches!(self.transfer, Transfer::Snapshot { .. })
    }
}
