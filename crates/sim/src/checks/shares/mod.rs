//! A client that opens as many sessions as it gets: it is refused for what it has itself, and nobody for what it has.
//!
//! Only some worlds have one, and there every client is an owner; the others are what they were without.

pub(crate) mod check;

use prost::Message;
use understudy_machine::{
    CloseSession, Command, FailureCode, KvMachine, Limit, OpenSession, Operation, Outcome,
    Response, SetQuota,
};
use understudy_protocol::{Entry, Kind};

use crate::checks::violation::{Property, Violation};
use crate::clients::Job;
use crate::report::counts::Counts;
use crate::world::clock::MILLISECOND;

/// Sessions that all may have, more than the others ever want, and percent of them for one owner.
const SESSIONS: u64 = 1000;
const PERCENT: u64 = 2;

/// The client, and what it has.
pub struct Shares {
    rng: fastrand::Rng,
    enabled: bool,
    resting: bool,
    client: Option<u64>,
    /// The quota is changed.
    changed: bool,
    /// Sessions that it was told of and has not closed.
    open: Vec<u64>,
    /// It was refused, and has closed some since.
    refused: bool,
}

impl Shares {
    pub fn new(seed: u64, lasting: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x5a2e);
        let enabled = rng.u32(0..8) == 0 && lasting;
        let (resting, changed, refused) = (false, false, false);
        Shares { rng, enabled, resting, client: None, changed, open: Vec::new(), refused }
    }

    /// What it does next, and after which pause.
    fn next(&mut self) -> (Job, u64) {
        let rng = &mut self.rng;
        if !self.changed {
            let (max_sessions, max_owner_percent) = (Some(SESSIONS), Some(PERCENT));
            let quota = SetQuota { max_sessions, max_owner_percent, ..SetQuota::default() };
            return (Job::Stamped(quota.into()), 0);
        }
        let pause = rng.u64(0..40 * MILLISECOND);
        let close = if self.refused { 2 } else { 12 };
        if rng.u32(0..close) == 0 && !self.open.is_empty() {
            let session = self.open.swap_remove(rng.usize(0..self.open.len()));
            return (Job::Operate(CloseSession { session }.into()), pause);
        }
        let ttl = if rng.bool() { rng.u64(300..3000) } else { 60_000 };
        (Job::Operate(OpenSession { ttl: ttl * MILLISECOND }.into()), pause)
    }

    /// An entry was executed on a machine: whoever is refused has as much as it may have, and nobody has more.
    fn note(
        &self,
        name: &str,
        (entry, response): (&Entry, &Response),
        machine: &KvMachine,
        counts: &mut Counts,
    ) -> Result<(), Violation> {
        if !self.enabled || entry.kind != Kind::Command {
            return Ok(());
        }
        let Ok(Command { operation: Some(Operation::OpenSession(_)), owner, .. }) =
            Command::decode(&entry.payload[..])
        else {
            return Ok(());
        };
        let share = machine.quota().max_sessions * machine.quota().max_owner_percent / 100;
        let own = match machine.at(0) {
            Ok(reader) => reader.sessions(0, Some(&owner)).count() as u64,
            Err(_) => return Ok(()),
        };
        let explanation = match (&response.result, response.failure()) {
            (Some(Outcome::SessionOpened(_)), _) if own > share && !owner.is_empty() => {
                format!(
                    "{name} opens a session for {owner:?}, which has {own} now: {share} is its share"
                )
            }
            (_, Some(failure)) if failure.what() == Limit::Sessions => {
                counts.add("share used up");
                if failure.code() == FailureCode::ShareExceeded && failure.actual == own + 1 {
                    return Ok(());
                }
                format!("{name} refuses {owner:?} a session, of which it has {own}: {failure}")
            }
            _ => return Ok(()),
        };
        Err(Violation { property: Property::AShareIsItsOwners, explanation })
    }
}
