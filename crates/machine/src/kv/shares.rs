//! What each owner has of something whose number is limited for all clients together.

use std::ops::Bound;

use bytes::Bytes;
use imbl::OrdMap;
use understudy_evidence::correct;

use super::quota::Quota;
use crate::{Failure, FailureCode, Limit};

/// How many of one kind each owner has. Whatever nobody owns counts for all together only.
///
/// It has at most one entry for each thing that is there, so the quotas bound it.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Shares {
    counts: OrdMap<Bytes, u64>,
}

impl Shares {
    /// Owners that have any.
    pub fn owners(&self) -> u64 {
        self.counts.len() as u64
    }

    /// Those after one, by name, and how many each has.
    pub fn after<'a>(&'a self, owner: &[u8]) -> impl Iterator<Item = (&'a Bytes, u64)> + use<'a> {
        let bounds = (Bound::Excluded(owner), Bound::Unbounded);
        self.counts.range::<_, [u8]>(bounds).map(|(owner, count)| (owner, *count))
    }

    /// How many one of them has.
    pub fn of(&self, owner: &[u8]) -> u64 {
        self.counts.get(owner).copied().unwrap_or(0)
    }

    /// Counts one more; returns the owner's name, of which there is one copy for all that it has.
    pub fn add(&mut self, owner: &Bytes) -> Bytes {
        if owner.is_empty() {
            return Bytes::new();
        }
        let known = self.counts.get_key_value(&owner[..]).map(|(known, _)| known.clone());
        let owner = known.unwrap_or_else(|| owner.clone());
        *self.counts.entry(owner.clone()).or_default() += 1;
        owner
    }

    /// Counts one less.
    pub fn remove(&mut self, owner: &[u8]) {
        let Some(count) = self.counts.get_mut(owner) else { return };
        *count -= correct!(1, "share-not-given-back" => 0);
        if *count == 0 {
            self.counts.remove(owner);
        }
    }

    /// Whether `owner` may have `more` more of `what`, of which there are `all` and `most` may be.
    pub fn check(
        &self,
        (what, most): (Limit, u64),
        (all, more): (u64, u64),
        owner: &[u8],
        quota: &Quota,
    ) -> Result<(), Failure> {
        if all + more > most {
            return Err(Failure::beyond(FailureCode::QuotaExceeded, what, most, all + more));
        }
        if owner.is_empty() {
            return Ok(());
        }
        let own = correct!(self.of(owner), "share-of-all" => all);
        let share = quota.share(most, all - own);
        if own + more > share {
            return Err(Failure::beyond(FailureCode::ShareExceeded, what, share, own + more));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHAT: Limit = Limit::Sessions;

    /// How many each owner gets, one after the other, where there may be `most`.
    fn taken(most: u64, percent: u64, owners: u8) -> Vec<u64> {
        let quota = Quota { max_owner_percent: percent, ..Quota::INITIAL };
        let mut shares = Shares::default();
        let mut all = 0;
        let greedy = |owner: u8| {
            let name = Bytes::from(vec![owner + 1]);
            while shares.check((WHAT, most), (all, 1), &name, &quota).is_ok() {
                shares.add(&name);
                all += 1;
            }
            shares.of(&name)
        };
        (0..owners).map(greedy).collect()
    }

    #[test]
    fn an_owner_gets_three_quarters_of_what_the_others_leave() {
        assert_eq!(taken(10_000, 75, 4), [7_500, 1_875, 468, 117]);
    }

    #[test]
    fn an_owner_that_has_none_gets_one_while_there_is_any() {
        assert_eq!(taken(1, 75, 2), [1, 0]);
        assert_eq!(taken(3, 1, 4), [1, 1, 1, 0]);
        assert_eq!(taken(0, 100, 1), [0]);
    }

    #[test]
    fn a_share_may_be_all_there_is() {
        assert_eq!(taken(10, 100, 2), [10, 0]);
    }

    #[test]
    fn what_nobody_owns_has_no_share_and_leaves_less() {
        let (shares, quota) = (Shares::default(), Quota::INITIAL);
        assert_eq!(shares.check((WHAT, 100), (99, 1), b"", &quota), Ok(()));
        let refused = Failure::beyond(FailureCode::ShareExceeded, WHAT, 30, 31);
        assert_eq!(shares.check((WHAT, 100), (60, 31), b"x", &quota), Err(refused));
    }

    #[test]
    fn who_has_given_all_back_is_forgotten() {
        let mut shares = Shares::default();
        let name = Bytes::from_static(b"x");
        shares.add(&name);
        shares.add(&name);
        shares.remove(b"x");
        assert_eq!((shares.of(b"x"), shares.owners()), (1, 1));
        shares.remove(b"x");
        assert_eq!(shares, Shares::default());
    }
}
