//! Effects of the protocol are carried out, in order.

use understudy_evidence::correct;
use understudy_machine::Machine;
use understudy_protocol::{
    ConnId, Effect, Entry, Event, Message, Now, RequestId, Room, SnapshotPart,
};
use understudy_wal::{Disk, WriteError};

use crate::{Answer, End, Host, Level, Output, Reason, Waiter};

impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    pub(crate) fn take_event(&mut self, event: Event) {
        if let Event::Received(conn, message) = &event
            && self.disk.room() == Room::None
            && appends(message)
        {
            // Its entries would find no room: be silent, as a backup that hangs.
            return self.hang_up(*conn);
        }
        self.events.push_back(event);
    }

    pub(crate) fn carry_out(&mut self, now: Now, effect: Effect) -> Output<D, M, W> {
        match effect {
            Effect::Dial { address } => return Output::Dial(address),
            Effect::Probe { incarnation, address } => return Output::Probe(incarnation, address),
            Effect::Inquire { peer, address } => return Output::Inquire(peer, address),
            Effect::Send(conn, message) => return Output::Send(conn, message),
            Effect::Close(conn) => return Output::Close(conn),
            Effect::ReadRegister => return Output::ReadRegister,
            Effect::WriteRegister { base, record } => return Output::WriteRegister(base, record),
            Effect::Evict { member } => return Output::Evict(member),
            Effect::Note(text) => {
                self.changed = true;
                return Output::Note(Level::Info, text);
            }
            Effect::Transition(transition) => {
                self.changed = true;
                return Output::Transition(transition);
            }
            Effect::Halt(why) => {
                self.changed = true;
                return Output::Halted(why);
            }

            Effect::SaveState(state) => {
                self.changed = true;
                let saved = self.disk.save_state(&state);
                self.state = state;
                self.after_write(saved.map(|()| None));
            }
            Effect::Append(entries) => self.append(entries),
            Effect::SetAside(entries) => self.set_aside(&entries),
            Effect::Truncate { after } => {
                let truncated = self.disk.truncate(after);
                self.after_write(truncated.map(|()| None));
            }
            Effect::Release { through } => {
                self.first = self.first.max(through + 1);
                let released = self.disk.release(through);
                self.after_write(released.map(|()| None));
            }
            Effect::ReadLog { conn, from, bytes } => {
                self.events.push_back(self.disk.read_log(conn, from, bytes));
            }
            Effect::ReadSnapshot { conn, position, offset, bytes } => {
                match self.disk.read_snapshot(conn, position, offset, bytes) {
                    Ok(event) => self.events.push_back(event),
                    Err(why) => {
                        // Alone, this copy could not begin another life with it, either.
                        self.note(
                            Level::Info,
                            format!("the snapshot cannot be read, making another: {why}"),
                        );
                        self.executor.renew();
                        self.hang_up(conn);
                    }
                }
            }
            Effect::StoreSnapshot(conn, part) => self.store_part(conn, &part),
            Effect::AdoptSnapshot(position) => self.adopt_received(position),

            Effect::Apply(batch) => self.apply(batch),
            Effect::Serve(ids) => self.answer_all(ids, &Answer::Read),
            Effect::Reject(ids, why) => {
                for id in &ids {
                    self.stay_no_longer(*id);
                }
                self.answer_all(ids, &Answer::Rejected(why));
            }
            Effect::Abandon(ids) => self.answer_all(ids, &Answer::Unknown),
            Effect::HandedOver(id) => self.handed_over(now, id),

            Effect::EndLife(why) => self.end_life(Reason::Protocol(why)),
            Effect::Renew(why) => self.end(End::Renewed(why)),
            Effect::Left => self.end(End::Left),
        }
        Output::Internal
    }

    fn append(&mut self, entries: Vec<Entry>) {
        self.disk.note_commit(self.replica.commit());
        let last = entries.last().map(Entry::position);
        let appended = self.disk.append(entries);
        correct!({}, "durable-before-the-sync" => self.events.extend(last.map(Event::Durable)));
        self.after_write(appended.map(|()| None));
        self.ask_for_sync();
        self.report_room();
    }

    /// Asks for a sync, once for each.
    pub(crate) fn ask_for_sync(&mut self) {
        if self.disk.is_dirty() && !std::mem::replace(&mut self.asked, true) {
            self.outputs.push_back(Output::Sync);
        }
    }

    /// A tail that clients may have been told about is about to be cut.
    fn set_aside(&mut self, entries: &[Entry]) {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return };
        match self.disk.set_aside(entries) {
            Ok(file) => {
                let (first, last) = ((first.index, first.epoch), last.index);
                self.outputs.push_back(Output::SetAside { file, first, last });
            }
            Err(error) => self.fail(&error),
        }
    }

    fn store_part(&mut self, conn: ConnId, part: &SnapshotPart) {
        let stored = match self.disk.store_part(part) {
            Ok(stored) => stored,
            // The log goes on without it.
            Err(WriteError::NoSpace) if part.background => {
                return self.declined(conn, part.snapshot.position);
            }
            Err(error) => return self.fail(&error),
        };
        let (position, offset) = (part.snapshot.position, stored.offset);
        if part.background && part.last {
            return self.check_received(conn, position, offset);
        }
        if part.last {
            if !stored.installed {
                let why = "the last part of a snapshot did not complete it";
                return self.end_life(Reason::Disk(why.into()));
            }
            self.asked = false;
            if let Err(why) = self.install(part) {
                return self.end_life(Reason::Disk(why));
            }
        }
        self.events.push_back(Event::SnapshotStored { conn, position, offset });
    }

    fn answer_all(&mut self, ids: Vec<RequestId>, answer: &Answer) {
        for id in ids {
            self.settle(id);
            if let Some(waiter) = self.requests.take(id) {
                self.answer(waiter, answer.clone());
            }
        }
    }

    pub(crate) fn hang_up(&mut self, conn: ConnId) {
        self.outputs.push_back(Output::Close(conn));
        self.events.push_back(Event::Closed(conn));
    }

    pub(crate) fn note(&mut self, level: Level, text: String) {
        self.outputs.push_back(Output::Note(level, text));
    }
}

/// Whether taking this message in needs room in the log.
fn appends(message: &Message) -> bool {
    matches!(message, Message::Append(append) if !append.entries.is_empty())
}
