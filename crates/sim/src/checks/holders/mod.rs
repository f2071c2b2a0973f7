//! Clients that hold leases, and what must become of the keys that hang on them, by the log alone.
//!
//! Only some worlds have them; the others are what they were without.

pub(crate) mod check;

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use understudy_machine::{
    Command, GrantLease, KeepLease, KvMachine, Lifetime, Operation, Outcome, Put, Response,
    RevokeLease, Stamp,
};
use understudy_protocol::{Entry, Kind};

use crate::checks::violation::{Property, Violation};
use crate::report::counts::Counts;
use crate::world::clock::MILLISECOND;

/// Those who hold, and what is known of what they hold.
pub struct Holders {
    rng: fastrand::Rng,
    enabled: bool,
    resting: bool,
    /// The lease of each, by client.
    each: BTreeMap<u64, Option<i64>>,
    log: Held,
}

/// What the log says of leases.
#[derive(Default)]
struct Held {
    /// The last entry that was looked at.
    index: u64,
    alive: BTreeMap<i64, Lease>,
    /// The lease of each key that was written and not deleted since; 0 for none.
    keys: BTreeMap<Vec<u8>, i64>,
    /// Stamps that were answered: what comes again is not executed again.
    answered: BTreeSet<(u64, u64)>,
}

struct Lease {
    ttl: u64,
    end: u64,
}

impl Holders {
    pub fn new(seed: u64, lasting: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x1ea5e);
        let enabled = rng.u32(0..8) == 0 && lasting;
        Holders { rng, enabled, resting: false, each: BTreeMap::new(), log: Held::default() }
    }

    /// Whether this world has any.
    pub fn are_there(&self) -> bool {
        self.enabled
    }

    /// What a holder does next, and after which pause.
    fn next(&mut self, client: u64) -> (Operation, u64) {
        let rng = &mut self.rng;
        let pause = rng.u64(0..400 * MILLISECOND);
        let key = format!("held/{}", rng.u32(0..6));
        let ttl = rng.u64(100..3000) * MILLISECOND;
        let put = |lifetime| Put { lifetime, ..Put::new(key, "v") }.into();
        let Some(Some(lease)) = self.each.get(&client).copied() else {
            return (GrantLease { ttl, lease: 0 }.into(), pause);
        };
        let operation = match rng.u32(0..16) {
            0..5 => put(Some(Lifetime::Lease(lease))),
            5 => put(Some(Lifetime::Kept(true))),
            6 => put(Some(Lifetime::Ttl(ttl))),
            7 => put(None),
            8 => RevokeLease { lease }.into(),
            9 => GrantLease { ttl, lease: 0 }.into(),
            _ => KeepLease { lease }.into(),
        };
        (operation, pause)
    }
}

impl Holders {
    /// An entry was executed on a machine.
    fn note(
        &mut self,
        entry: &Entry,
        response: &Response,
        machine: &KvMachine,
        counts: &mut Counts,
    ) -> Result<(), Violation> {
        if !self.enabled || entry.index != self.log.index + 1 {
            return Ok(());
        }
        let keys = self.log.keys.len();
        let noted = self.log.note(entry, response, machine);
        if entry.kind == Kind::Tick && self.log.keys.len() < keys {
            counts.add("keys gone with their lease");
        }
        let property = Property::LeasesKeepTheirTime;
        noted.map_err(|explanation| Violation { property, explanation })
    }
}

impl Held {
    /// Takes note of an entry that was executed for the first time, and looks at what it left.
    fn note(
        &mut self,
        entry: &Entry,
        response: &Response,
        machine: &KvMachine,
    ) -> Result<(), String> {
        let now = entry.time.elapsed;
        self.index = entry.index;
        if entry.kind == Kind::Open {
            self.alive.values_mut().for_each(|lease| lease.end = now + lease.ttl);
        }
        self.alive.retain(|_, lease| lease.end > now);
        match entry.kind {
            Kind::Tick => {
                let alive = &self.alive;
                self.keys.retain(|_, lease| *lease == 0 || alive.contains_key(lease));
            }
            Kind::Command => self.executed(&entry.payload, response, now),
            Kind::Open | Kind::Settings => {}
        }
        self.check(machine, now)
    }

    fn executed(&mut self, payload: &[u8], response: &Response, now: u64) {
        let Ok(Command { stamp: Some(stamp), operation: Some(operation), .. }) =
            Command::decode(payload)
        else {
            return;
        };
        let Stamp { session, sequence, .. } = stamp;
        let Some(outcome) = &response.result else { return };
        if matches!(outcome, Outcome::Failure(_)) || !self.answered.insert((session, sequence)) {
            return;
        }
        match (operation, outcome) {
            (Operation::Put(put), Outcome::Put(done)) if put.key.starts_with(b"held/") => {
                if let Some(Lifetime::Ttl(ttl)) = put.lifetime {
                    self.alive.insert(done.lease, Lease { ttl, end: now + ttl });
                }
                self.keys.insert(put.key.to_vec(), done.lease);
            }
            (Operation::GrantLease(grant), Outcome::LeaseGranted(granted)) => {
                self.alive.insert(granted.lease, Lease { ttl: grant.ttl, end: now + grant.ttl });
            }
            (Operation::KeepLease(keep), Outcome::LeaseKept(_)) => {
                let Some(lease) = self.alive.get_mut(&keep.lease) else { return };
                lease.end = now + lease.ttl;
            }
            (Operation::RevokeLease(revoke), Outcome::LeaseRevoked(_)) => {
                self.alive.remove(&revoke.lease);
                self.keys.retain(|_, lease| *lease != revoke.lease);
            }
            _ => {}
        }
    }

    fn check(&self, machine: &KvMachine, now: u64) -> Result<(), String> {
        let found = machine.leases(0, usize::MAX, now);
        let found: Vec<(i64, u64)> = found.iter().map(|info| (info.lease, info.left)).collect();
        let expected: Vec<(i64, u64)> =
            self.alive.iter().map(|(id, lease)| (*id, lease.end - now)).collect();
        let index = self.index;
        if found != expected {
            return Err(format!(
                "after entry {index} the leases and what they have left are {found:?}, not {expected:?}"
            ));
        }
        let range = understudy_machine::KeyRange::prefix("held/");
        let found = machine.range(&range, usize::MAX, usize::MAX).keys;
        let found: BTreeMap<Vec<u8>, i64> =
            found.into_iter().map(|kv| (kv.key.to_vec(), kv.lease)).collect();
        if found != self.keys {
            let expected = &self.keys;
            return Err(format!(
                "after entry {index} the keys held are {found:?}, not {expected:?}"
            ));
        }
        Ok(())
    }
}
