//! Limits and quotas: replicated state, so that both replicas refuse the same.

use crate::{Failure, FailureCode, Limit, SetQuota};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLISECOND;
const HOUR: u64 = 3_600_000 * MILLISECOND;

/// Bytes of one key, at most.
pub(super) const LONGEST_KEY: u64 = 4 * KIB;
/// Bytes of one value, at most. Whatever can be written can be read: a message of 4 MiB, which is what clients take,
/// has room for one value, its key, the token or cursor that leads on (twice the key's length), and what frames it.
const LONGEST_VALUE: u64 = 4 * MIB - 16 * KIB;

/// What the store may hold and what an operation may ask. Changed by [`SetQuota`] only.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Quota {
    /// Keys in the store.
    #[prost(uint64, tag = "1")]
    pub max_keys: u64,
    /// Bytes of all keys and values.
    #[prost(uint64, tag = "2")]
    pub max_bytes: u64,
    /// Bytes of one key: 1 to 4 KiB.
    #[prost(uint64, tag = "3")]
    pub max_key_bytes: u64,
    /// Bytes of one value: at most 4 MiB without 16 KiB.
    #[prost(uint64, tag = "4")]
    pub max_value_bytes: u64,
    /// Elements of each of a transaction's three lists: 1 to 128.
    #[prost(uint64, tag = "5")]
    pub max_txn_operations: u64,
    /// Keys that the ranges of one operation may touch together: 1 to 1,000,000. Keeps every
    /// operation short; to remove more takes several.
    #[prost(uint64, tag = "6")]
    pub max_range_keys: u64,
    /// Bytes of one response: 1 KiB to 64 MiB.
    #[prost(uint64, tag = "7")]
    pub max_response_bytes: u64,
    /// Sessions alive: at most 1,000,000.
    #[prost(uint64, tag = "8")]
    pub max_sessions: u64,
    /// The shortest lifetime that a session may ask for, nanoseconds: 1 ms or more, and not above
    /// `max_session_ttl`.
    #[prost(uint64, tag = "9")]
    pub min_session_ttl: u64,
    /// The longest lifetime that a session may ask for, nanoseconds: 30 days or less.
    #[prost(uint64, tag = "10")]
    pub max_session_ttl: u64,
    /// Bytes of responses held for the retries of one session. Responses of up to 64 bytes are
    /// held beyond it too, so that every failure can be: at most 64 KiB a session.
    #[prost(uint64, tag = "11")]
    pub max_session_held_bytes: u64,
    /// Bytes of responses held for the retries of all sessions together, with the same exception.
    #[prost(uint64, tag = "12")]
    pub max_held_bytes: u64,
    /// Revisions of history; beyond it those that are old enough (`min_history_age`) are forgotten: at most
    /// 10,000,000.
    #[prost(uint64, tag = "13")]
    pub max_history_revisions: u64,
    /// Bytes of history: for each change its key, the value before it, and 256.
    #[prost(uint64, tag = "14")]
    pub max_history_bytes: u64,
    /// Generators, each of about 2.5 KiB: at most 1,000,000.
    #[prost(uint64, tag = "15")]
    pub max_generators: u64,
    /// Leases, with those whose keys are still to be deleted: at most 10,000,000.
    #[prost(uint64, tag = "16")]
    pub max_leases: u64,
    /// Revisions younger than this, nanoseconds of logged elapsed time, are kept beyond `max_history_revisions`
    /// as far as `max_history_bytes` allows, up to 10,000,000: a day or less.
    #[prost(uint64, tag = "17")]
    pub min_history_age: u64,
    /// What one owner may have of the sessions, the leases and the generators: percent of what the others leave of
    /// `max_sessions`, `max_leases` and `max_generators`, rounded down, and one at least: 1 to 100.
    #[prost(uint64, tag = "18")]
    pub max_owner_percent: u64,
}

/// Revisions that are kept at most, whatever the quota.
pub(crate) const MAX_REVISIONS: u64 = 10_000_000;

/// The least and the greatest value that each field may be given.
const BOUNDS: [(Limit, u64, u64); 18] = [
    (Limit::Keys, 0, u64::MAX),
    (Limit::Bytes, 0, u64::MAX),
    (Limit::KeyBytes, 1, LONGEST_KEY),
    (Limit::ValueBytes, 0, LONGEST_VALUE),
    (Limit::TxnOperations, 1, 128),
    (Limit::RangeKeys, 1, 1_000_000),
    (Limit::ResponseBytes, KIB, 64 * MIB),
    (Limit::Sessions, 0, 1_000_000),
    (Limit::MinSessionTtl, MILLISECOND, 720 * HOUR),
    (Limit::MaxSessionTtl, MILLISECOND, 720 * HOUR),
    (Limit::SessionHeldBytes, 0, u64::MAX),
    (Limit::HeldBytes, 0, u64::MAX),
    (Limit::HistoryRevisions, 0, MAX_REVISIONS),
    (Limit::HistoryBytes, 0, u64::MAX),
    (Limit::Generators, 0, 1_000_000),
    (Limit::Leases, 0, 10_000_000),
    (Limit::HistoryAge, 0, 24 * HOUR),
    (Limit::OwnerPercent, 1, 100),
];

impl Quota {
    /// What a new store begins with. All of it is in memory: with the overhead of two million keys, the history
    /// and the held answers this fits into 2 GiB, which is what the chart gives a replica.
    pub const INITIAL: Quota = Quota {
        max_keys: 2_000_000,
        max_bytes: KIB * MIB,
        max_key_bytes: 4 * KIB,
        max_value_bytes: MIB,
        max_txn_operations: 128,
        max_range_keys: 10_000,
        max_response_bytes: 4 * MIB,
        max_sessions: 10_000,
        min_session_ttl: 100 * MILLISECOND,
        max_session_ttl: 24 * HOUR,
        max_session_held_bytes: 16 * MIB,
        max_held_bytes: 256 * MIB,
        max_history_revisions: 10_000,
        max_history_bytes: 64 * MIB,
        max_generators: 1_000,
        max_leases: 100_000,
        min_history_age: 10 * SECOND,
        max_owner_percent: 75,
    };

    /// This quota with the given fields changed.
    ///
    /// # Errors
    /// `OUT_OF_BOUNDS` for the first field that crosses a bound; nothing is changed then.
    pub fn changed(mut self, change: &SetQuota) -> Result<Quota, Failure> {
        for ((limit, value), slot) in change.fields().into_iter().zip(self.fields()) {
            if let Some(value) = value {
                within(limit, value)?;
                *slot = value;
            }
        }
        self.check_lifetimes()?;
        Ok(self)
    }

    /// How many one owner may have where all may have `most` and the others have `others`.
    pub(super) fn share(&self, most: u64, others: u64) -> u64 {
        (most.saturating_sub(others) * self.max_owner_percent / 100).max(1)
    }

    /// Whether every field lies within its bounds.
    pub(crate) fn is_valid(mut self) -> bool {
        let fields = self.fields().map(|field| *field);
        BOUNDS.iter().zip(fields).all(|((limit, ..), value)| within(*limit, value).is_ok())
            && self.check_lifetimes().is_ok()
    }

    fn check_lifetimes(&self) -> Result<(), Failure> {
        let (least, most) = (self.min_session_ttl, self.max_session_ttl);
        if least > most {
            return Err(Failure::beyond(
                FailureCode::OutOfBounds,
                Limit::MinSessionTtl,
                most,
                least,
            ));
        }
        Ok(())
    }

    /// All fields, in the order of [`BOUNDS`].
    fn fields(&mut self) -> [&mut u64; 18] {
        [
            &mut self.max_keys,
            &mut self.max_bytes,
            &mut self.max_key_bytes,
            &mut self.max_value_bytes,
            &mut self.max_txn_operations,
            &mut self.max_range_keys,
            &mut self.max_response_bytes,
            &mut self.max_sessions,
            &mut self.min_session_ttl,
            &mut self.max_session_ttl,
            &mut self.max_session_held_bytes,
            &mut self.max_held_bytes,
            &mut self.max_history_revisions,
            &mut self.max_history_bytes,
            &mut self.max_generators,
            &mut self.max_leases,
            &mut self.min_history_age,
            &mut self.max_owner_percent,
        ]
    }
}

impl SetQuota {
    /// All fields, in the order of [`BOUNDS`].
    fn fields(&self) -> [(Limit, Option<u64>); 18] {
        [
            (Limit::Keys, self.max_keys),
            (Limit::Bytes, self.max_bytes),
            (Limit::KeyBytes, self.max_key_bytes),
            (Limit::ValueBytes, self.max_value_bytes),
            (Limit::TxnOperations, self.max_txn_operations),
            (Limit::RangeKeys, self.max_range_keys),
            (Limit::ResponseBytes, self.max_response_bytes),
            (Limit::Sessions, self.max_sessions),
            (Limit::MinSessionTtl, self.min_session_ttl),
            (Limit::MaxSessionTtl, self.max_session_ttl),
            (Limit::SessionHeldBytes, self.max_session_held_bytes),
            (Limit::HeldBytes, self.max_held_bytes),
            (Limit::HistoryRevisions, self.max_history_revisions),
            (Limit::HistoryBytes, self.max_history_bytes),
            (Limit::Generators, self.max_generators),
            (Limit::Leases, self.max_leases),
            (Limit::HistoryAge, self.min_history_age),
            (Limit::OwnerPercent, self.max_owner_percent),
        ]
    }
}

fn within(limit: Limit, value: u64) -> Result<(), Failure> {
    let bounds = BOUNDS.iter().find(|(which, ..)| *which == limit);
    let &(_, least, most) = bounds.expect("every field of a quota has bounds");
    if value < least {
        return Err(Failure::beyond(FailureCode::OutOfBounds, limit, least, value));
    }
    if value > most {
        return Err(Failure::beyond(FailureCode::OutOfBounds, limit, most, value));
    }
    Ok(())
}
