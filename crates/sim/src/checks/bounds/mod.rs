//! An operator who changes bounds, and goes to them at once: a bound is in force when its change is answered, and no
//! answer is longer than its bound together with what frames it.
//!
//! Only some worlds have one; the others are what they were without.

pub(crate) mod check;

use prost::Message;
use understudy_machine::{Get, KeyRange, KvMachine, Operation, Put, Response, SetQuota, Txn};

use crate::checks::violation::{Property, Violation};
use crate::world::clock::MILLISECOND;

/// The operator's key, which is in no history.
const KEY: &str = "limit";
/// Bytes of a value, where the bound is low and where it is high.
const LOW: u64 = 100;
const HIGH: u64 = 1000;
/// Bytes of an answer, at most: as few as a quota may say.
const ANSWER: u64 = 1024;
/// Bytes of the header of an answer to a client, at most.
const HEADER: u64 = 42;
/// The operator, and what was answered.
pub struct Bounds {
    rng: fastrand::Rng,
    enabled: bool,
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
        let enabled = rng.u32(0..8) == 0 && lasting;
        Bounds { rng, enabled, resting: false, client: None, answers: false, high: false }
    }

    /// Whether this world has one.
    pub fn are_there(&self) -> bool {
        self.enabled
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
        if !self.enabled || response.failure().is_some() || length + HEADER <= bound {
            return Ok(());
        }
        let explanation =
            format!("{name} answers with {length} bytes and a header: at most {bound} are allowed");
        Err(Violation { property: Property::AnswersKeepTheirBound, explanation })
    }
}
