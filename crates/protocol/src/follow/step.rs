//! What a follower does with an event.

use super::{Following, Link};
use crate::core::Core;
use crate::register_client::Verdict;
use crate::role::Next;
use crate::{ConnId, Effect, Event, Incarnation, Message, Record, Refusal};

impl Following {
    pub(crate) fn step(&mut self, core: &mut Core, event: Event) -> Next {
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
                core.release();
                Next::Stay
            }
            Event::RegisterRead(result) => {
                let verdict = core.on_register_read(result);
                self.on_verdict(core, verdict)
            }
            Event::RegisterWritten(answer) => {
                let verdict = core.on_register_written(answer);
                self.on_verdict(core, verdict)
            }
            Event::Leave => self.on_leave(core),
            Event::Requests { proposals, reads } => {
                let primary = self.hint(core);
                core.turn_away(proposals, reads, primary);
                Next::Stay
            }
            Event::HandOver { id, .. } => {
                let primary = self.hint(core);
                core.reject(vec![id], primary);
                Next::Stay
            }
            // The core took note of it, or it concerns another role.
            Event::RegisterChanged
            | Event::Probed(..)
            | Event::Inquired { .. }
            | Event::LogRead { .. }
            | Event::SnapshotRead { .. } => Next::Stay,
        }
    }

    /// Where clients should ask instead.
    fn hint(&self, core: &Core) -> Option<String> {
        let primary = self.record.member(self.record.primary)?;
        (primary.incarnation != core.me).then(|| primary.client_address.clone())
    }

    pub(super) fn on_tick(&mut self, core: &mut Core) -> Next {
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
    pub(super) fn pursue(&mut self, core: &mut Core) {
        let uninformed = self.newer.is_some() || core.state.epoch > self.record.epoch;
        let lost = !matches!(self.link, Link::Live(_)) && !self.record.names(core.me);
        if !(self.suspects(core) || uninformed || lost) {
            return self.looks.reset();
        }
        if core.now.mono >= self.look_at && core.register.is_free() {
            let timing = core.config.timing;
            self.look_at = core.now.mono + self.looks.next(timing.retry, timing.longest_pause());
            core.register.read(&mut core.out);
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
    pub(super) fn adopt(&mut self, core: &mut Core, record: Record) {
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
            core.refuse(conn, Refusal::NotPrimary(epoch));
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
