//! The operator at work, and the judgement of what is answered.

use bytes::Bytes;
use prost::Message;
use understudy_evidence::correct;
use understudy_machine::{Command, Failure, FailureCode, Limit, Operation, Response};

use crate::checks::bounds::{HIGH, LOW};
use crate::checks::check::{Check, Done, Ended};
use crate::checks::violation::Property;
use crate::clients::Job;
use crate::faults::fault::FaultKinds;
use crate::world::World;
use crate::world::clock::MILLISECOND;
use crate::world::event::SimEvent;
use crate::world::host::Process;
use crate::world::id::HostId;

/// How often a wrong version looks at the bounds.
const LOOK: u64 = 20 * MILLISECOND;

/// Looks at answers, and at what is refused.
pub(crate) struct BoundsCheck;

impl Check for BoundsCheck {
    fn prepare(&self, world: &mut World, _faults: &mut FaultKinds) {
        world.prepare_bounds();
    }

    fn executed(&self, world: &mut World, done: &Done<'_>) {
        let Some(machine) = world.hosts[done.host].machine() else { return };
        let noted = world.bounds.note(done.name, done.response, machine);
        world.fail_on(noted);
    }

    fn ended(&self, world: &mut World, ended: &Ended<'_>) -> Option<u64> {
        if world.bounds.client != Some(ended.client) {
            return None;
        }
        if let (Job::Stamped(operation), Some(response)) = (ended.job, ended.response) {
            world.told_of_bounds(operation, response);
        }
        (!world.bounds.resting).then(|| world.go_to_bounds(ended.client))
    }

    fn rest(&self, world: &mut World) {
        world.bounds.resting = true;
    }
}

impl World {
    /// Somebody begins to change bounds.
    fn prepare_bounds(&mut self) {
        if self.bounds.enabled {
            let id = self.add_client();
            self.bounds.client = Some(id);
            let pause = self.go_to_bounds(id);
            self.after(pause, SimEvent::ClientTurn(id));
        }
    }

    /// Gives the operator the next job; it begins after the pause that is returned.
    fn go_to_bounds(&mut self, id: u64) -> u64 {
        let (operation, pause) = self.bounds.next();
        self.clients[id as usize].queue.push_back(Job::Stamped(operation));
        pause
    }

    /// The operator hears what became of its operation.
    fn told_of_bounds(&mut self, operation: &Operation, response: &Response) {
        match (operation, response.failure()) {
            (_, Some(failure)) if failure.code() == FailureCode::ResponseTooLarge => {
                self.counts.add("answer too long for its bound");
            }
            (Operation::SetQuota(set), None) => {
                self.bounds.answers |= set.max_response_bytes.is_some();
                self.bounds.high = set.max_value_bytes == Some(HIGH);
            }
            (Operation::Put(put), None) if put.value.len() as u64 > LOW => {
                self.counts.add("value beyond a bound that was raised");
            }
            (Operation::Put(put), Some(failure))
                if self.bounds.high && failure.code() == FailureCode::ValueTooLong =>
            {
                let explanation = format!(
                    "a value of {} bytes is refused ({failure}) after the bound of {HIGH} was answered",
                    put.value.len()
                );
                self.fail(Property::InForceWhenAnswered, explanation);
            }
            _ => {}
        }
    }

    /// As a handler that judges by what was published a moment ago, and not by what is in force.
    pub(crate) fn refused_by_a_view(&mut self, host: HostId, payload: &Bytes) -> Option<Failure> {
        let time = self.time;
        let process = self.hosts[host].process.as_mut()?;
        correct!(None, "judged-by-a-view" => process.judge_by_a_view(time, payload))
    }
}

impl Process {
    fn judge_by_a_view(&mut self, time: u64, payload: &Bytes) -> Option<Failure> {
        let (at, bound) = &mut self.viewed;
        if time >= *at + LOOK {
            (*at, *bound) = (time, self.driver.machine().quota().max_value_bytes);
        }
        let command = Command::decode(&payload[..]).ok()?;
        let Some(Operation::Put(put)) = command.operation else { return None };
        let (length, bound) = (put.value.len() as u64, *bound);
        let failure = Failure::beyond(FailureCode::ValueTooLong, Limit::ValueBytes, bound, length);
        (length > bound).then_some(failure)
    }
}
