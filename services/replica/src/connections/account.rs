//! What one connection has: its bytes, counted where they are, and its share of what is given in turn.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::budget::Shared;
use super::frames;
use super::send_queue::SendQueue;

/// Bytes of long messages of one connection that may be on their way in at once; a longer one comes alone.
const ARRIVING: usize = 8 << 20;
/// Bytes that one permit of [`ARRIVING`] stands for.
const UNIT: usize = 1 << 10;
/// Encoded bytes of one connection that wait to be sent, before the last message, and those that have for long.
const LEAVING: usize = 1 << 20;
const UNREAD: usize = 16 << 20;
/// Bytes of answers of one connection that wait to be encoded, before the last answer.
pub(super) const ANSWERS: usize = 16 << 20;
/// Permits of one connection's requests, at most, and of those that come in streams.
pub(crate) const PERMITS: usize = 2_048;
/// What one connection has. Connections of the same budget are equal.
#[derive(Clone)]
pub(crate) struct Account(Arc<Tab>);

struct Tab {
    id: u64,
    owner: Bytes,
    budget: Arc<Shared>,
    state: Mutex<State>,
    /// Permits of [`UNIT`] bytes.
    arriving: Arc<Semaphore>,
    leaving: SendQueue,
    /// Permits of [`UNIT`] bytes.
    answers: Arc<Semaphore>,
    /// Permits that its requests have, and may have in streams.
    permits: AtomicUsize,
    streamed: Arc<Semaphore>,
    /// Its holder may have long work done.
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

impl Account {
    pub(super) fn new(id: u64, owner: Bytes, budget: Arc<Shared>) -> Self {
        Account(Arc::new(Tab {
            id,
            owner,
            budget,
            state: Mutex::default(),
            arriving: Arc::new(Semaphore::new(ARRIVING / UNIT)),
            leaving: SendQueue::new(LEAVING, UNREAD),
            answers: Arc::new(Semaphore::new(ANSWERS / UNIT)),
            permits: AtomicUsize::new(0),
            streamed: Arc::new(Semaphore::new(PERMITS)),
            long_work: Arc::new(Semaphore::new(1)),
            ended: AtomicBool::new(false),
            end: CancellationToken::new(),
        }))
    }

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

    /// Whose share counts what it makes in the store; empty: nobody's.
    pub fn owner(&self) -> &Bytes {
        &self.0.owner
    }

    /// Permits that its requests have.
    pub fn permits(&self) -> &AtomicUsize {
        &self.0.permits
    }

    /// Permits that its requests in streams may have, all of which one may want.
    pub async fn streamed(&self, permits: u32) -> Option<OwnedSemaphorePermit> {
        let permits = permits.min(PERMITS as u32);
        self.0.streamed.clone().acquire_many_owned(permits).await.ok()
    }

    /// Its turn to have long work done.
    pub async fn long_work(&self) -> Option<OwnedSemaphorePermit> {
        self.0.long_work.clone().acquire_owned().await.ok()
    }

    /// Calls under way.
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    pub(super) fn leaving(&self) -> &SendQueue {
        &self.0.leaving
    }

    pub(super) fn arriving(&self) -> &Arc<Semaphore> {
        &self.0.arriving
    }

    /// Permits for a message of this many bytes to arrive.
    pub(super) fn units(bytes: usize) -> u32 {
        units(bytes, ARRIVING)
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
            self.0.budget.sub(state.held);
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
        self.0.budget.remove(self.0.id);
    }

    /// Counts bytes until what this gives is dropped.
    pub fn hold(&self, bytes: usize) -> Held {
        self.add(bytes);
        Held { account: self.clone(), bytes, permit: None }
    }

    /// Room for an answer, if there is some now.
    pub fn hold_answer(&self, bytes: usize) -> Option<Held> {
        let permits = units(bytes, ANSWERS);
        let permit = self.0.answers.clone().try_acquire_many_owned(permits).ok()?;
        Some(self.hold(bytes).with(permit))
    }

    /// Room for an answer, in turn; `None`: the connection is over.
    pub async fn room_for_answer(&self, bytes: usize) -> Option<Held> {
        let permits = units(bytes, ANSWERS);
        let permit = self.0.answers.clone().acquire_many_owned(permits).await.ok()?;
        Some(self.hold(bytes).with(permit))
    }

    fn add(&self, bytes: usize) {
        self.change(|state| {
            state.held += bytes;
            bytes
        });
    }

    fn sub(&self, bytes: usize) {
        let mut state = self.state();
        self.take_back(&mut state, bytes);
    }

    /// Has `change` add bytes, as many as it gives.
    fn change(&self, change: impl FnOnce(&mut State) -> usize) {
        let mut state = self.state();
        let bytes = change(&mut state);
        if state.ended {
            return;
        }
        let is_spent = self.0.budget.add(bytes);
        drop(state);
        if is_spent {
            self.0.budget.relieve();
        }
    }

    fn take_back(&self, state: &mut State, bytes: usize) {
        state.held -= bytes;
        if !state.ended {
            self.0.budget.sub(bytes);
        }
    }

    /// Payload has come in. There cannot be more of it than flow control allows, and half as much again for small
    /// frames (h2 allows no more): what is beyond was for a call that is over.
    pub(super) fn arrived(&self, bytes: usize) {
        let window = self.0.budget.window();
        self.change(|state| {
            let bytes = bytes.min(window + window / 2 - state.unread);
            state.unread += bytes;
            state.held += bytes;
            bytes
        });
    }

    /// A call has taken a frame's payload.
    pub(super) fn taken(&self, payload: usize) {
        let mut state = self.state();
        let bytes = frames::weight(payload).min(state.unread);
        state.unread -= bytes;
        self.take_back(&mut state, bytes);
    }

    /// A call begins, which takes `bytes` itself.
    pub(super) fn begin_call(&self, bytes: usize) {
        self.change(|state| {
            state.calls += 1;
            state.held += bytes;
            bytes
        });
    }

    /// A call is over. What it did not take went with it, and is known once no call is left.
    pub(super) fn end_call(&self, bytes: usize) {
        let mut state = self.state();
        state.calls -= 1;
        let left = if state.calls == 0 { std::mem::take(&mut state.unread) } else { 0 };
        self.take_back(&mut state, bytes + left);
    }
}

/// Permits for this many bytes, all that there are at most.
fn units(bytes: usize, most: usize) -> u32 {
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

    pub fn grow_to(&mut self, bytes: usize) {
        self.grow(bytes.saturating_sub(self.bytes));
    }

    fn with(mut self, permit: OwnedSemaphorePermit) -> Self {
        self.permit = Some(permit);
        self
    }

    /// Whether this is room for this many bytes.
    pub fn is_for(&self, bytes: usize) -> bool {
        bytes <= self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.account.sub(self.bytes);
    }
}
