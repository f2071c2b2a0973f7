//! How many requests may wait at once: each takes places, which stand for memory in the loop.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ask::Want;
use crate::doors::{Account, PLACES};
use crate::refusal::Refusal;

/// Bytes of a request that one place stands for.
const PLACE: usize = 16 << 10;
/// Places kept for operators, so that a crowd of clients does not keep them out.
pub(crate) const OPERATORS: usize = 64;

/// The places, and who may have them.
#[derive(Clone)]
pub(crate) struct Places {
    all: Arc<Semaphore>,
    /// Those of `all` that streams may have: they wait for places in turn, and single calls, which
    /// do not, would find none.
    streamed: Arc<Semaphore>,
    operators: Arc<Semaphore>,
    count: u32,
}

/// What one request has taken, until this is dropped.
pub(crate) struct Place {
    account: Account,
    weight: u32,
    _taken: OwnedSemaphorePermit,
    _streamed: Option<[OwnedSemaphorePermit; 2]>,
}

impl Places {
    /// This many, half of them for streams, and [`OPERATORS`] besides.
    pub fn new(count: usize) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Places {
            all: places(count),
            streamed: places(count.div_ceil(2)),
            operators: places(OPERATORS),
            count: u32::try_from(count).unwrap_or(u32::MAX),
        }
    }

    /// Places for a request, if there are any. A connection gets at most as many as it leaves free: the next
    /// client finds some, however many the others want. Operators have their own.
    pub fn take(&self, want: &Want, account: &Account, operators: bool) -> Result<Place, Refusal> {
        let places = if operators { &self.operators } else { &self.all };
        let weight = weight(want).min(self.count);
        let own = account.places().load(Ordering::Relaxed);
        let share = places.available_permits().min(PLACES);
        if !operators && own + weight as usize > share {
            return Err(Refusal::overloaded());
        }
        let taken = places.clone().try_acquire_many_owned(weight);
        let taken = taken.map_err(|_| Refusal::overloaded())?;
        Ok(Place::new(account, weight, taken, None))
    }

    /// Places for a stream's request, in turn. They are given back by the loop, which waits for
    /// nobody.
    pub async fn wait_for(&self, want: &Want, account: &Account) -> Result<Place, Refusal> {
        let weight = weight(want).min(self.count.div_ceil(2));
        let acquire = |places: &Arc<Semaphore>| places.clone().acquire_many_owned(weight);
        let closed = |_| Refusal::overloaded();
        let own = account.streamed(weight).await.ok_or_else(Refusal::overloaded)?;
        let streamed = acquire(&self.streamed).await.map_err(closed)?;
        let taken = acquire(&self.all).await.map_err(closed)?;
        Ok(Place::new(account, weight, taken, Some([own, streamed])))
    }
}

impl Place {
    fn new(
        account: &Account,
        weight: u32,
        taken: OwnedSemaphorePermit,
        streamed: Option<[OwnedSemaphorePermit; 2]>,
    ) -> Self {
        account.places().fetch_add(weight as usize, Ordering::Relaxed);
        Place { account: account.clone(), weight, _taken: taken, _streamed: streamed }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.account.places().fetch_sub(self.weight as usize, Ordering::Relaxed);
    }
}

/// How many places a request takes: large ones take more, so that memory is bounded, too.
fn weight(want: &Want) -> u32 {
    let bytes = match want {
        Want::Command { payload, .. } => payload.len(),
        _ => 0,
    };
    u32::try_from(1 + bytes / PLACE).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::Read;
    use crate::doors::Budget;

    #[test]
    fn a_connection_leaves_as_many_places_free_as_it_has() {
        let (places, budget) = (Places::new(12), Budget::new("clients", usize::MAX, 1 << 20));
        let (greedy, other, modest) = (budget.open(), budget.open(), budget.open());
        let take = |account: &Account| places.take(&Want::Read(Read::Quota), account, false).ok();
        let taken: Vec<_> = std::iter::from_fn(|| take(&greedy)).collect();
        assert_eq!(taken.len(), 6);
        let more: Vec<_> = std::iter::from_fn(|| take(&other)).collect();
        assert_eq!(more.len(), 3);
        assert!(take(&greedy).is_none() && take(&modest).is_some());
        let operator = || places.take(&Want::Read(Read::Quota), &greedy, true).ok();
        let operators: Vec<_> = std::iter::from_fn(operator).collect();
        assert_eq!(operators.len(), OPERATORS);
        drop(operators);
        drop(taken);
        assert_eq!(greedy.places().load(Ordering::Relaxed), 0);
        assert!(take(&greedy).is_some());
    }
}
