//! What has arrived is given to the replica.

use understudy_host::Input;
use understudy_protocol::Event;

use super::Driver;
use super::waiter::{AnswerKind, Waiting};
use crate::clients::{Answer, LONG_ANSWER, LoopRequest, RequestKind};
use crate::inbox;
use crate::refusal::Refusal;

/// Messages of tasks taken in one turn.
const INPUTS: usize = 256;
/// Requests taken in one turn.
const REQUESTS: usize = 4096;

impl Driver {
    /// Takes what is there, up to a bound, so that one turn stays short.
    pub(super) fn take(&mut self) {
        for _ in 0..INPUTS {
            let Ok(input) = self.inbox.tasks.try_recv() else { break };
            self.take_input(input);
        }
        for _ in 0..REQUESTS {
            let Ok(request) = self.inbox.requests.try_recv() else { break };
            self.take_request(request);
        }
    }

    pub(super) fn take_input(&mut self, input: inbox::Input) {
        match input {
            inbox::Input::Event(Event::Received(conn, message)) => {
                if self.streams.is_open(conn) {
                    self.give(Event::Received(conn, message));
                }
            }
            inbox::Input::Event(Event::Closed(conn)) => self.closed(conn),
            inbox::Input::Undecodable(conn, why) => {
                self.note(&format!("a peer's stream is closed: {why}"));
                self.closed(conn);
            }
            inbox::Input::Event(event) => self.give(event),
            inbox::Input::Opened(conn, outbox) => self.streams.insert(conn, outbox),
            inbox::Input::Dialed(conn, outbox) => {
                self.streams.insert(conn, outbox);
                self.give(Event::Connected(conn));
            }
            inbox::Input::Inquiry(answer) => {
                let _ = answer.send(self.host.peer_state());
            }
            inbox::Input::Done(done) => self.host.input(self.clock.now(), Input::Done(*done)),
        }
    }

    fn closed(&mut self, conn: understudy_protocol::ConnId) {
        if self.streams.close(conn) {
            self.give(Event::Closed(conn));
        }
    }

    pub(super) fn give(&mut self, event: Event) {
        self.host.input(self.clock.now(), Input::Event(event));
    }

    pub(super) fn take_request(&mut self, request: LoopRequest) {
        use understudy_host::RequestKind as HostKind;
        let LoopRequest { kind, responder } = request;
        let (kind, awaited) = match kind {
            RequestKind::Status => {
                let view = Box::new(self.look());
                return responder.answer(Ok(self.answered(Answer::Status(view))));
            }
            _ if self.halted.is_some() => return self.turn_away(responder, ""),
            RequestKind::Stale(_) if self.host.is_absent() => {
                return self.turn_away(responder, "this replica is reading a snapshot");
            }
            RequestKind::Stale(read) => return self.answer_read(read, responder),
            RequestKind::Command { payload, requires_commit, upkeep, long } => {
                let answer = if long { LONG_ANSWER } else { 0 };
                (
                    HostKind::Command { payload, requires_commit, upkeep, answer },
                    AnswerKind::Response,
                )
            }
            RequestKind::Settings(settings) => (HostKind::Settings(settings), AnswerKind::Settings),
            RequestKind::Read(read) => (HostKind::Read, AnswerKind::Read(read)),
            RequestKind::HandOver(to) => (HostKind::HandOver(to), AnswerKind::Response),
        };
        let request = understudy_host::Request { kind, waiter: Waiting { awaited, responder } };
        self.host.input(self.clock.now(), Input::Request(request));
    }

    pub(super) fn turn_away(&self, responder: crate::clients::Responder, why: &str) {
        self.metrics.rejected.inc();
        responder.answer(Err(self.refuse_all(why)));
    }

    /// What everybody is told who asks a replica that takes no requests.
    pub(super) fn refuse_all(&self, why: &str) -> Refusal {
        let epoch = self.host.state().epoch;
        match &self.halted {
            Some(reason) => {
                let why = format!("this replica has halted: {reason}");
                Refusal::not_primary(None, epoch, &why)
            }
            None => Refusal::not_primary(None, epoch, why),
        }
    }
}
