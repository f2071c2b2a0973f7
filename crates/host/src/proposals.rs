//! Requests become proposals: what waits together becomes one batch, up to a bound.

use understudy_machine::Machine;
use understudy_protocol::{Event, Kind, Proposal, RequestId};
use understudy_wal::Disk;

use crate::batch;
use crate::fair_queue::{Admit, Command};
use crate::{Answer, Host, Output, Request, RequestKind, Waiter};

/// Bytes of commands without an answer, above which no more are proposed but a few small ones: what comes next
/// waits where connections take turns, not in the log.
const PIPELINE: usize = 2 << 20;

impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    pub(crate) fn take_request(&mut self, request: Request<W>) {
        let Request { kind, waiter } = request;
        match kind {
            RequestKind::Command { payload, requires_commit, upkeep, answer } => {
                let bytes = payload.len() + answer;
                let command = Command { payload, requires_commit, upkeep, bytes, waiter };
                // Where nobody waits and there is room, there is nothing to take turns for.
                let has_room = self.batch.has_room() && self.queue.is_empty();
                match has_room && self.admits() == Some(Admit::All) {
                    true => self.propose(command),
                    false => self.queue.push(command),
                }
            }
            _ if waiter.is_cut_off() => self.answer(waiter, Answer::CutOff),
            RequestKind::Settings(settings) => {
                let id = self.requests.add(0, waiter);
                let (payload, kind) = (settings.encode().into(), Kind::Settings);
                let proposal = Proposal { id, kind, payload, requires_commit: true, upkeep: true };
                self.batch.propose(proposal, 0);
            }
            RequestKind::Read => self.batch.read(self.requests.add(0, waiter)),
            RequestKind::HandOver(to) => {
                let id = self.requests.add(0, waiter);
                self.events.push_back(Event::HandOver { id, to });
            }
        }
    }

    fn propose(&mut self, command: Command<W>) {
        let Command { payload, requires_commit, upkeep, bytes, waiter } = command;
        if waiter.is_cut_off() {
            return self.answer(waiter, Answer::CutOff);
        }
        let id = self.requests.add(bytes, waiter);
        let kind = Kind::Command;
        self.batch.propose(Proposal { id, kind, payload, requires_commit, upkeep }, bytes);
    }

    /// Proposes something of the host's own, for which nobody waits.
    pub(crate) fn propose_own(&mut self, kind: Kind, payload: bytes::Bytes) -> RequestId {
        let id = self.requests.number();
        let proposals = vec![Proposal { id, kind, payload, requires_commit: false, upkeep: true }];
        self.events.push_back(Event::Requests { proposals, reads: Vec::new() });
        id
    }

    /// Gives the protocol the next batch, if there is one.
    pub(crate) fn gather(&mut self) -> bool {
        if self.disk.unsynced() >= batch::BYTES {
            return false;
        }
        if self.admits() == Some(Admit::All) {
            self.queue.restore();
        }
        while self.batch.has_room()
            && let Some(admit) = self.admits()
            && let Some(command) = self.queue.pop(admit)
        {
            self.propose(command);
        }
        let batch = self.batch.take();
        let any = batch.is_some();
        self.events.extend(batch);
        any
    }

    /// Whether requests wait that may go now.
    pub(crate) fn has_requests(&self) -> bool {
        !self.batch.is_empty()
            || !self.queue.is_empty() && self.admits().is_some_and(|admit| self.queue.has(admit))
    }

    /// Which commands may go now.
    fn admits(&self) -> Option<Admit> {
        let admit = if self.requests.bytes() < PIPELINE { Admit::All } else { Admit::Small };
        (!self.waits_for_memory()).then_some(admit)
    }

    /// Whether what is executed must wait for the snapshot that is being written: it keeps what the machine has
    /// replaced meanwhile, and there is memory for so much of that.
    fn waits_for_memory(&self) -> bool {
        self.executor.taken_while_writing() > self.options.writing_memory
    }

    pub(crate) fn answer(&mut self, waiter: W, answer: Answer) {
        self.outputs.push_back(Output::Answer(waiter, answer));
    }
}
