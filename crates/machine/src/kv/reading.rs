//! What a machine tells of its state.

use std::ops::Bound;

use bytes::Bytes;

use super::KvMachine;
use super::changes::Changes;
use super::mt19937::Mt19937;
use super::state::State;
use crate::{
    Failure, FailureCode, KeyRange, KeyValue, LeaseInfo, Machine, Page, Quota, Reader, SessionInfo,
    Usage,
};

impl KvMachine {
    /// The key as it is now.
    pub fn get(&self, key: &[u8]) -> Option<KeyValue> {
        self.state.keyspace.get(key)
    }

    /// The first keys of a range: at most `limit` of them, and no more than make up `bytes`
    /// encoded bytes, but always one if there is one and `limit` is not 0.
    pub fn range(&self, range: &KeyRange, limit: usize, bytes: usize) -> Page {
        let keys = self.state.keyspace.range(range);
        Page::first(keys, limit, bytes, false)
    }

    /// How many keys a range holds. Takes time with their number.
    pub fn count(&self, range: &KeyRange) -> u64 {
        self.state.keyspace.range(range).count() as u64
    }

    /// The store as it stood at a revision; 0 stands for the newest.
    ///
    /// # Errors
    /// `COMPACTED` or `FUTURE_REVISION`.
    pub fn at(&self, revision: i64) -> Result<Reader, Failure> {
        let revision = if revision == 0 { self.state.revision } else { revision };
        self.state.check_kept(revision)?;
        Ok(Reader::new(self.state.clone(), revision))
    }

    /// The oldest revision at which the store can be read.
    pub fn oldest_revision(&self) -> i64 {
        self.state.history.changes().floor()
    }

    /// What the newest revisions did.
    pub fn changes(&self) -> &Changes {
        self.state.history.changes()
    }

    /// The store's revision: counts the operations that changed keys.
    pub fn revision(&self) -> i64 {
        self.state.revision
    }

    /// Log index of the last input; 0 before the first.
    pub fn index(&self) -> u64 {
        self.state.index
    }

    /// A session that is alive.
    ///
    /// # Errors
    /// `SESSION_UNKNOWN` or `SESSION_EXPIRED`.
    pub fn session(&self, session: u64) -> Result<SessionInfo, Failure> {
        self.state.sessions.info(session, self.state.elapsed)
    }

    /// A lease that can be used, with the time that it has left at `now`: the logged elapsed time that
    /// the next entry would have. 0 is left where it is over and no entry has said so yet.
    ///
    /// # Errors
    /// `LEASE_UNKNOWN`.
    pub fn lease(&self, lease: i64, now: u64) -> Result<LeaseInfo, Failure> {
        let State { leases, elapsed, .. } = &self.state;
        leases.find(lease, *elapsed).map(|found| leases.info(lease, found, now))
    }

    /// The leases that can be used, by id, after the one that is given: at most `most`.
    pub fn leases(&self, after: i64, most: usize, now: u64) -> Vec<LeaseInfo> {
        let State { leases, elapsed, .. } = &self.state;
        let usable = |(id, _): &(i64, _)| leases.find(*id, *elapsed).is_ok();
        let all = leases.after(after).filter(usable);
        all.take(most).map(|(id, lease)| leases.info(id, lease, now)).collect()
    }

    /// The keys attached to a lease, in order, after the one that is given, and whether there are
    /// more: at most `most`, and no more than make up `bytes`, but always one if there is one and
    /// `most` is not 0.
    ///
    /// # Errors
    /// `LEASE_UNKNOWN`.
    pub fn lease_keys(
        &self,
        lease: i64,
        after: &[u8],
        most: usize,
        bytes: usize,
    ) -> Result<(Vec<Bytes>, bool), Failure> {
        let lease = self.state.leases.find(lease, self.state.elapsed)?;
        let (mut page, mut left) = (Vec::new(), bytes);
        for key in lease.keys.range::<_, [u8]>((Bound::Excluded(after), Bound::Unbounded)) {
            let length = key.as_slice().len();
            if page.len() == most || length > left && !page.is_empty() {
                return Ok((page, true));
            }
            left = left.saturating_sub(length);
            page.push(key.to_bytes());
        }
        Ok((page, false))
    }

    /// The state of a generator: its 624 words, and how many of them have been used.
    ///
    /// # Errors
    /// `GENERATOR_UNKNOWN`.
    pub fn generator(&self, name: &str) -> Result<(&[u32], u64), Failure> {
        let unknown = Failure::new(FailureCode::GeneratorUnknown);
        self.state.generators.get(name).map(Mt19937::state).ok_or(unknown)
    }

    /// How much of the quota is used.
    pub fn usage(&self) -> Usage {
        Usage {
            keys: self.state.keyspace.len(),
            bytes: self.state.keyspace.bytes(),
            sessions: self.state.sessions.len(),
            leases: self.state.leases.len(),
            generators: self.state.generators.len(),
            held_bytes: self.state.sessions.held_bytes(),
            history_bytes: self.state.history.bytes(),
            memory: self.state.memory(),
            memory_limit: self.state.budget.0,
            oldest_revision: self.oldest_revision(),
        }
    }

    /// The limits in force.
    pub fn quota(&self) -> &Quota {
        &self.state.quota
    }

    /// A hash over the whole state, running digest included: equal states have equal hashes.
    /// Takes time with the size of the state; it is the checksum that ends a snapshot.
    pub fn state_hash(&self) -> u64 {
        self.freeze().hash()
    }
}
