//! The machine executes, and whoever waits is answered.

use understudy_machine::{KeyValue, KvMachine, Machine};
use understudy_protocol::{Entry, Event, Kind, MS, Proposal, RequestId};

use super::Driver;
use super::waiting::Pending;
use crate::clients::{Answer, Answered, PAGE_BYTES, Read, Refusal, Slot};

/// Between two ticks of logged time: one that is turned away must not come back at once.
const TICK_PAUSE: u64 = 20 * MS;

impl Driver {
    /// Executes entries in order: committed ones, in `async` mode also those that will be.
    pub(super) fn apply(&mut self, mut batch: Vec<(Entry, Option<RequestId>)>) {
        if self.holds(&mut batch) {
            return;
        }
        let Some(first) = batch.first().map(|(entry, _)| entry.index) else { return };
        let mut digests = Vec::with_capacity(batch.len());
        self.metrics.executed.inc_by(batch.len() as u64);
        let commit = self.replica.commit();
        for (entry, id) in batch {
            let (response, digest) = self.executor.execute(&entry);
            digests.push(digest);
            let Some(id) = id else { continue };
            self.settle(id);
            let Some((pending, slot)) = self.waiting.take(id) else { continue };
            let answer = match pending {
                Pending::Settings => Answer::Settings(self.executor.at.settings),
                _ => Answer::Executed(response),
            };
            let mut answered = self.answered(answer);
            if let Answer::Executed(response) = &answered.answer {
                answered.revision = response.revision;
            }
            self.metrics.acknowledged.inc();
            if entry.index > commit {
                self.metrics.acknowledged_ahead.inc();
            }
            if self.view.borrow().is_solo() {
                self.metrics.acknowledged_solo.inc();
            }
            slot.answer(Ok(answered));
        }
        self.pending.push_back(Event::Applied { first, digests });
        if self.watches.watched() > 0 {
            self.watches.publish(self.executor.machine.changes());
        }
        if let Some((frozen, snapshot)) = self.executor.due(self.snapshot_bytes) {
            self.freeze(frozen, snapshot);
        }
    }

    /// Executes reads that are linearizable now.
    pub(super) fn serve(&mut self, reads: Vec<RequestId>) {
        for id in reads {
            if let Some((Pending::Read(read), slot)) = self.waiting.take(id) {
                self.answer_read(read, slot);
            }
        }
    }

    pub(super) fn answer_read(&mut self, read: Read, slot: Slot) {
        self.metrics.reads.inc();
        slot.answer(self.read(read));
    }

    fn read(&self, read: Read) -> Result<Answered, Refusal> {
        let machine = &self.executor.machine;
        let answer = match read {
            Read::Key(key, revision) => Answer::Key(key_at(machine, &key, revision)?),
            Read::Store(revision) => {
                let reader = machine.at(revision).map_err(|failure| Refusal::failed(&failure))?;
                Answer::Store(Box::new(reader))
            }
            Read::Watch(range) => {
                let reader = machine.at(0).map_err(|failure| Refusal::failed(&failure))?;
                let subscription = self.watches.subscribe(range, machine.changes());
                Answer::Watch(subscription, Box::new(reader))
            }
            Read::Lease { lease, behind, most } => {
                let refuse = |failure| Refusal::failed(&failure);
                let info = machine.lease(lease, self.elapsed()).map_err(refuse)?;
                let (keys, more) =
                    machine.lease_keys(lease, &behind, most, PAGE_BYTES).map_err(refuse)?;
                Answer::Lease(info, keys, more)
            }
            Read::Leases { behind, most } => {
                Answer::Leases(machine.leases(behind, most, self.elapsed()))
            }
            Read::Generator(name) => {
                Answer::Generator(machine.generator(&name).ok().map(|(words, position)| {
                    (words.to_vec(), u32::try_from(position).unwrap_or(u32::MAX))
                }))
            }
            Read::Settings => Answer::Settings(self.executor.at.settings),
            Read::Quota => Answer::Quota(*machine.quota(), machine.usage()),
        };
        Ok(self.answered(answer))
    }

    /// Logged elapsed time as the next entry would have it.
    fn elapsed(&self) -> u64 {
        let last = self.executor.at.time.elapsed;
        self.replica.elapsed(self.clock.now()).map_or(last, |now| now.max(last))
    }

    /// A request of the loop's own has been executed, or will not be.
    pub(super) fn settle(&mut self, id: RequestId) {
        self.tick.take_if(|tick| *tick == id);
        self.memory.settle(id);
    }

    /// Has logged time pass where the machine waits for it.
    pub(super) fn propose_tick(&mut self) {
        let now = self.clock.now();
        // Only a primary that serves lets time pass.
        let Some(elapsed) = self.replica.elapsed(now) else { return };
        let due = self.executor.machine.deadline().is_some_and(|deadline| deadline <= elapsed)
            || self.executor.is_to_renew();
        if self.tick.is_some() || now.mono < self.tick_not_before || !due {
            return;
        }
        self.tick_not_before = now.mono + TICK_PAUSE;
        let id = self.waiting.number();
        self.tick = Some(id);
        let (kind, payload) = (Kind::Tick, Default::default());
        let tick = Proposal { id, kind, payload, firm: false, upkeep: true };
        self.pending.push_back(Event::Requests { proposals: vec![tick], reads: Vec::new() });
    }
}

/// A key as it stands at the newest revision (0) or at a given one.
pub(crate) fn key_at(
    machine: &KvMachine,
    key: &[u8],
    revision: i64,
) -> Result<Option<KeyValue>, Refusal> {
    if revision == 0 {
        return Ok(machine.get(key));
    }
    Ok(machine.at(revision).map_err(|failure| Refusal::failed(&failure))?.get(key))
}
