//! The machine's half of leases: what makes revisions.

use bytes::Bytes;

use super::KvMachine;
use super::memory;
use super::state::State;
use crate::{
    Failure, FailureCode, LeaseGranted, LeaseKept, LeaseRevoked, Operation, Outcome, Response,
};

/// How many keys of ended leases one input deletes.
pub const LEASE_BATCH: usize = 1024;

impl KvMachine {
    pub(super) fn lease_operation(
        &mut self,
        operation: &Operation,
        owner: &Bytes,
    ) -> Result<Outcome, Failure> {
        if matches!(operation, Operation::GrantLease(_)) {
            self.check_growth(memory::LEASE)?;
        }
        let State { leases, quota, elapsed, .. } = &mut self.state;
        match *operation {
            Operation::GrantLease(grant) => {
                let lease = leases.check_grant(grant.lease, grant.ttl, 0, owner, quota)?;
                leases.grant(lease, grant.ttl, *elapsed, owner);
                Ok(Outcome::LeaseGranted(LeaseGranted { lease, ttl: grant.ttl }))
            }
            Operation::KeepLease(keep) => {
                let ttl = leases.keep(keep.lease, *elapsed)?;
                Ok(Outcome::LeaseKept(LeaseKept { ttl }))
            }
            Operation::RevokeLease(revoke) => {
                leases.find(revoke.lease, *elapsed)?;
                let keys = leases.end(revoke.lease);
                self.delete_leftovers(Some(revoke.lease));
                Ok(Outcome::LeaseRevoked(LeaseRevoked { keys }))
            }
            _ => Err(Failure::new(FailureCode::BadCommand)),
        }
    }

    /// Time has passed, and nothing else: one batch of keys may go.
    pub(super) fn tick(&mut self) -> Response {
        self.delete_leftovers(None);
        self.respond(None)
    }

    /// Deletes a batch of the keys of a lease that has ended, or of all.
    fn delete_leftovers(&mut self, of: Option<i64>) {
        let State { leases, keyspace, revision, .. } = &mut self.state;
        for key in leases.leftovers(of, LEASE_BATCH) {
            self.changes.extend(keyspace.remove(key.as_slice()));
        }
        if !self.changes.is_empty() {
            *revision += 1;
            leases.follow(&self.changes);
        }
    }
}
