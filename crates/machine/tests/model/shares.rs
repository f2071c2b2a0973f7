//! The model's shares: owners are counted by looking at all that is there.

use bytes::Bytes;
use understudy_machine::{Failure, FailureCode, Limit, Quota};

/// Whether `owner` may have one more, where those that are there are owned by `owners`.
pub fn check<'a>(
    (what, most): (Limit, u64),
    owners: impl Iterator<Item = &'a Bytes>,
    owner: &Bytes,
    quota: &Quota,
) -> Result<(), Failure> {
    let (own, others): (Vec<_>, Vec<_>) = owners.partition(|other| *other == owner);
    let (own, others) = (own.len() as u64, others.len() as u64);
    if own + others >= most {
        let after = own + others + 1;
        return Err(Failure::beyond(FailureCode::QuotaExceeded, what, most, after));
    }
    let share = 1.max((most - others) * quota.max_owner_percent / 100);
    if !owner.is_empty() && own >= share {
        return Err(Failure::beyond(FailureCode::ShareExceeded, what, share, own + 1));
    }
    Ok(())
}
