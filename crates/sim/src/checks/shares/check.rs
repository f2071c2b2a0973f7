//! The client at work, and the judgement of who is refused.

use bytes::Bytes;
use understudy_machine::{FailureCode, Outcome, Response};

use crate::checks::check::{Check, Done, Ended};
use crate::faults::fault::FaultKinds;
use crate::world::World;
use crate::world::event::SimEvent;

/// Looks at who is refused a session, and for what.
pub(crate) struct SharesCheck;

impl Check for SharesCheck {
    fn prepare(&self, world: &mut World, _faults: &mut FaultKinds) {
        world.prepare_shares();
    }

    fn executed(&self, world: &mut World, done: &Done<'_>) {
        let Some(machine) = world.hosts[done.host].machine() else { return };
        let executed = (done.entry, done.response);
        let noted = world.shares.note(done.name, executed, machine, &mut world.counts);
        world.fail_on(noted);
    }

    fn ended(&self, world: &mut World, ended: &Ended<'_>) -> Option<u64> {
        if world.shares.client != Some(ended.client) {
            return None;
        }
        if let Some(response) = ended.response {
            world.told_of_shares(response);
        }
        (!world.shares.resting).then(|| world.go_to_shares(ended.client))
    }

    fn rest(&self, world: &mut World) {
        world.shares.resting = true;
    }
}

impl World {
    /// Somebody begins to take what there is.
    fn prepare_shares(&mut self) {
        if !self.shares.enabled {
            return;
        }
        let id = self.add_client();
        for client in &mut self.clients {
            client.owner = Bytes::from(format!("client {}", client.id));
        }
        self.shares.client = Some(id);
        let pause = self.go_to_shares(id);
        self.after(pause, SimEvent::ClientTurn(id));
    }

    /// Gives the client its next job; it begins after the pause that is returned.
    fn go_to_shares(&mut self, id: u64) -> u64 {
        let (job, pause) = self.shares.next();
        self.clients[id as usize].queue.push_back(job);
        pause
    }

    /// The client hears what became of its operation.
    fn told_of_shares(&mut self, response: &Response) {
        match &response.result {
            Some(Outcome::QuotaSet(_)) => self.shares.changed = true,
            Some(Outcome::SessionOpened(opened)) => {
                self.shares.open.push(opened.session);
                if std::mem::take(&mut self.shares.refused) {
                    self.counts.add("share used again");
                }
            }
            Some(Outcome::Failure(failure)) if failure.code() == FailureCode::ShareExceeded => {
                self.shares.refused = true;
            }
            _ => {}
        }
    }
}
