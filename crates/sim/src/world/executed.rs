//! What a replica has executed, and what it is about to do to its disk, is compared with everything that is known.

use understudy_host::Executed;
use understudy_machine::KvMachine;
use understudy_protocol::{Effect, EndReason, Entry, Index, Kind, OnDisk, Position};
use understudy_wal::ReadError;

use crate::checks::check::Done;
use crate::checks::violation::Property;
use crate::checks::watch::acts;
use crate::clients::Told;
use crate::world::World;
use crate::world::host::Waiter;
use crate::world::id::{HostId, Run};

/// An effect that is about to be carried out, as far as it can be judged.
pub(crate) enum Due {
    Append(Vec<Entry>),
    SetAside(Vec<Entry>),
    Truncate(Index),
    /// A snapshot takes the log's place.
    Install(Position),
    ReadLog(Index, usize),
    ReadSnapshot(Position, u64, usize),
    SaveState,
    EndLife(EndReason),
}

impl Due {
    pub fn of(effect: &Effect) -> Option<Self> {
        if let Effect::EndLife(why) = effect {
            return Some(Due::EndLife(why.clone()));
        }
        Some(match effect.on_disk()? {
            OnDisk::Append(entries) => Due::Append(entries.to_vec()),
            OnDisk::SetAside(entries) => Due::SetAside(entries.to_vec()),
            OnDisk::Truncate(after) => Due::Truncate(after),
            OnDisk::StoreSnapshot(part) if part.last && !part.background => {
                Due::Install(part.snapshot.position)
            }
            OnDisk::ReadLog(from, bytes) => Due::ReadLog(from, bytes),
            OnDisk::ReadSnapshot(position, offset, bytes) => {
                Due::ReadSnapshot(position, offset, bytes)
            }
            OnDisk::SaveState(_) => Due::SaveState,
            // These are judged by what comes of them.
            OnDisk::StoreSnapshot(_) | OnDisk::AdoptSnapshot(_) | OnDisk::Release(_) => {
                return None;
            }
        })
    }
}

impl World {
    /// An entry was executed.
    pub(crate) fn executed_entry(
        &mut self,
        host: HostId,
        run: Run,
        executed: Executed<KvMachine, Waiter>,
    ) {
        let Executed { entry, output: response, digest, committed, waiter } = executed;
        let Some(process) = self.hosts[host].running(run) else { return };
        let revision = process.driver.machine().revision();
        let primary = acts(&process.driver.replica().status());
        let name = self.name(host);
        self.check_executed(&Done {
            host,
            name: &name,
            run,
            entry: &entry,
            response: &response,
            digest,
            committed,
        });
        if let Some(waiter) = waiter {
            // A retry carries the store's revision after the first execution.
            if response.failure().is_none() && response.revision < revision {
                self.counts.add("retry answered from the session table");
            }
            match committed {
                false => self.told_ahead(host, &entry, &waiter),
                true => self.ledger.promise(entry.index),
            }
            if let Waiter::Client { client, attempt, .. } = waiter {
                self.tell(host, client, attempt, Told::Executed(response));
            }
        }
        match entry.kind {
            Kind::Settings if primary => self.inject_at_settings(host),
            Kind::Tick if primary => self.counts.add("machine ticks"),
            Kind::Open | Kind::Command | Kind::Tick | Kind::Settings => {}
        }
    }

    /// What is to be seen, and said, before an effect is carried out.
    pub(crate) fn before_effect(&mut self, host: HostId, run: Run, due: Due) {
        match due {
            Due::Append(entries) => {
                if let Some(process) = self.hosts[host].running(run) {
                    process.unwritten.extend(entries);
                }
            }
            Due::SetAside(entries) => {
                let process = self.hosts[host].running(run);
                let mut left = process.iter().flat_map(|process| process.driver.effects());
                let cut = matches!(left.nth(1), Some(Effect::Truncate { .. }));
                drop(left);
                self.noted_aside(host, &entries, cut);
            }
            Due::Truncate(after) => {
                self.cut_after_fork(host, after, None);
                // What was to be cut may be gone even if the cutting fails.
                self.hosts[host].shadow.truncate(after);
                if let Some(process) = self.hosts[host].running(run) {
                    process.unwritten.retain(|entry| entry.index <= after);
                }
                self.inject_at_cut(host);
            }
            Due::Install(position) => {
                self.cut_after_fork(host, 0, Some(position));
                // What the snapshot replaces may be gone even if the installing fails.
                self.hosts[host].shadow.truncate(position.index);
            }
            Due::ReadLog(from, bytes) => {
                let process = self.hosts[host].running(run);
                let read = process.map(|process| process.driver.store().read(from, bytes));
                self.found_damage(host, matches!(read, Some(Err(ReadError::Damaged(_)))));
            }
            Due::ReadSnapshot(position, offset, bytes) => {
                let process = self.hosts[host].running(run);
                let store = process.map(|process| process.driver.store());
                let read = store.map(|store| store.read_snapshot(position, offset, bytes));
                self.found_damage(host, matches!(read, Some(Err(ReadError::Damaged(_)))));
            }
            Due::SaveState => {
                if !self.hosts[host].shadow.is_synced() {
                    let explanation = format!(
                        "{} saves its hard state, and the log is not synced that was written before",
                        self.name(host)
                    );
                    self.fail(Property::WritesKeepTheirOrder, explanation);
                }
            }
            Due::EndLife(why) => {
                if self.register.writer == Some(run) {
                    let explanation = format!("{} yields to its own write: {why}", self.name(host));
                    self.fail(Property::YieldsToOthers, explanation);
                }
                if matches!(why, EndReason::StateDiffers { .. }) {
                    self.fail(Property::EqualDigests, format!("{}: {why}", self.name(host)));
                }
            }
        }
    }

    /// What was to be sent to a follower is not what was written: it is not sent.
    fn found_damage(&mut self, host: HostId, damaged: bool) {
        if !damaged {
            return;
        }
        self.counts.add("rot found while reading for a follower");
        if self.hosts[host].rot.is_none() {
            let explanation = format!("{} cannot read what it has written", self.name(host));
            self.fail(Property::DiskKeepsItsWord, explanation);
        }
    }

    /// What has reached the disk since the last step.
    pub(crate) fn note_written(&mut self, host: HostId) {
        let place = &mut self.hosts[host];
        let Some(process) = place.process.as_mut() else { return };
        let last = process.driver.store().last().index;
        while let Some(entry) = process.unwritten.pop_front_if(|entry| entry.index <= last) {
            place.shadow.append(std::slice::from_ref(&entry));
        }
    }
}
