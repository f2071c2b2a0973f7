//! Reads are executed on the machine.

use understudy_machine::{KeyValue, KvMachine};

use super::Driver;
use crate::clients::{Answer, Answered, PAGE_BYTES, Read, Responder};
use crate::refusal::Refusal;

impl Driver {
    pub(super) fn answer_read(&mut self, read: Read, responder: Responder) {
        self.metrics.reads.inc();
        responder.answer(self.read(read));
    }

    fn read(&self, read: Read) -> Result<Answered, Refusal> {
        let machine = self.host.machine();
        let elapsed = || self.host.elapsed(self.clock.now());
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
            Read::Lease { lease, after, most } => {
                let refuse = |failure| Refusal::failed(&failure);
                let info = machine.lease(lease, elapsed()).map_err(refuse)?;
                let (keys, more) =
                    machine.lease_keys(lease, &after, most, PAGE_BYTES).map_err(refuse)?;
                Answer::Lease(info, keys, more)
            }
            Read::Leases { after, most } => Answer::Leases(machine.leases(after, most, elapsed())),
            Read::Generator(name) => {
                Answer::Generator(machine.generator(&name).ok().map(|(words, position)| {
                    (words.to_vec(), u32::try_from(position).unwrap_or(u32::MAX))
                }))
            }
            Read::Settings => Answer::Settings(self.host.executed().settings),
            Read::Quota => Answer::Quota(*machine.quota(), machine.usage()),
        };
        Ok(self.answered(answer))
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
