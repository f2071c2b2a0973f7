//! What has arrived becomes events: requests that wait together become one.

use understudy_protocol::{Event, Message, Proposal, RequestId, Room};

use super::Driver;
use super::turns::{self, Open};
use super::waiting::Pending;
use crate::clients::{Ask, Lane, Refusal, Want};
use crate::inbox::Input;

/// Messages of tasks taken in one turn.
const INPUTS: usize = 256;
/// Requests taken in one turn.
const ASKS: usize = 4096;
/// Bytes of commands at which a batch is closed: a sync must not take long.
const BATCH: usize = 1 << 20;
/// Bytes of commands without an answer, above which no more are taken but a few small ones: what comes next waits
/// where it has turns, not in the log.
const PIPELINE: usize = 2 << 20;

impl Driver {
    /// Takes what is there, up to a bound, so that one turn stays short. What has arrived comes before
    /// the time-outs that it may have been meant for.
    pub(super) fn take(&mut self) {
        for _ in 0..INPUTS {
            let Ok(input) = self.inbox.tasks.try_recv() else { break };
            self.take_input(input);
        }
        self.take_asks(None);
        let now = self.clock.now().mono;
        if self.replica.deadline().is_some_and(|deadline| deadline <= now) {
            self.pending.push_back(Event::Tick);
        }
    }

    pub(super) fn take_input(&mut self, input: Input) {
        match input {
            Input::Event(Event::Received(conn, message)) => {
                if !self.streams.is_open(conn) {
                    return;
                }
                if self.disk.room() == Room::None && appends(&message) {
                    // Its entries would find no room: be silent, as a backup that hangs.
                    self.streams.close(conn);
                    self.pending.push_back(Event::Closed(conn));
                    return;
                }
                self.pending.push_back(Event::Received(conn, message));
            }
            Input::Event(Event::Closed(conn)) => {
                if self.streams.close(conn) {
                    self.pending.push_back(Event::Closed(conn));
                }
            }
            Input::Undecodable(conn, why) => {
                self.note(&format!("a peer's stream is closed: {why}"));
                if self.streams.close(conn) {
                    self.pending.push_back(Event::Closed(conn));
                }
            }
            Input::Event(event) => self.pending.push_back(event),
            Input::Opened(conn, outbox) => self.streams.insert(conn, outbox),
            Input::Dialed(conn, outbox) => {
                self.streams.insert(conn, outbox);
                self.pending.push_back(Event::Connected(conn));
            }
            Input::Inquiry(answer) => {
                let _ = answer.send(self.replica.peer_state());
            }
            Input::Frozen(finished) => self.on_frozen(*finished),
            Input::Received(received) => self.on_received(*received),
            Input::Thawed(thawed) => self.on_thawed(*thawed),
        }
    }

    /// Requests that are there, `first` among them, as one event: one batch, one read round.
    pub(super) fn take_asks(&mut self, first: Option<Ask>) {
        if self.open() == Some(Open::All) {
            self.turns.restore();
        }
        let (mut proposals, mut reads) = (Vec::new(), Vec::new());
        let mut next = first.or_else(|| self.inbox.asks.try_recv().ok());
        let (mut taken, mut bytes) = (0, 0);
        while let Some(ask) = next {
            // Where nobody waits and there is room, there is nothing to take turns for.
            let has_room = bytes < BATCH && self.open() == Some(Open::All) && self.turns.is_empty();
            match ask.want {
                Want::Command { .. } if !has_room => self.turns.push(ask),
                _ => {
                    bytes += turns::bytes(&ask);
                    self.take_ask(ask, &mut proposals, &mut reads);
                }
            }
            taken += 1;
            next = if taken < ASKS { self.inbox.asks.try_recv().ok() } else { None };
        }
        while bytes < BATCH
            && proposals.len() < ASKS
            && let Some(open) = self.open()
        {
            let Some(ask) = self.turns.pop(open) else { break };
            bytes += turns::bytes(&ask);
            self.take_ask(ask, &mut proposals, &mut reads);
        }
        if !proposals.is_empty() || !reads.is_empty() {
            self.pending.push_back(Event::Requests { proposals, reads });
        }
    }

    /// Whether a command waits that may be taken now.
    pub(super) fn has_turns(&self) -> bool {
        !self.turns.is_empty() && self.open().is_some_and(|open| self.turns.has(open))
    }

    /// Which commands may be taken now.
    fn open(&self) -> Option<Open> {
        let open = if self.waiting.bytes() < PIPELINE { Open::All } else { Open::Small };
        (!self.waits_for_memory()).then_some(open)
    }

    fn take_ask(&mut self, ask: Ask, proposals: &mut Vec<Proposal>, reads: &mut Vec<RequestId>) {
        use understudy_protocol::Kind;
        let bytes = turns::bytes(&ask);
        let Ask { want, slot } = ask;
        match want {
            Want::Status => {
                let view = Box::new(self.look());
                let answer = crate::clients::Answer::Status(view);
                slot.answer(Ok(self.answered(answer)));
            }
            _ if self.halted.is_some() => {
                self.metrics.rejected.inc();
                slot.answer(Err(self.refuse_all("")));
            }
            _ if slot.lane.as_ref().is_some_and(Lane::is_closed) => {
                self.metrics.rejected.inc();
                slot.answer(Err(self.refuse_all("this replica has refused what is before it")));
            }
            Want::Stale(_) if self.is_absent() => {
                self.metrics.rejected.inc();
                slot.answer(Err(self.refuse_all("this replica is reading a snapshot")));
            }
            Want::Stale(read) => self.answer_read(read, slot),
            Want::Command { payload, firm, upkeep, .. } => {
                let id = self.waiting.add(Pending::Command(bytes), slot);
                proposals.push(Proposal { id, kind: Kind::Command, payload, firm, upkeep });
            }
            Want::Settings(settings) => {
                let id = self.waiting.add(Pending::Settings, slot);
                let (payload, kind) = (settings.encode().into(), Kind::Settings);
                proposals.push(Proposal { id, kind, payload, firm: true, upkeep: true });
            }
            Want::Read(read) => reads.push(self.waiting.add(Pending::Read(read), slot)),
            Want::HandOver(to) => {
                let id = self.waiting.add(Pending::HandOver, slot);
                self.pending.push_back(Event::HandOver { id, to });
            }
        }
    }

    /// What everybody is told who asks a replica that takes no requests.
    pub(super) fn refuse_all(&self, why: &str) -> Refusal {
        match &self.halted {
            Some(reason) => {
                let why = format!("this replica has halted: {reason}");
                Refusal::not_primary(None, self.state.epoch, &why)
            }
            None => Refusal::not_primary(None, self.state.epoch, why),
        }
    }
}

/// Whether taking this message in needs room in the log.
fn appends(message: &Message) -> bool {
    matches!(message, Message::Append(append) if !append.entries.is_empty())
}
