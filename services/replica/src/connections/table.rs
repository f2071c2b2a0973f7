//! Who is connected to a port: a bounded number of connections in all, and of one address.
//!
//! Nobody is kept waiting at a full port. Room is made: first goes one that has not greeted, then, of the address
//! with most connections, one without a call under way, or the oldest.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::account::Account;
use super::budget::Budget;
use super::owner::owner;
use super::throttled_count::ThrottledCount;
use super::turns::Turns;

/// How many connections a port has room for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    /// In all.
    pub total: usize,
    /// Of one address.
    pub of_address: usize,
}

/// Everybody who is connected to a port.
#[derive(Clone)]
pub(crate) struct ConnectionTable(Arc<Shared>);

struct Shared {
    port: &'static str,
    limits: ConnectionLimits,
    budget: Budget,
    /// Whose turn it is among connections whose bytes make much work.
    turns: Turns,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    /// In the order in which they came.
    entries: BTreeMap<u64, Entry>,
    addresses: HashMap<IpAddr, usize>,
    sent_away: ThrottledCount,
}

/// One of them, as the table has it.
struct Entry {
    address: IpAddr,
    account: Account,
    greeted: Arc<AtomicBool>,
}

/// One of them, until this is dropped.
pub(crate) struct Registration {
    table: Arc<Shared>,
    number: u64,
    account: Account,
    greeted: Arc<AtomicBool>,
}

impl ConnectionTable {
    /// The table of a port, whose connections share a budget.
    pub fn new(port: &'static str, limits: ConnectionLimits, budget: Budget) -> Self {
        let (turns, state) = (Turns::new(), Mutex::default());
        ConnectionTable(Arc::new(Shared { port, limits, budget, turns, state }))
    }

    /// Lets a connection in, and another one go if there is no room for both.
    pub fn register(&self, address: IpAddr) -> Registration {
        let shared = &self.0;
        let mut state = shared.state();
        while let Some(number) = state.who_must_go(address, shared.limits) {
            state.send_away(number);
        }
        state.last += 1;
        let (number, account) = (state.last, shared.budget.open_for(owner(address)));
        let greeted = Arc::new(AtomicBool::new(false));
        let entry = Entry { address, account: account.clone(), greeted: greeted.clone() };
        state.entries.insert(number, entry);
        *state.addresses.entry(address).or_default() += 1;
        state.tell(shared.port, shared.limits);
        drop(state);
        Registration { table: shared.clone(), number, account, greeted }
    }

    /// Bytes that all of them hold.
    pub fn held(&self) -> usize {
        self.0.budget.used()
    }

    /// How many are connected.
    pub fn len(&self) -> usize {
        self.0.state().entries.len()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Who must go so that one more of this address can come.
    fn who_must_go(&self, newcomer: IpAddr, limits: ConnectionLimits) -> Option<u64> {
        let of_newcomer = self.addresses.get(&newcomer).copied().unwrap_or_default();
        let crowded = match (of_newcomer >= limits.of_address, self.entries.len() >= limits.total) {
            (true, _) => Some(newcomer),
            (false, true) => None,
            (false, false) => return None,
        };
        let among = |entry: &Entry| crowded.is_none_or(|address| address == entry.address);
        let rank = |(number, entry): (&u64, &Entry)| {
            let calls = entry.account.calls();
            (calls > 0, *number)
        };
        let silent = self.entries.iter().find(|(_, entry)| among(entry) && !entry.has_greeted());
        if let Some((number, _)) = silent {
            return Some(*number);
        }
        let most = |(address, count): (&IpAddr, &usize)| (*count, Reverse(*address));
        let crowd = crowded.or_else(|| {
            let address =
                self.addresses.iter().max_by_key(|(address, count)| most((address, count)));
            address.map(|(address, _)| *address)
        })?;
        let of_crowd = self.entries.iter().filter(|(_, entry)| entry.address == crowd);
        of_crowd.map(rank).min().map(|(_, number)| number)
    }

    fn send_away(&mut self, number: u64) {
        if let Some(entry) = self.remove(number) {
            entry.account.end();
            self.sent_away.count();
        }
    }

    fn remove(&mut self, number: u64) -> Option<Entry> {
        let entry = self.entries.remove(&number)?;
        if let Some(count) = self.addresses.get_mut(&entry.address) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&entry.address);
            }
        }
        Some(entry)
    }

    fn tell(&mut self, port: &str, limits: ConnectionLimits) {
        if let Some(count) = self.sent_away.take_due() {
            tracing::warn!(
                "the {port} port is full ({} connections, at most {} in all and {} of one address): {count} had to make room",
                self.entries.len(),
                limits.total,
                limits.of_address
            );
        }
    }
}

impl Entry {
    fn has_greeted(&self) -> bool {
        self.greeted.load(Ordering::Relaxed)
    }
}

impl Registration {
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Where connections whose bytes make much work wait for each other.
    pub(super) fn turns(&self) -> &Turns {
        &self.table.turns
    }

    /// It has said which protocol it speaks.
    pub fn greet(&self) {
        self.greeted.store(true, Ordering::Relaxed);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.account.close();
        self.table.state().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    fn table(total: usize, of_address: usize) -> ConnectionTable {
        ConnectionTable::new(
            "clients",
            ConnectionLimits { total, of_address },
            Budget::new("clients", usize::MAX, 1 << 20),
        )
    }

    fn gone(registration: &Registration) -> bool {
        registration.account.ended().is_cancelled()
    }

    #[test]
    fn a_connection_that_has_not_greeted_makes_room_first() {
        let table = table(3, 3);
        let registered: Vec<_> = (1..=3).map(|n| table.register(address(n))).collect();
        registered[0].greet();
        registered[2].greet();
        let newcomer = table.register(address(4));
        assert!(
            gone(&registered[1])
                && !gone(&registered[0])
                && !gone(&registered[2])
                && !gone(&newcomer)
        );
        assert_eq!(table.len(), 3);
    }

    #[test]
    fn the_address_with_most_connections_makes_room_by_one_without_a_call() {
        let table = table(4, 4);
        let registered: Vec<_> = [1, 2, 2, 2].map(|n| table.register(address(n))).into();
        registered.iter().for_each(Registration::greet);
        registered[1].account.begin_call(0);
        let _newcomer = table.register(address(3));
        let gone: Vec<_> = registered.iter().map(gone).collect();
        assert_eq!(gone, [false, false, true, false]);
    }

    #[test]
    fn an_address_that_has_its_share_makes_room_itself() {
        let table = table(10, 2);
        let registered: Vec<_> = [1, 2, 2].map(|n| table.register(address(n))).into();
        registered.iter().for_each(Registration::greet);
        let _newcomer = table.register(address(2));
        let gone: Vec<_> = registered.iter().map(gone).collect();
        assert_eq!(gone, [false, true, false]);
    }

    #[test]
    fn a_connection_that_is_gone_takes_no_room() {
        let table = table(1, 1);
        drop(table.register(address(1)));
        assert_eq!(table.len(), 0);
        let stays = table.register(address(2));
        assert!(!gone(&stays));
    }
}
