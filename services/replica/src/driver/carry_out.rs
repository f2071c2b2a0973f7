//! What the replica asks for is carried out, in order.

use understudy_host::{Answer as Answered, End, Executed, Level, Output, Work};
use understudy_machine::KvMachine;
use understudy_protocol::{ConnId, Event, Member, Message, RoleName, Transition};
use understudy_wal::RealDisk;

use super::Driver;
use super::waiter::{AnswerKind, Waiting};
use crate::clients::Answer;
use crate::ended::Ended;
use crate::inbox::Input;
use crate::peers;
use crate::refusal::Refusal;
use crate::register::{Order, Write};

impl Driver {
    pub(super) fn carry_out(&mut self, output: Output<RealDisk, KvMachine, Waiting>) {
        if !matches!(output, Output::Executed(_)) {
            self.tell_watches();
        }
        match output {
            // The loop asks itself whether there is something to sync, once there is nothing else to do.
            Output::Internal | Output::Sync | Output::Barrier => {}
            Output::Executed(executed) => self.executed(executed),
            Output::Dial(address) => spawn(peers::dial(self.peers.clone(), address)),
            Output::Probe(incarnation, address) => {
                spawn(peers::probe(self.peers.clone(), incarnation, address));
            }
            Output::Inquire(peer, address) => {
                let me = self.name.clone();
                spawn(peers::inquire(self.peers.clone(), me, peer, address));
            }
            Output::Send(conn, message) => self.send(conn, message),
            Output::Close(conn) => {
                self.streams.close(conn);
            }
            Output::ReadRegister => self.order(Order::Read),
            Output::WriteRegister(base, record) => {
                self.order(Order::Write(Box::new(Write { base, record })));
            }
            Output::Work(work) => self.work_elsewhere(work),
            Output::Answer(waiting, answer) => self.answer(waiting, answer),
            Output::SnapshotSaved(_) | Output::SnapshotReceived(_) => self.metrics.snapshots.inc(),
            Output::SnapshotInstalled(_) => {}
            Output::SetAside { file, first: (first, epoch), last } => {
                self.metrics.set_aside.set(self.host.store().cut_entries().cast_signed());
                tracing::warn!(
                    replica = %self.name,
                    "another primary has gone on without entries {first} to {last} of epoch {epoch}, which \
                     clients may have been told about: they are set aside as {file}, see `understudy log --cut`"
                );
            }
            Output::Transition(transition) => self.on_transition(&transition),
            Output::Note(Level::Info, text) => self.note(&text),
            Output::Note(Level::Warn, text) => tracing::warn!(replica = %self.name, "{text}"),
            Output::Note(Level::Error, text) => tracing::error!(replica = %self.name, "{text}"),
            Output::Evict(member) => self.evict_copy(member),
            Output::Halted(why) => self.halt(why),
            Output::End(End::Left) => self.end(Ended::Left),
            Output::End(End::Life(why)) => self.end(Ended::LifeEnded(why.to_string())),
            Output::End(End::Renewed(why)) => self.end(Ended::Renewed(why)),
        }
    }

    fn executed(&mut self, executed: Executed<KvMachine, Waiting>) {
        self.metrics.executed.inc();
        self.unwatched = true;
        let Executed { output: response, committed, waiter, .. } = executed;
        let Some(Waiting { awaited, responder }) = waiter else { return };
        self.metrics.acknowledged.inc();
        if !committed {
            self.metrics.acknowledged_ahead.inc();
        }
        if self.view.borrow().is_solo() {
            self.metrics.acknowledged_solo.inc();
        }
        let revision = response.revision;
        let answered = match awaited {
            AnswerKind::Settings => self.answered(Answer::Settings(self.host.executed().settings)),
            AnswerKind::Response | AnswerKind::Read(_) => {
                crate::clients::Answered { revision, ..self.answered(Answer::Executed(response)) }
            }
        };
        responder.answer(Ok(answered));
    }

    /// Tells watches what was executed.
    pub(super) fn tell_watches(&mut self) {
        if std::mem::take(&mut self.unwatched) && self.watches.watched() > 0 {
            self.watches.publish(self.host.machine().changes());
        }
    }

    fn answer(&mut self, waiting: Waiting, answer: Answered) {
        let Waiting { awaited, responder } = waiting;
        match (answer, awaited) {
            (Answered::Read, AnswerKind::Read(read)) => self.answer_read(read, responder),
            (Answered::Read, AnswerKind::Response | AnswerKind::Settings) => {
                responder.answer(Err(Refusal::outcome_unknown("a bug, please report it")));
            }
            (Answered::HandedOver, _) => {
                let primary = self.host.replica().status().primary;
                responder.answer(Ok(self.answered(Answer::HandedOver(primary))));
            }
            (Answered::Rejected(why), _) => {
                self.metrics.rejected.inc();
                responder.answer(Err(Refusal::rejected(&why)));
            }
            (Answered::CutOff, _) => {
                self.turn_away(responder, "this replica has refused what is before it");
            }
            (Answered::Unknown, _) => {
                self.metrics.outcome_unknown.inc();
                responder
                    .answer(Err(Refusal::outcome_unknown("this replica is not primary any more")));
            }
        }
    }

    /// Ends everything that waits.
    pub(super) fn abandon(&mut self, why: &str) {
        let waiting = self.host.abandon();
        self.metrics.outcome_unknown.inc_by(waiting.len() as u64);
        for Waiting { responder, .. } in waiting {
            responder.answer(Err(Refusal::outcome_unknown(why)));
        }
    }

    /// On a thread of its own. A loop that is gone needs no answer.
    fn work_elsewhere(&self, work: Work<RealDisk, KvMachine>) {
        let (name, outlet) = (work.kind().name(), self.outlet.clone());
        let run = move || {
            let _ = outlet.blocking_send(Input::Done(Box::new(work.run())));
        };
        if let Err(error) = std::thread::Builder::new().name(name.into()).spawn(run) {
            tracing::error!("cannot start the {name} thread: {error}");
        }
    }

    /// Tells whoever can replace a process; else there is only a line in the log.
    fn evict_copy(&mut self, member: Member) {
        let told = self.evict.as_ref().is_some_and(|evict| evict.try_send(member.clone()).is_ok());
        if !told {
            self.note(&format!(
                "{} was dropped and has not come back: its process may be ended and started anew",
                member.name
            ));
        }
    }

    fn send(&mut self, conn: ConnId, message: Message) {
        if !self.streams.send(conn, message) {
            self.note("a peer takes nothing any more: its stream is closed");
            self.give(Event::Closed(conn));
        }
    }

    /// A line for the log, unless it was just written.
    pub(super) fn note(&mut self, text: &str) {
        if self.notes.is_new(self.clock.now().mono, text) {
            tracing::info!(replica = %self.name, "{text}");
        }
    }

    fn order(&mut self, order: Order) {
        if self.register.try_send(order).is_err() {
            // One operation is under way at a time, so there is always room.
            self.end(Ended::LifeEnded(
                "the register's task is gone: a bug, please report it".into(),
            ));
        }
    }

    fn on_transition(&mut self, transition: &Transition) {
        self.metrics.transitions.inc();
        let Transition { from, to, epoch, why, lasted } = transition;
        if *to == RoleName::Opening {
            self.term = *epoch;
        }
        crate::logging::transition(&self.name, from.as_str(), to.as_str(), *epoch, why, *lasted);
    }

    fn halt(&mut self, why: String) {
        tracing::error!(replica = %self.name, "halted: {why}");
        self.abandon(&format!("this replica has halted: {why}"));
        self.halted = Some(why);
    }

    fn end(&mut self, ended: Ended) {
        self.ended.get_or_insert(ended);
    }

    /// An answer with the header of this moment.
    pub(super) fn answered(&self, answer: Answer) -> crate::clients::Answered {
        let state = self.host.state();
        crate::clients::Answered {
            cluster: state.cluster.unwrap_or_default(),
            epoch: state.epoch,
            revision: self.host.machine().revision(),
            answer,
            room: None,
        }
    }
}

/// A task of its own; it posts what comes of it.
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
