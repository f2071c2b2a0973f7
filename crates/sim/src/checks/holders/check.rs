//! The clients that hold leases, and the judgement after every entry.

use understudy_machine::{Outcome, Response};

use crate::checks::check::{Check, Done, Ended};
use crate::clients::Job;
use crate::faults::fault::FaultKinds;
use crate::world::World;
use crate::world::event::SimEvent;

/// How many clients hold leases where any do.
const HOLDERS: usize = 2;

/// Compares leases and the keys on them with what the log says.
pub(crate) struct HoldersCheck;

impl Check for HoldersCheck {
    fn prepare(&self, world: &mut World, _faults: &mut FaultKinds) {
        world.prepare_holders();
    }

    fn executed(&self, world: &mut World, done: &Done<'_>) {
        let Some(machine) = world.hosts[done.host].machine() else { return };
        let noted = world.holders.note(done.entry, done.response, machine, &mut world.counts);
        world.fail_on(noted);
    }

    fn ended(&self, world: &mut World, ended: &Ended<'_>) -> Option<u64> {
        world.held(ended.client, ended.response.filter(|response| response.failure().is_none()))
    }

    fn rest(&self, world: &mut World) {
        world.holders.resting = true;
    }
}

impl World {
    /// Some begin to hold leases.
    fn prepare_holders(&mut self) {
        let holders = if self.holders.enabled { HOLDERS } else { 0 };
        for _ in 0..holders {
            let id = self.add_client();
            self.holders.each.insert(id, None);
            let pause = self.hold(id);
            self.after(pause, SimEvent::ClientTurn(id));
        }
    }

    /// Gives a holder its next job; it begins after the pause that is returned.
    fn hold(&mut self, id: u64) -> u64 {
        let (operation, pause) = self.holders.next(id);
        self.clients[id as usize].queue.push_back(Job::Stamped(operation));
        pause
    }

    /// What a client asked for has ended; gives a holder's pause.
    fn held(&mut self, id: u64, response: Option<&Response>) -> Option<u64> {
        let lease = self.holders.each.get_mut(&id)?;
        match response.and_then(|response| response.result.as_ref()) {
            Some(Outcome::LeaseGranted(granted)) => *lease = Some(granted.lease),
            Some(Outcome::LeaseKept(_)) => self.counts.add("lease kept"),
            Some(Outcome::LeaseRevoked(_)) | None => *lease = None,
            _ => {}
        }
        (!self.holders.resting).then(|| self.hold(id))
    }
}
