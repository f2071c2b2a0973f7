//! Everything that is replicated.

use understudy_evidence::correct;

use super::generators::Generators;
use super::history::History;
use super::keyspace::Keyspace;
use super::leases::Leases;
use super::memory::Budget;
use super::quota::Quota;
use super::sessions::Sessions;
use crate::{Failure, FailureCode};

/// The whole replicated state. A clone is O(1) and stands still.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// Log index of the last input.
    pub index: u64,
    /// Logged elapsed time as of it.
    pub elapsed: u64,
    /// The running digest as of it.
    pub digest: u64,
    /// Counts the operations that changed keys.
    pub revision: i64,
    pub keyspace: Keyspace,
    pub history: History,
    pub sessions: Sessions,
    pub leases: Leases,
    pub generators: Generators,
    pub quota: Quota,
    /// What all of it may take in memory.
    pub budget: Budget,
}

impl State {
    pub fn new() -> Self {
        State {
            index: 0,
            elapsed: 0,
            digest: 0,
            revision: 0,
            keyspace: Keyspace::default(),
            history: History::default(),
            sessions: Sessions::default(),
            leases: Leases::default(),
            generators: Generators::default(),
            quota: Quota::INITIAL,
            budget: Budget::default(),
        }
    }

    /// A new epoch: every session and every lease gets its full lifetime again.
    pub fn renew_all(&mut self) {
        self.sessions.deadlines.renew_all(self.elapsed);
        correct!(
            self.leases.deadlines.renew_all(self.elapsed),
            "leases-not-renewed" => {},
        );
    }

    /// Ends sessions and leases whose time is over, oldest first, as much of each as is allowed.
    pub fn expire(&mut self, work: u64) {
        self.sessions.expire(self.elapsed, work);
        self.leases.expire(self.elapsed, work);
    }

    /// The same without a limit: what has ended is not renewed, also where that was told to somebody
    /// before the batches came to it.
    pub fn expire_all(&mut self) {
        self.expire(u64::MAX);
    }

    /// Whether the store can be read as it stood at `revision`.
    pub fn check_kept(&self, revision: i64) -> Result<(), Failure> {
        let refuse = |code, limit: i64| {
            let (limit, actual) = (limit as u64, revision as u64);
            Err(Failure { limit, ..Failure::found(code, actual) })
        };
        if revision > self.revision {
            return refuse(FailureCode::FutureRevision, self.revision);
        }
        let oldest = self.history.changes().floor();
        if revision < oldest {
            return refuse(FailureCode::Compacted, oldest);
        }
        Ok(())
    }
}
