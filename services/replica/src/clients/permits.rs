//! How many requests may wait at once: each takes permits, which stand for memory in the loop.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::request::RequestKind;
use crate::connections::{Account, PERMITS};
use crate::refusal::Refusal;

/// Bytes of a request that one permit stands for.
const PERMIT_BYTES: usize = 16 << 10;
/// Permits kept for operators, so that a crowd of clients does not keep them out.
pub(crate) const OPERATORS: usize = 64;

/// The permits, and who may have them.
#[derive(Clone)]
pub(crate) struct Permits {
    all: Arc<Semaphore>,
    /// Those of `all` that streams may have: they wait for permits in turn, and single calls, which
    /// do not, would find none.
    streamed: Arc<Semaphore>,
    operators: Arc<Semaphore>,
    count: u32,
}

/// What one request has taken, until this is dropped.
pub(crate) struct Permit {
    account: Account,
    weight: u32,
    _taken: OwnedSemaphorePermit,
    _streamed: Option<[OwnedSemaphorePermit; 2]>,
}

impl Permits {
    /// This many, half of them for streams, and [`OPERATORS`] besides.
    pub fn new(count: usize) -> Self {
        let permits = |count| Arc::new(Semaphore::new(count));
        Permits {
            all: permits(count),
            streamed: permits(count.div_ceil(2)),
            operators: permits(OPERATORS),
            count: u32::try_from(count).unwrap_or(u32::MAX),
        }
    }

    /// Permits for a request, if there are any. A connection gets at most as many as it leaves free: the next
    /// client finds some, however many the others want. Operators have their own.
    pub fn take(
        &self,
        kind: &RequestKind,
        account: &Account,
        operators: bool,
    ) -> Result<Permit, Refusal> {
        let permits = if operators { &self.operators } else { &self.all };
        let weight = weight(kind).min(self.count);
        let own = account.permits().load(Ordering::Relaxed);
        let share = permits.available_permits().min(PERMITS);
        if !operators && own + weight as usize > share {
            return Err(Refusal::overloaded());
        }
        let taken = permits.clone().try_acquire_many_owned(weight);
        let taken = taken.map_err(|_| Refusal::overloaded())?;
        Ok(Permit::new(account, weight, taken, None))
    }

    /// Permits for a stream's request, in turn. They are given back by the loop, which waits for
    /// nobody.
    pub async fn wait_for(&self, kind: &RequestKind, account: &Account) -> Result<Permit, Refusal> {
        let weight = weight(kind).min(self.count.div_ceil(2));
        let acquire = |permits: &Arc<Semaphore>| permits.clone().acquire_many_owned(weight);
        let closed = |_| Refusal::overloaded();
        let own = account.streamed(weight).await.ok_or_else(Refusal::overloaded)?;
        let streamed = acquire(&self.streamed).await.map_err(closed)?;
        let taken = acquire(&self.all).await.map_err(closed)?;
        Ok(Permit::new(account, weight, taken, Some([own, streamed])))
    }
}

impl Permit {
    fn new(
        account: &Account,
        weight: u32,
        taken: OwnedSemaphorePermit,
        streamed: Option<[OwnedSemaphorePermit; 2]>,
    ) -> Self {
        account.permits().fetch_add(weight as usize, Ordering::Relaxed);
        Permit { account: account.clone(), weight, _taken: taken, _streamed: streamed }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.account.permits().fetch_sub(self.weight as usize, Ordering::Relaxed);
    }
}

/// How many permits a request takes: large ones take more, so that memory is bounded, too.
fn weight(kind: &RequestKind) -> u32 {
    let bytes = match kind {
        RequestKind::Command { payload, .. } => payload.len(),
        _ => 0,
    };
    u32::try_from(1 + bytes / PERMIT_BYTES).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::Read;
    use crate::connections::Budget;

    #[test]
    fn a_connection_leaves_as_many_permits_free_as_it_has() {
        let (permits, budget) = (Permits::new(12), Budget::new("clients", usize::MAX, 1 << 20));
        let (greedy, other, modest) = (budget.open(), budget.open(), budget.open());
        let take =
            |account: &Account| permits.take(&RequestKind::Read(Read::Quota), account, false).ok();
        let taken: Vec<_> = std::iter::from_fn(|| take(&greedy)).collect();
        assert_eq!(taken.len(), 6);
        let more: Vec<_> = std::iter::from_fn(|| take(&other)).collect();
        assert_eq!(more.len(), 3);
        assert!(take(&greedy).is_none() && take(&modest).is_some());
        let operator = || permits.take(&RequestKind::Read(Read::Quota), &greedy, true).ok();
        let operators: Vec<_> = std::iter::from_fn(operator).collect();
        assert_eq!(operators.len(), OPERATORS);
        drop(operators);
        drop(taken);
        assert_eq!(greedy.permits().load(Ordering::Relaxed), 0);
        assert!(take(&greedy).is_some());
    }
}
