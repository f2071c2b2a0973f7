//! Bytes that clients may have in this process at once, counted for each connection.
//!
//! Flow control comes first: a connection that has its share is not read further, and nothing more is encoded for
//! it. What flow control cannot hold back, many connections with a little each, is bounded by the budget of the
//! port: when it is spent, the connection that has most is closed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::account::Account;
use super::throttled_count::ThrottledCount;

/// What all connections of a port may have at once.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Shared>);

/// The same, as accounts know it.
pub(super) struct Shared {
    port: &'static str,
    limit: usize,
    window: usize,
    used: AtomicUsize,
    last: AtomicU64,
    accounts: Mutex<Accounts>,
}

#[derive(Default)]
struct Accounts {
    open: BTreeMap<u64, Account>,
    /// Connections that had to go.
    closed: ThrottledCount,
}

impl Budget {
    /// A budget of `limit` bytes for a port, which is named in the log; flow control allows a connection `window`
    /// bytes that nobody takes.
    pub fn new(port: &'static str, limit: usize, window: usize) -> Self {
        Budget(Arc::new(Shared {
            port,
            limit,
            window,
            used: AtomicUsize::new(0),
            last: AtomicU64::new(0),
            accounts: Mutex::default(),
        }))
    }

    /// An account for a connection of nobody's. It must be closed.
    pub fn open(&self) -> Account {
        self.open_for(Bytes::new())
    }

    /// An account for a new connection, and whose it is. It must be closed.
    pub fn open_for(&self, owner: Bytes) -> Account {
        let id = self.0.last.fetch_add(1, Ordering::Relaxed);
        let account = Account::new(id, owner, self.0.clone());
        self.0.accounts().open.insert(id, account.clone());
        account
    }

    /// Bytes held by all connections.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }
}

impl Shared {
    /// Bytes that nobody takes, at most, of one connection.
    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// Adds bytes; tells whether they are too many now.
    pub(super) fn add(&self, bytes: usize) -> bool {
        self.used.fetch_add(bytes, Ordering::Relaxed) + bytes > self.limit
    }

    pub(super) fn sub(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// A connection is gone.
    pub(super) fn remove(&self, id: u64) {
        self.accounts().open.remove(&id);
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes connections, the one that has most first, until what the others have is within the budget.
    pub(super) fn relieve(&self) {
        let mut accounts = self.accounts();
        while self.used.load(Ordering::Relaxed) > self.limit {
            let open = accounts.open.values().filter(|account| !account.has_ended());
            let Some(most) = open.max_by_key(|account| account.held()) else { break };
            most.end();
            accounts.closed.count();
        }
        if let Some(count) = accounts.closed.take_due() {
            tracing::warn!(
                "the {} port's connections have {} MiB of requests and answers on their way: {count} of them, those \
                 with most, were closed; do their clients read what they ask for?",
                self.port,
                self.limit >> 20
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::account::ANSWERS;

    #[test]
    fn what_is_held_counts_until_it_is_dropped() {
        let budget = Budget::new("clients", 1000, 600);
        let account = budget.open();
        let mut held = account.hold(100);
        held.grow(50);
        assert_eq!((account.held(), budget.used()), (150, 150));
        drop(held);
        assert_eq!((account.held(), budget.used()), (0, 0));
    }

    #[test]
    fn a_spent_budget_closes_the_connection_that_has_most_and_no_other() {
        let budget = Budget::new("clients", 1000, 600);
        let (small, large, newest) = (budget.open(), budget.open(), budget.open());
        let _held = (small.hold(200), large.hold(700));
        assert!(!large.ended().is_cancelled());
        let _last = newest.hold(300);
        assert!(large.ended().is_cancelled());
        assert!(!small.ended().is_cancelled() && !newest.ended().is_cancelled());
        assert_eq!(budget.used(), 500, "what is on its way out counts no more");
    }

    #[test]
    fn a_connection_that_is_closed_gives_nothing_back_twice() {
        let budget = Budget::new("clients", 1000, 600);
        let (one, other) = (budget.open(), budget.open());
        let (held, kept) = (one.hold(400), other.hold(300));
        one.end();
        one.close();
        drop(held);
        assert_eq!(budget.used(), 300);
        drop(kept);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn payload_counts_until_a_call_takes_it_or_none_is_left() {
        let budget = Budget::new("clients", 1000, 600);
        let account = budget.open();
        account.begin_call(0);
        account.arrived(500);
        account.taken(300);
        assert_eq!(budget.used(), 200);
        account.end_call(0);
        assert_eq!(budget.used(), 0);
        account.taken(300);
        assert_eq!(budget.used(), 0, "nothing is taken twice");
        account.arrived(500);
        account.arrived(500);
        assert_eq!(budget.used(), 900, "as much as flow control allows, and half as much");
    }

    #[test]
    fn answers_have_a_share_of_their_own() {
        let budget = Budget::new("clients", usize::MAX, 600);
        let account = budget.open();
        let first = account.hold_answer(ANSWERS);
        assert!(first.is_some() && account.hold_answer(1).is_none());
        drop(first);
        assert!(account.hold_answer(1).is_some());
    }
}
