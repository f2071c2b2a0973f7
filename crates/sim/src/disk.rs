//! The driver's part that concerns the data directory.

use understudy_protocol::{ConnId, Effect, Event, Position, Room, Snapshot, SnapshotPart};
use understudy_wal::{ReadError, WriteError};

use crate::clock::SECOND;
use crate::happening::{HostId, Input, Run};
use crate::host::{SLOW, thaw};
use crate::snapshots::WRITING;
use crate::violation::Property;
use crate::world::World;

/// Between two snapshots that are made for the room that they give.
const SAVE_AGAIN: u64 = SECOND / 2;

impl World {
    /// The effects that concern the data directory. A failure ends the life.
    pub(crate) fn use_disk(&mut self, host: HostId, run: Run, effect: Effect) {
        if let Effect::Truncate { after } = effect {
            self.cut_behind_fork(host, after, None);
        }
        let place = &mut self.hosts[host];
        let Some(process) = place.process.as_mut() else { return };
        let mut damaged = false;
        let done: Result<(), WriteError> = match effect {
            Effect::SaveState(state) => process.store.save_state(&state),
            Effect::Append(entries) => {
                process.store.note_commit(process.replica.commit());
                process.backlog.extend(entries);
                return self.write_backlog(host, run);
            }
            Effect::SetAside(entries) => process.store.set_aside_tail(&entries).map(drop),
            Effect::Truncate { after } => {
                process.backlog.retain(|entry| entry.index <= after);
                // What was to be cut may be gone even if the cutting fails.
                place.shadow.truncate(after);
                match process.store.last().index > after {
                    true => process.store.truncate(after),
                    false => Ok(()),
                }
            }
            Effect::Release { through } => process.store.release(through),
            Effect::ReadLog { conn, from, bytes } => {
                let event = match process.store.read(from, bytes) {
                    Ok((previous, entries)) => {
                        Event::LogRead { conn, previous, entries: Ok(entries) }
                    }
                    Err(error) => {
                        damaged = matches!(error, ReadError::Damaged(_));
                        let (previous, entries) = (Position::default(), Err(error.to_string()));
                        Event::LogRead { conn, previous, entries }
                    }
                };
                process.todo.push_back(event);
                Ok(())
            }
            Effect::ReadSnapshot { conn, position, offset, bytes } => {
                match process.store.read_snapshot(position, offset, bytes) {
                    Ok(chunk) => process.todo.push_back(Event::SnapshotRead {
                        conn,
                        snapshot: chunk.snapshot,
                        offset: chunk.offset,
                        data: chunk.data,
                        last: chunk.last,
                    }),
                    // As the service does: another one is made, and the follower dials again.
                    Err(error) => {
                        process.renew = true;
                        damaged = matches!(error, ReadError::Damaged(_));
                        process.todo.push_back(Event::Closed(conn));
                        self.close(run, conn);
                    }
                }
                Ok(())
            }
            Effect::AdoptSnapshot(position) => return self.take_on(host, position),
            Effect::StoreSnapshot(conn, part) => {
                return self.store_snapshot(host, conn, &part);
            }
            other => unreachable!("{other:?} does not concern the disk"),
        };
        if let Err(error) = done {
            self.end_life(host, error.to_string());
        }
        if damaged {
            self.found_damage(host);
        }
    }

    /// What was to be sent to a follower is not what was written: it is not sent.
    fn found_damage(&mut self, host: HostId) {
        self.counts.add("rot found while reading for a follower");
        if self.hosts[host].rot.is_none() {
            let explanation = format!("{} cannot read what it has written", self.name(host));
            self.guilty(Property::DiskKeepsItsWord, explanation);
        }
    }

    /// Writes what is to be appended. A full disk keeps it waiting: the replica learns that there is
    /// no room and turns writes away, and its log goes on where it stopped.
    pub(crate) fn write_backlog(&mut self, host: HostId, run: Run) {
        let sync_delay = self.hosts[host].sync_delay;
        let delay = self.span(sync_delay);
        let place = &mut self.hosts[host];
        let Some(process) = place.process.as_mut() else { return };
        if process.backlog.is_empty() {
            return;
        }
        match process.store.append(&process.backlog) {
            Ok(()) => {
                place.shadow.append(&process.backlog);
                process.backlog.clear();
                if !std::mem::replace(&mut process.syncing, true) {
                    if delay >= SLOW {
                        self.counts.add("slow sync");
                    }
                    self.input_after(delay, host, run, Input::Synced);
                }
            }
            Err(WriteError::NoSpace) => {}
            Err(error) => return self.end_life(host, error.to_string()),
        }
        self.tell_room(host, run);
    }

    fn store_snapshot(&mut self, host: HostId, conn: ConnId, part: &SnapshotPart) {
        if part.last && !part.beside {
            self.cut_behind_fork(host, 0, Some(part.snapshot.position));
        }
        let place = &mut self.hosts[host];
        let Some(process) = place.process.as_mut() else { return };
        if part.last && !part.beside {
            // What the snapshot replaces may be gone even if the installing fails.
            place.shadow.truncate(part.snapshot.position.index);
        }
        let stored = match process.store.store_part(part) {
            Ok(stored) => stored,
            Err(WriteError::NoSpace) if part.beside => {
                return self.declined(host, conn, part.snapshot.position);
            }
            Err(error) => return self.end_life(host, error.to_string()),
        };
        if part.beside && part.last {
            return self.finish_beside(host, conn, part.snapshot, stored.offset);
        }
        if stored.installed {
            match thaw(&process.store) {
                Ok(machine) => process.machine = machine,
                Err(error) => return self.end_life(host, error),
            }
            process.applied = part.snapshot;
            process.snapshot = None;
            process.backlog.clear();
            process.snapshot_at = part.snapshot.position.index;
            place.shadow.install(part.snapshot.position);
            self.counts.add("snapshot installed");
            self.check_past(host);
        }
        let Some(process) = self.hosts[host].process.as_mut() else { return };
        let (position, offset) = (part.snapshot.position, stored.offset);
        process.todo.push_back(Event::SnapshotStored { conn, position, offset });
    }

    /// The last part of a snapshot beside the log has come: it is made whole meanwhile.
    fn finish_beside(&mut self, host: HostId, conn: ConnId, snapshot: Snapshot, offset: u64) {
        let delay = self.span((0, 20_000_000));
        let Some(process) = self.hosts[host].process.as_mut() else { return };
        let (run, position) = (process.run, snapshot.position);
        let Some(incoming) = process.store.take_received() else {
            return self.declined(host, conn, position);
        };
        match incoming.finish() {
            Ok(finished) => {
                process.received = Some((snapshot, finished));
                let stored = Event::SnapshotStored { conn, position, offset };
                self.input_after(delay, host, run, Input::Event(stored));
            }
            Err(WriteError::NoSpace) => self.declined(host, conn, position),
            Err(error) => self.end_life(host, error.to_string()),
        }
    }

    /// Nothing of a snapshot that came beside the log is kept.
    fn declined(&mut self, host: HostId, conn: ConnId, position: Position) {
        self.counts.add("snapshot beside the log that was not kept");
        let Some(process) = self.hosts[host].process.as_mut() else { return };
        process.todo.push_back(Event::SnapshotStored { conn, position, offset: 0 });
    }

    /// The snapshot that came beside the log is the newest one, and the machine what it says.
    fn take_on(&mut self, host: HostId, position: Position) {
        let Some(process) = self.hosts[host].process.as_mut() else { return };
        let Some((snapshot, finished)) = process.received.take() else {
            let explanation = format!("{} has no snapshot at {position:?}", self.name(host));
            return self.guilty(Property::Assertions, explanation);
        };
        match process.store.adopt(finished).map(|newest| newest == position) {
            Ok(true) => {}
            Ok(false) => {
                let explanation = format!("{} takes on another snapshot", self.name(host));
                return self.guilty(Property::Assertions, explanation);
            }
            Err(error) => return self.end_life(host, error.to_string()),
        }
        match thaw(&process.store) {
            Ok(machine) => process.machine = machine,
            Err(error) => return self.end_life(host, error),
        }
        process.applied = snapshot;
        process.snapshot = None;
        process.snapshot_at = position.index;
        self.counts.add("snapshot taken on beside the log");
        self.check_past(host);
    }

    /// The log is synced up to its end.
    pub(crate) fn sync(&mut self, host: HostId, run: Run) {
        let place = &mut self.hosts[host];
        let Some(process) = place.process.as_mut() else { return };
        process.syncing = false;
        match process.store.sync() {
            Ok(position) => {
                place.shadow.synced(position);
                self.feed(host, run, Event::Durable(position));
            }
            Err(error) => self.end_life(host, error.to_string()),
        }
    }

    /// Looks whether a full disk has room again, and may have a snapshot made for the room that it gives.
    pub(crate) fn look_at_disk(&mut self, host: HostId, run: Run) {
        let Some(process) = self.hosts[host].running(run) else { return };
        if process.room_left() == Room::Ample {
            return self.tell_room(host, run);
        }
        match process.store.look_for_room() {
            Ok(Room::None) => {}
            Ok(_) => self.write_backlog(host, run),
            Err(error) => return self.end_life(host, error.to_string()),
        }
        self.tell_room(host, run);
        let (time, delay) = (self.time, self.span(WRITING));
        let Some(process) = self.hosts[host].running(run) else { return };
        if process.room.is_full() && time >= process.save_room_at {
            process.save_room_at = time + SAVE_AGAIN;
            self.freeze(host, run, delay);
        }
    }

    /// Tells the replica when the disk runs short of room, or has it again.
    pub(crate) fn tell_room(&mut self, host: HostId, run: Run) {
        let Some(process) = self.hosts[host].running(run) else { return };
        let room = process.room_left();
        if room != process.room {
            process.room = room;
            process.todo.push_back(Event::Space(room));
            match room {
                Room::None => self.strike_at_full_disk(host),
                Room::Scarce => {
                    let delay = self.span(WRITING);
                    self.freeze(host, run, delay);
                }
                Room::Reserve | Room::Ample => {}
            }
        }
    }
}
