//! The role that follows a primary: dial it, take its log, confirm what is durable. A backup is a
//! follower that the register names; a learner or spare is one that it does not.

use understudy_evidence::reached;

use crate::core::Core;
use crate::link::Link;
use crate::pause::Pause;
use crate::register_client::Verdict;
use crate::replica::{Next, refuse, turn_away};
use crate::{
    ConnId, Effect, Epoch, Event, Incarnation, Index, Message, Observed, Position, Record, Refusal,
    RoleName, Room, Round, Status,
};

/// Everything about a follower that is not in the core.
pub(crate) struct Following {
    /// The register as last read.
    pub(crate) record: Record,
    /// That read itself, on which an attempt can be based.
    pub(crate) read: Observed,
    pub(crate) link: Link,
    /// Dials that came to nothing, in a row.
    pub(crate) redials: Pause,
    /// When this replica last said hello.
    pub(crate) link_since: u64,
    /// When the primary last gave a sign of life.
    pub(crate) heard: u64,
    /// When its process last answered, be it that it does not act.
    pub(crate) answered: u64,
    /// The redial was refused: the primary's process is gone.
    pub(crate) gone: bool,
    /// It has welcomed this replica, so it acted.
    pub(crate) served: bool,
    /// It acted and says that it does not any more.
    pub(crate) lapsed: bool,
    /// End of the prefix verified against this primary on this stream (rule 9).
    pub(crate) verified: Option<Index>,
    /// The primary's commit index, as told on this stream.
    pub(crate) told_commit: Index,
    /// The newest read round seen on this stream.
    pub(crate) round: Round,
    /// A higher epoch heard of, not yet read from the register.
    pub(crate) newer: Option<Epoch>,
    /// The snapshot part given to the store: acknowledge it when stored.
    pub(crate) storing: Option<Position>,
    /// The part of a snapshot in the background that was given to the store, and where it ends if it is the last.
    pub(crate) background: Option<(Position, Option<u64>)>,
    /// The primary has stopped and wants this replica to win: until when, and whether it leaves.
    pub(crate) take_over: Option<(u64, bool)>,
    /// Asked the primary to be dropped; leave at the latest then.
    pub(crate) leave_by: Option<u64>,
    look_at: u64,
    /// Reads of the register that told nothing new, in a row.
    looks: Pause,
    pub(crate) reason: String,
}

impl Following {
    pub fn new(core: &Core, record: Record, read: Observed) -> Self {
        Following {
            gone: record.primary == core.me,
            record,
            read,
            link: Link::Idle { until: core.now.mono },
            redials: Pause::default(),
            heard: core.now.mono,
            answered: 0,
            served: false,
            lapsed: false,
            verified: None,
            told_commit: 0,
            link_since: core.now.mono,
            round: 0,
            newer: None,
            storing: None,
            background: None,
            take_over: None,
            leave_by: None,
            look_at: core.now.mono,
            looks: Pause::default(),
            reason: String::new(),
        }
    }

    pub fn name(&self, core: &Core) -> RoleName {
        match (self.record.names(core.me), &self.link) {
            _ if core.register.undecided().is_some() => RoleName::Candidate,
            (true, Link::Live(_)) => RoleName::Backup,
            (true, _) => RoleName::Waiting,
            (false, _) if self.caught_up(core) => RoleName::Spare,
            (false, _) => RoleName::Learner,
        }
    }

    /// On a live stream, and so close behind the primary that it could join at once.
    fn caught_up(&self, core: &Core) -> bool {
        let durable = self.verified.unwrap_or(0).min(core.log.durable);
        matches!(self.link, Link::Live(_))
            && self.storing.is_none()
            && durable > 0
            && durable + core.config.limits.caught_up >= self.told_commit
    }

    pub fn describe(&self, core: &Core, status: &mut Status) {
        status.named = self.record.names(core.me);
        status.primary = self.record.member(self.record.primary).cloned();
        status.members = self.record.members.clone();
        status.reason = self.reason.clone();
        if core.is_full() && self.reason.is_empty() {
            status.reason = "the disk is full: make room".into();
        }
    }

    pub fn step(&mut self, core: &mut Core, event: Event) -> Next {
        match event {
            Event::Tick => self.on_tick(core),
            Event::Connected(conn) => self.on_connected(core, conn),
            Event::DialFailed(probe) => self.on_dial_failed(core, probe),
            Event::Closed(conn) => self.on_closed(core, conn),
            Event::Received(conn, message) => self.on_message(core, conn, message),
            Event::Durable(_) => self.acknowledge(core),
            Event::Space(room) => self.on_space(core, room),
            Event::SnapshotStored { conn, position, offset } => {
                self.on_snapshot_stored(core, conn, position, offset)
            }
            Event::Applied { .. } => self.on_digest(core, None),
            Event::SnapshotMade(_) => {
                release(core);
                Next::Stay
            }
            answer @ (Event::RegisterRead(_) | Event::RegisterWritten(_)) => {
                let verdict = core.judge(answer);
                self.on_verdict(core, verdict)
            }
            Event::Leave => self.on_leave(core),
            other => {
                let primary = self.hint(core);
                turn_away(core, other, primary);
                Next::Stay
            }
        }
    }

    /// Where clients should ask instead.
    fn hint(&self, core: &Core) -> Option<String> {
        let primary = self.record.member(self.record.primary)?;
        (primary.incarnation != core.me).then(|| primary.client_address.clone())
    }

    pub(crate) fn on_tick(&mut self, core: &mut Core) -> Next {
        if self.leave_by.is_some_and(|by| by <= core.now.mono) {
            return Next::left(core, "asked to leave; the primary did not answer in time");
        }
        if self.take_over.is_some_and(|(until, _)| until <= core.now.mono) {
            self.take_over = None;
        }
        self.give_up_a_silent_stream(core);
        if let Link::Idle { until } = self.link
            && until <= core.now.mono
        {
            self.dial(core);
        }
        self.pursue(core);
        Next::Stay
    }

    /// Reads the register where there is reason to; what it says is acted upon when it answers.
    pub(crate) fn pursue(&mut self, core: &mut Core) {
        let uninformed = self.newer.is_some() || core.state.epoch > self.record.epoch;
        let lost = !matches!(self.link, Link::Live(_)) && !self.record.names(core.me);
        if !(self.suspects(core) || uninformed || lost) {
            return self.looks.reset();
        }
        if core.now.mono >= self.look_at && core.register.is_free() {
            let timing = core.config.timing;
            self.look_at = core.now.mono + self.looks.next(timing.retry, timing.longest_pause());
            core.register.look(&mut core.out);
        }
    }

    fn on_leave(&mut self, core: &mut Core) -> Next {
        match self.link {
            Link::Live(conn) => {
                core.out.push(Effect::Send(conn, Message::Leave));
                self.leave_by = Some(core.now.mono + core.config.timing.hand_over);
                Next::Stay
            }
            _ => Next::left(core, "asked to leave"),
        }
    }

    fn on_verdict(&mut self, core: &mut Core, verdict: Verdict) -> Next {
        match verdict {
            Verdict::Pending => Next::Stay,
            Verdict::Failed(failure) => {
                self.reason = failure.to_string();
                Next::Stay
            }
            Verdict::Won(record, _) => self.on_won(core, record),
            Verdict::Seen(observed) | Verdict::Lost(observed) => self.on_register(core, observed),
        }
    }

    /// Follows what the register says now.
    pub(crate) fn adopt(&mut self, core: &mut Core, record: Record) {
        self.newer = self.newer.filter(|newer| *newer > record.epoch);
        let other: Option<Incarnation> =
            (record.primary != self.record.primary).then_some(record.primary);
        if record != self.record {
            self.looks.reset();
        }
        self.record = record;
        if other.is_some() {
            self.redials.reset();
            if let Link::Greeting(conn) | Link::Live(conn) = self.link {
                core.out.push(Effect::Close(conn));
                self.unlink(core.now.mono);
            }
            self.heard = core.now.mono;
            self.answered = 0;
            self.gone = self.record.primary == core.me;
            self.lapsed = false;
            self.served = false;
            self.take_over = None;
            if matches!(self.link, Link::Idle { .. }) {
                self.dial(core);
            }
        }
    }

    fn on_message(&mut self, core: &mut Core, conn: ConnId, message: Message) -> Next {
        if let Message::Hello(hello) = message {
            if hello.epoch > core.state.epoch.max(self.record.epoch) {
                self.newer = Some(hello.epoch);
            }
            let epoch = core.state.epoch.max(self.record.epoch);
            refuse(core, conn, Refusal::NotPrimary(epoch));
            self.pursue(core);
            return Next::Stay;
        }
        match self.link {
            Link::Greeting(c) if c == conn => self.on_greeting(core, conn, message),
            Link::Live(c) if c == conn => self.on_live(core, conn, message),
            _ => Next::Stay,
        }
    }

    fn on_live(&mut self, core: &mut Core, conn: ConnId, message: Message) -> Next {
        self.heard = core.now.mono;
        match message {
            Message::Append(append) => self.on_append(core, conn, append),
            Message::Welcome { epoch, cluster, ordered, records } => {
                self.on_welcome(core, conn, epoch, cluster, ordered, &records)
            }
            Message::SnapshotPart(part) => self.on_snapshot_part(core, conn, part),
            Message::TakeOver { epoch, last, leaving } => {
                self.on_take_over(core, conn, epoch, last, leaving)
            }
            Message::Dropped => {
                if self.leave_by.is_some() {
                    return Next::left(core, "asked to leave; the primary needs this copy no more");
                }
                Next::Stay
            }
            _ => {
                self.hang_up(core, conn);
                Next::Stay
            }
        }
    }
}

/// Lets go of log that a snapshot covers, but for a stretch that a lagging follower may need.
pub(crate) fn release(core: &mut Core) {
    release_through(core, releasable(core));
}

/// What need not be kept for followers that come back: where room is scarce, nothing that a snapshot covers.
pub(crate) fn releasable(core: &Core) -> Index {
    let (snapshot, limits) = (core.log.snapshot.index, &core.config.limits);
    match core.room {
        Room::Ample => {
            let by_entries = snapshot.saturating_sub(limits.retain);
            by_entries.max(core.log.beyond(limits.retain_bytes))
        }
        Room::Scarce | Room::Reserve | Room::None => snapshot,
    }
}

pub(crate) fn release_through(core: &mut Core, through: Index) {
    if through > core.log.first() {
        if core.room == Room::Scarce {
            reached!("log let go where room was scarce");
        }
        core.log.release(through);
        core.out.push(Effect::Release { through });
    }
}
