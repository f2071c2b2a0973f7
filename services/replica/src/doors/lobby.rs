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
use super::judge::Turns;
use super::owner::owner;
use super::tally::Tally;

/// How many connections a port has room for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// In all.
    pub total: usize,
    /// Of one address.
    pub of_address: usize,
}

/// Everybody who is connected to a port.
#[derive(Clone)]
pub(crate) struct Lobby(Arc<Shared>);

struct Shared {
    port: &'static str,
    room: Room,
    budget: Budget,
    /// Whose turn it is among connections whose bytes make much work.
    turns: Turns,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    /// In the order in which they came.
    guests: BTreeMap<u64, Present>,
    addresses: HashMap<IpAddr, usize>,
    sent_away: Tally,
}

/// One of them, as the lobby knows it.
struct Present {
    address: IpAddr,
    account: Account,
    greeted: Arc<AtomicBool>,
}

/// One of them, until this is dropped.
pub(crate) struct Guest {
    lobby: Arc<Shared>,
    number: u64,
    account: Account,
    greeted: Arc<AtomicBool>,
}

impl Lobby {
    /// The lobby of a port, whose connections share a budget.
    pub fn new(port: &'static str, room: Room, budget: Budget) -> Self {
        let (turns, state) = (Turns::new(), Mutex::default());
        Lobby(Arc::new(Shared { port, room, budget, turns, state }))
    }

    /// Lets a connection in, and another one go if there is no room for both.
    pub fn enter(&self, address: IpAddr) -> Guest {
        let shared = &self.0;
        let mut state = shared.state();
        while let Some(number) = state.who_must_go(address, shared.room) {
            state.send_away(number);
        }
        state.last += 1;
        let (number, account) = (state.last, shared.budget.open_for(owner(address)));
        let greeted = Arc::new(AtomicBool::new(false));
        let present = Present { address, account: account.clone(), greeted: greeted.clone() };
        state.guests.insert(number, present);
        *state.addresses.entry(address).or_default() += 1;
        state.tell(shared.port, shared.room);
        drop(state);
        Guest { lobby: shared.clone(), number, account, greeted }
    }

    /// Bytes that all of them hold.
    pub fn held(&self) -> usize {
        self.0.budget.used()
    }

    /// How many are connected.
    pub fn len(&self) -> usize {
        self.0.state().guests.len()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Who must go so that one more of this address can come.
    fn who_must_go(&self, newcomer: IpAddr, room: Room) -> Option<u64> {
        let of_newcomer = self.addresses.get(&newcomer).copied().unwrap_or_default();
        let crowded = match (of_newcomer >= room.of_address, self.guests.len() >= room.total) {
            (true, _) => Some(newcomer),
            (false, true) => None,
            (false, false) => return None,
        };
        let among = |present: &Present| crowded.is_none_or(|address| address == present.address);
        let rank = |(number, present): (&u64, &Present)| {
            let calls = present.account.calls();
            (calls > 0, *number)
        };
        let silent =
            self.guests.iter().find(|(_, present)| among(present) && !present.has_greeted());
        if let Some((number, _)) = silent {
            return Some(*number);
        }
        let most = |(address, count): (&IpAddr, &usize)| (*count, Reverse(*address));
        let crowd = crowded.or_else(|| {
            let address =
                self.addresses.iter().max_by_key(|(address, count)| most((address, count)));
            address.map(|(address, _)| *address)
        })?;
        let of_crowd = self.guests.iter().filter(|(_, present)| present.address == crowd);
        of_crowd.map(rank).min().map(|(_, number)| number)
    }

    fn send_away(&mut self, number: u64) {
        if let Some(present) = self.remove(number) {
            present.account.end();
            self.sent_away.count();
        }
    }

    fn remove(&mut self, number: u64) -> Option<Present> {
        let present = self.guests.remove(&number)?;
        if let Some(count) = self.addresses.get_mut(&present.address) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&present.address);
            }
        }
        Some(present)
    }

    fn tell(&mut self, port: &str, room: Room) {
        if let Some(count) = self.sent_away.take_due() {
            tracing::warn!(
                "the {port} port is full ({} connections, at most {} in all and {} of one address): {count} had to make room",
                self.guests.len(),
                room.total,
                room.of_address
            );
        }
    }
}

impl Present {
    fn has_greeted(&self) -> bool {
        self.greeted.load(Ordering::Relaxed)
    }
}

impl Guest {
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Where connections whose bytes make much work wait for each other.
    pub(super) fn turns(&self) -> &Turns {
        &self.lobby.turns
    }

    /// It has said which protocol it speaks.
    pub fn greet(&self) {
        self.greeted.store(true, Ordering::Relaxed);
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.account.close();
        self.lobby.state().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    fn lobby(total: usize, of_address: usize) -> Lobby {
        Lobby::new(
            "clients",
            Room { total, of_address },
            Budget::new("clients", usize::MAX, 1 << 20),
        )
    }

    fn gone(guest: &Guest) -> bool {
        guest.account.ended().is_cancelled()
    }

    #[test]
    fn a_connection_that_has_not_greeted_makes_room_first() {
        let lobby = lobby(3, 3);
        let guests: Vec<_> = (1..=3).map(|n| lobby.enter(address(n))).collect();
        guests[0].greet();
        guests[2].greet();
        let newcomer = lobby.enter(address(4));
        assert!(gone(&guests[1]) && !gone(&guests[0]) && !gone(&guests[2]) && !gone(&newcomer));
        assert_eq!(lobby.len(), 3);
    }

    #[test]
    fn the_address_with_most_connections_makes_room_by_one_without_a_call() {
        let lobby = lobby(4, 4);
        let guests: Vec<_> = [1, 2, 2, 2].map(|n| lobby.enter(address(n))).into();
        guests.iter().for_each(Guest::greet);
        guests[1].account.begin_call(0);
        let _newcomer = lobby.enter(address(3));
        let gone: Vec<_> = guests.iter().map(gone).collect();
        assert_eq!(gone, [false, false, true, false]);
    }

    #[test]
    fn an_address_that_has_its_share_makes_room_itself() {
        let lobby = lobby(10, 2);
        let guests: Vec<_> = [1, 2, 2].map(|n| lobby.enter(address(n))).into();
        guests.iter().for_each(Guest::greet);
        let _newcomer = lobby.enter(address(2));
        let gone: Vec<_> = guests.iter().map(gone).collect();
        assert_eq!(gone, [false, true, false]);
    }

    #[test]
    fn a_connection_that_is_gone_takes_no_room() {
        let lobby = lobby(1, 1);
        drop(lobby.enter(address(1)));
        assert_eq!(lobby.len(), 0);
        let stays = lobby.enter(address(2));
        assert!(!gone(&stays));
    }
}
