//! An operator who changes bounds, and goes to them at once: a bound is in force when its change is answered, and no
//! answer is longer than its bound together with what frames it.
//!
//! Only some worlds have one; the others are what they were without.

use bytes::Bytes;
use prost::Message;
use understudy_evidence::correct;
use understudy_machine::{
    Command, Failure, FailureCode, Get, KeyRange, KvMachine, Limit, Operation, Put, Response,
    SetQuota, Txn,
};

use crate::checks::violation::{Property, Violation};
use crate::checks::{Check, Done, Ended};
use crate::clients::{Client, Job};
use crate::faults::mix::Mix;
use crate::world::World;
use crate::world::clock::MILLISECOND;
use crate::world::happening::{Happening, HostId};
use crate::world::host::Process;

/// The operator's key, which is in no history.
const KEY: &str = "limit";
/// Bytes of a value, where the bound is low and where it is high.
const LOW: u64 = 100;
const HIGH: u64 = 1000;
/// Bytes of an answer, at most: as few as a quota may say.
const ANSWER: u64 = 1024;
/// Bytes of the header of an answer to a client, at most.
const HEADER: u64 = 42;
/// How often a wrong version looks at the bounds.
const LOOK: u64 = 20 * MILLISECOND;

/// The operator, and what was answered.
pub struct Bounds {
    rng: fastrand::Rng,
    wanted: bool,
    resting: bool,
    client: Option<u64>,
    /// Answers are bounded.
    answers: bool,
    /// The high bound is in force: it was answered, and none since then asked for another.
    high: bool,
}

impl Bounds {
    pub fn new(seed: u64, lasting: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0xb07d);
        let wanted = rng.u32(0..8) == 0 && lasting;
        Bounds { rng, wanted, resting: false, client: None, answers: false, high: false }
    }

    /// Whether this world has one.
    pub fn are_there(&self) -> bool {
        self.wanted
    }

    /// What the operator does next, and after which pause.
    fn next(&mut self) -> (Operation, u64) {
        let rng = &mut self.rng;
        let pause = rng.u64(0..150 * MILLISECOND);
        if !self.answers {
            let max_response_bytes = Some(ANSWER);
            return (SetQuota { max_response_bytes, ..SetQuota::default() }.into(), pause);
        }
        let values = |bytes| SetQuota { max_value_bytes: Some(bytes), ..SetQuota::default() };
        match rng.u32(0..8) {
            0 | 1 => {
                self.high = false;
                (values(LOW).into(), pause)
            }
            2..4 => (values(HIGH).into(), pause),
            4 | 5 => {
                let get = Get::new(KeyRange::single(KEY));
                (Txn { then: vec![get.into()], ..Txn::default() }.into(), pause)
            }
            // Right after whatever was before. Half of them make an answer about as long as it may be.
            _ => {
                let least = if rng.bool() { 1 } else { 9 * HIGH / 10 };
                (Put::new(KEY, vec![7; rng.u64(least..=HIGH) as usize]).into(), 0)
            }
        }
    }

    /// An entry was executed on a machine.
    fn note(&self, name: &str, response: &Response, machine: &KvMachine) -> Result<(), Violation> {
        let (length, bound) = (response.encoded_len() as u64, machine.quota().max_response_bytes);
        if !self.wanted || response.failure().is_some() || length + HEADER <= bound {
            return Ok(());
        }
        let explanation =
            format!("{name} answers with {length} bytes and a header: at most {bound} are allowed");
        Err(Violation { property: Property::AnswersKeepTheirBound, explanation })
    }
}

/// Looks at answers, and at what is refused.
pub(crate) struct BoundsCheck;

impl Check for BoundsCheck {
    fn prepare(&self, world: &mut World, _mix: &mut Mix) {
        world.prepare_bounds();
    }

    fn executed(&self, world: &mut World, done: &Done<'_>) {
        let Some(machine) = world.hosts[done.host].machine() else { return };
        let noted = world.bounds.note(done.name, done.response, machine);
        world.blame(noted);
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
        if self.bounds.wanted {
            let id = self.clients.len() as u64;
            self.clients.push(Client::new(id, None));
            self.bounds.client = Some(id);
            let pause = self.go_to_bounds(id);
            self.after(pause, Happening::ClientTurn(id));
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
                self.guilty(Property::InForceWhenAnswered, explanation);
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
