//! Effects become deeds, in order.

use understudy_protocol::{
    ConnId, Effect, Entry, Event, Member, Message, Rejection, RequestId, SnapshotPart, Transition,
};
use understudy_wal::WriteError;

use super::Driver;
use super::executor::Executor;
use super::waiting::Pending;
use crate::clients::{Answer, Refusal};
use crate::ended::Ended;
use crate::peers;
use crate::register::{Order, Write};

impl Driver {
    pub(super) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Dial { address } => spawn(peers::dial(self.peers.clone(), address)),
            Effect::Knock { incarnation, address } => {
                spawn(peers::knock(self.peers.clone(), incarnation, address));
            }
            Effect::Inquire { peer, address } => {
                let me = self.name.clone();
                spawn(peers::inquire(self.peers.clone(), me, peer, address));
            }
            Effect::Send(conn, message) => self.send(conn, message),
            Effect::Close(conn) => {
                self.streams.close(conn);
            }
            Effect::SaveState(state) => {
                self.stale = true;
                let saved = self.disk.save_state(&state);
                self.state = state;
                self.after_write(saved);
            }
            Effect::Append(entries) => {
                self.disk.note_commit(self.replica.commit());
                let appended = self.disk.append(entries);
                self.after_write(appended.map(|()| None));
                self.tell_room();
            }
            Effect::SetAside(entries) => self.set_aside(&entries),
            Effect::Truncate { after } => {
                let truncated = self.disk.truncate(after);
                self.after_write(truncated.map(|()| None));
            }
            Effect::ReadLog { conn, from, bytes } => {
                self.pending.push_back(self.disk.read_log(conn, from, bytes));
            }
            Effect::ReadSnapshot { conn, position, offset, bytes } => {
                match self.disk.read_snapshot(conn, position, offset, bytes) {
                    Ok(event) => self.pending.push_back(event),
                    Err(why) => {
                        // Alone, this copy could not begin another life with it, either.
                        self.note(&format!("the snapshot cannot be read, making another: {why}"));
                        self.executor.renew();
                        self.hang_up(conn);
                    }
                }
            }
            Effect::StoreSnapshot(conn, part) => self.store_part(conn, &part),
            Effect::AdoptSnapshot(position) => self.take_on(position),
            Effect::Release { through } => {
                self.first = self.first.max(through + 1);
                let released = self.disk.release(through);
                self.after_write(released.map(|()| None));
            }
            Effect::Apply(batch) => self.apply(batch),
            Effect::ReadRegister => self.order(Order::Read),
            Effect::WriteRegister { base, record } => {
                self.order(Order::Write(Box::new(Write { base, record })));
            }
            Effect::Serve(reads) => self.serve(reads),
            Effect::Reject(requests, why) => self.reject(requests, &why),
            Effect::Abandon(requests) => self.abandon(&requests),
            Effect::HandedOver(request) => self.handed_over(request),
            Effect::Transition(transition) => self.on_transition(&transition),
            Effect::Evict { member } => self.evict_copy(member),
            Effect::Note(text) => {
                self.stale = true;
                self.note(&text);
            }
            Effect::EndLife(why) => self.end_life(why),
            Effect::Renew(why) => self.end(Ended::Renewed(why)),
            Effect::Halt(why) => self.halt(why),
            Effect::Left => self.end(Ended::Left),
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

    /// A tail that clients were told of is about to be cut.
    fn set_aside(&mut self, entries: &[Entry]) {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return };
        match self.disk.set_aside(entries) {
            Ok(file) => tracing::warn!(
                replica = %self.name,
                "another primary has gone on without entries {} to {} of epoch {}, which clients may \
                 have been told of: they are set aside as {file}, see `understudy log --cut`",
                first.index, last.index, first.epoch
            ),
            Err(error) => self.end_life(error.to_string()),
        }
    }

    fn send(&mut self, conn: ConnId, message: Message) {
        if !self.streams.send(conn, message) {
            self.note("a peer takes nothing any more: its stream is closed");
            self.pending.push_back(Event::Closed(conn));
        }
    }

    /// A line for the log, unless it was just written.
    pub(super) fn note(&mut self, text: &str) {
        if self.notes.is_new(self.clock.now().mono, text) {
            tracing::info!(replica = %self.name, "{text}");
        }
    }

    fn hang_up(&mut self, conn: ConnId) {
        self.streams.close(conn);
        self.pending.push_back(Event::Closed(conn));
    }

    fn order(&mut self, order: Order) {
        if self.register.try_send(order).is_err() {
            // One operation is under way at a time, so there is always room.
            self.end_life("the register's task is gone: a bug, please report it");
        }
    }

    /// A write that failed ends the life: what the files hold is uncertain.
    pub(super) fn after_write(&mut self, result: Result<Option<Event>, WriteError>) {
        match result {
            Ok(event) => self.pending.extend(event),
            Err(error) => self.end_life(error.to_string()),
        }
    }

    fn store_part(&mut self, conn: ConnId, part: &SnapshotPart) {
        let stored = match self.disk.store_part(part) {
            Ok(stored) => stored,
            Err(WriteError::NoSpace) if part.beside => {
                self.note("no room for the primary's snapshot; the log is kept");
                return self.declined(conn, part.snapshot.position);
            }
            Err(error) => return self.end_life(format!("a snapshot was not stored: {error}")),
        };
        if part.beside && part.last {
            return self.finish_received(conn, part.snapshot.position, stored.offset);
        }
        if part.last {
            if !stored.installed {
                return self.end_life("the last part of a snapshot did not complete it");
            }
            if let Err(why) = self.install(part) {
                return self.end_life(why);
            }
        }
        let (position, offset) = (part.snapshot.position, stored.offset);
        self.pending.push_back(Event::SnapshotStored { conn, position, offset });
    }

    /// The machine is what the snapshot says. One that cannot be thawed is damage, which the next
    /// life finds and sets aside.
    fn install(&mut self, part: &SnapshotPart) -> Result<(), String> {
        let source = self.disk.open_snapshot()?;
        // The old one goes first: there is no memory for two.
        self.executor = Executor::empty();
        let executor = Executor::thaw(source, part.snapshot)
            .map_err(|error| format!("the snapshot received cannot be used: {error}"))?;
        self.executor = executor;
        self.awake();
        self.first = part.snapshot.position.index + 1;
        self.stale = true;
        Ok(())
    }

    fn reject(&mut self, requests: Vec<RequestId>, why: &Rejection) {
        for id in requests {
            self.settle(id);
            self.stay_no_longer(id);
            if let Some((_, slot)) = self.waiting.take(id) {
                self.metrics.rejected.inc();
                slot.answer(Err(Refusal::rejected(why)));
            }
        }
    }

    fn abandon(&mut self, requests: &[RequestId]) {
        for id in requests {
            self.settle(*id);
            if let Some((_, slot)) = self.waiting.take(*id) {
                self.metrics.outcome_unknown.inc();
                slot.answer(Err(Refusal::outcome_unknown("this replica is not primary any more")));
            }
        }
    }

    fn handed_over(&mut self, request: RequestId) {
        self.stay_behind(request);
        if let Some((Pending::HandOver, slot)) = self.waiting.take(request) {
            let (since, epoch) = (self.clock.now().mono, self.state.epoch);
            self.handed.push(super::house::Handed { slot, since, epoch });
        }
    }

    fn on_transition(&mut self, transition: &Transition) {
        self.stale = true;
        self.metrics.transitions.inc();
        let Transition { from, to, epoch, why, lasted } = transition;
        if *to == "opening" {
            self.term = *epoch;
        }
        crate::logging::transition(&self.name, from, to, *epoch, why, *lasted);
    }

    fn halt(&mut self, why: String) {
        tracing::error!(replica = %self.name, "halted: {why}");
        self.stale = true;
        let abandoned = self.waiting.abandon(&format!("this replica has halted: {why}"));
        self.metrics.outcome_unknown.inc_by(abandoned as u64);
        self.halted = Some(why);
    }

    /// An answer with the header of this moment.
    pub(super) fn answered(&self, answer: Answer) -> crate::clients::Answered {
        crate::clients::Answered {
            cluster: self.state.cluster.unwrap_or_default(),
            epoch: self.state.epoch,
            revision: self.executor.machine.revision(),
            answer,
            room: None,
        }
    }
}

/// A task of its own; it posts what comes of it.
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
