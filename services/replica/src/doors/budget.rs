//! Bytes that clients may have in this process at once, counted for each connection.
//!
//! Flow control comes first: a connection that has its share is not read further, and nothing more is encoded for
//! it. What flow control cannot hold back, many connections with a little each, is bounded by the budget of the
//! port: when it is spent, the connection that has most is closed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::line::Line;

/// Bytes of long messages of one connection that may be on their way in at once; a longer one comes alone.
const ARRIVING: usize = 8 << 20;
/// Bytes that one permit of [`ARRIVING`] stands for.
pub(super) const UNIT: usize = 1 << 10;
/// Encoded bytes of one connection that wait to be sent, before the last message, and those that have for long.
const LEAVING: usize = 1 << 20;
const UNREAD: usize = 16 << 20;
/// Bytes of answers of one connection that wait to be encoded, before the last answer.
const ANSWERS: usize = 16 << 20;
/// Places of requests that come in streams, of one connection.
const STREAMED: usize = 2048;
/// Between two lines of the log about closed connections.
const QUIET: Duration = Duration::from_secs(10);

/// What all connections of a port may have at once.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Shared>);

struct Shared {
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
    /// When it was last said that a connection had to go, and how many had to since.
    said: Option<Instant>,
    closed: u64,
}

/// What one connection has. Connections of the same budget are equal.
#[derive(Clone)]
pub(crate) struct Account(Arc<Tab>);

struct Tab {
    id: u64,
    budget: Arc<Shared>,
    state: Mutex<State>,
    /// Permits of [`UNIT`] bytes.
    arriving: Arc<Semaphore>,
    leaving: Line,
    /// Permits of [`UNIT`] bytes.
    answers: Arc<Semaphore>,
    /// Places that its requests have, and may have in streams.
    places: AtomicUsize,
    streamed: Arc<Semaphore>,
    /// Whoever has it may have long work done.
    long_work: Arc<Semaphore>,
    /// The connection is to be closed at once: to be looked at, and to be waited for.
    ended: AtomicBool,
    end: CancellationToken,
}

#[derive(Default)]
struct State {
    held: usize,
    /// Payload that has come in and was not taken by a call yet.
    unread: usize,
    calls: usize,
    /// What is held counts no more.
    ended: bool,
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

    /// An account for a new connection. It must be closed.
    pub fn open(&self) -> Account {
        let id = self.0.last.fetch_add(1, Ordering::Relaxed);
        let account = Account(Arc::new(Tab {
            id,
            budget: self.0.clone(),
            state: Mutex::default(),
            arriving: Arc::new(Semaphore::new(ARRIVING / UNIT)),
            leaving: Line::new(LEAVING, UNREAD),
            answers: Arc::new(Semaphore::new(ANSWERS / UNIT)),
            places: AtomicUsize::new(0),
            streamed: Arc::new(Semaphore::new(STREAMED)),
            long_work: Arc::new(Semaphore::new(1)),
            ended: AtomicBool::new(false),
            end: CancellationToken::new(),
        }));
        self.0.accounts().open.insert(id, account.clone());
        account
    }

    /// Bytes held by all connections.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes connections, the one that has most first, until what the others have is within the budget.
    fn relieve(&self) {
        let mut accounts = self.accounts();
        while self.used.load(Ordering::Relaxed) > self.limit {
            let open = accounts.open.values().filter(|account| !account.has_ended());
            let Some(most) = open.max_by_key(|account| account.held()) else { return };
            most.end();
            accounts.closed += 1;
        }
        let now = Instant::now();
        if accounts.closed > 0 && accounts.said.is_none_or(|said| now >= said + QUIET) {
            tracing::warn!(
                "the {} port's connections have {} MiB of requests and answers on their way: {} of them, those with \
                 most, were closed; do their clients read what they ask for?",
                self.port,
                self.limit >> 20,
                accounts.closed
            );
            (accounts.said, accounts.closed) = (Some(now), 0);
        }
    }
}

impl Account {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that it holds.
    pub fn held(&self) -> usize {
        self.state().held
    }

    /// Tells connections apart.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Places that its requests have.
    pub fn places(&self) -> &AtomicUsize {
        &self.0.places
    }

    /// Places that its requests in streams may have, all of which one may want.
    pub async fn streamed(&self, places: u32) -> Option<OwnedSemaphorePermit> {
        let places = places.min(STREAMED as u32);
        self.0.streamed.clone().acquire_many_owned(places).await.ok()
    }

    /// Its turn to have long work done.
    pub async fn long_work(&self) -> Option<OwnedSemaphorePermit> {
        self.0.long_work.clone().acquire_owned().await.ok()
    }

    /// Calls under way.
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    pub(super) fn leaving(&self) -> &Line {
        &self.0.leaving
    }

    pub(super) fn arriving(&self) -> &Arc<Semaphore> {
        &self.0.arriving
    }

    /// Permits for a message of so many bytes to arrive.
    pub(super) fn permits(bytes: usize) -> u32 {
        permits(bytes, ARRIVING)
    }

    /// Ends with the connection.
    pub fn ended(&self) -> &CancellationToken {
        &self.0.end
    }

    pub(super) fn has_ended(&self) -> bool {
        self.0.ended.load(Ordering::Relaxed)
    }

    /// Closes the connection at once. What it holds counts no more: it is on its way out.
    pub fn end(&self) {
        let mut state = self.state();
        if !std::mem::replace(&mut state.ended, true) {
            self.0.budget.used.fetch_sub(state.held, Ordering::Relaxed);
        }
        drop(state);
        self.0.ended.store(true, Ordering::Relaxed);
        self.0.end.cancel();
        self.0.arriving.close();
        self.0.answers.close();
        self.0.streamed.close();
        self.0.long_work.close();
    }

    /// The connection is gone.
    pub fn close(&self) {
        self.end();
        self.0.budget.accounts().open.remove(&self.0.id);
    }

    /// Counts bytes until what this gives is dropped.
    pub fn hold(&self, bytes: usize) -> Held {
        self.add(bytes);
        Held { account: self.clone(), bytes, permit: None }
    }

    /// Room for an answer, if there is some now.
    pub fn hold_answer(&self, bytes: usize) -> Option<Held> {
        let permits = permits(bytes, ANSWERS);
        let permit = self.0.answers.clone().try_acquire_many_owned(permits).ok()?;
        Some(self.hold(bytes).with(permit))
    }

    /// Room for an answer, in turn; `None`: the connection is over.
    pub async fn room_for_answer(&self, bytes: usize) -> Option<Held> {
        let permits = permits(bytes, ANSWERS);
        let permit = self.0.answers.clone().acquire_many_owned(permits).await.ok()?;
        Some(self.hold(bytes).with(permit))
    }

    fn add(&self, bytes: usize) {
        self.change(|state| state.held += bytes, bytes);
    }

    fn sub(&self, bytes: usize) {
        let mut state = self.state();
        self.take_back(&mut state, bytes);
    }

    /// Has `change` add so many bytes.
    fn change(&self, change: impl FnOnce(&mut State), bytes: usize) {
        let mut state = self.state();
        change(&mut state);
        if state.ended {
            return;
        }
        let used = self.0.budget.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        drop(state);
        if used > self.0.budget.limit {
            self.0.budget.relieve();
        }
    }

    fn take_back(&self, state: &mut State, bytes: usize) {
        state.held -= bytes;
        if !state.ended {
            self.0.budget.used.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// Payload has come in. There cannot be more of it than flow control allows: what is beyond was for a call that
    /// is over.
    pub(super) fn arrived(&self, bytes: usize) {
        let mut state = self.state();
        let bytes = bytes.min(self.0.budget.window - state.unread);
        state.unread += bytes;
        drop(state);
        self.add(bytes);
    }

    /// A call has taken payload.
    pub(super) fn taken(&self, bytes: usize) {
        let mut state = self.state();
        let bytes = bytes.min(state.unread);
        state.unread -= bytes;
        self.take_back(&mut state, bytes);
    }

    /// A call begins, which takes so many bytes itself.
    pub(super) fn begin_call(&self, bytes: usize) {
        let change = |state: &mut State| {
            state.calls += 1;
            state.held += bytes;
        };
        self.change(change, bytes);
    }

    /// A call is over. What it did not take went with it, and is known once no call is left.
    pub(super) fn end_call(&self, bytes: usize) {
        let mut state = self.state();
        state.calls -= 1;
        let left = if state.calls == 0 { std::mem::take(&mut state.unread) } else { 0 };
        self.take_back(&mut state, bytes + left);
    }
}

/// Permits for so many bytes, all that there are at most.
fn permits(bytes: usize, most: usize) -> u32 {
    u32::try_from(bytes.min(most).div_ceil(UNIT)).unwrap_or(u32::MAX)
}

/// Bytes that count until this is dropped.
pub(crate) struct Held {
    account: Account,
    bytes: usize,
    permit: Option<OwnedSemaphorePermit>,
}

impl Held {
    pub fn grow(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.account.add(bytes);
    }

    fn with(mut self, permit: OwnedSemaphorePermit) -> Self {
        self.permit = Some(permit);
        self
    }

    /// Whether this is room for so many bytes.
    pub fn is_for(&self, bytes: usize) -> bool {
        bytes <= self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.account.sub(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        account.taken(200);
        assert_eq!(budget.used(), 300);
        account.end_call(0);
        assert_eq!(budget.used(), 0);
        account.taken(200);
        assert_eq!(budget.used(), 0, "nothing is taken twice");
        account.arrived(500);
        account.arrived(500);
        assert_eq!(budget.used(), 600, "as much as flow control allows");
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
