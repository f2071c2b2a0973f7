//! Bytes on their way out over one connection; a writer that adds some waits in line while there are many. Bytes that have
//! not left for a while belong to a call that its client does not read: they let others pass, up to a bound.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// How long bytes may take to leave before they let others pass.
pub(super) const PATIENCE: Duration = Duration::from_millis(200);

/// The bytes, and who waits.
pub(super) struct SendQueue {
    /// Bytes that may be on their way, before the last that were added.
    limit: usize,
    /// Bytes that may have been for long, and let others pass.
    unread: usize,
    /// Whether there are many, or somebody waits.
    busy: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    /// Bytes on their way, since when, in the order in which they were added.
    leaving: BTreeMap<u64, (Instant, usize)>,
    bytes: usize,
    /// Those that let others pass.
    unread: BTreeMap<u64, usize>,
    unread_bytes: usize,
    waiting: VecDeque<(u64, Waker)>,
}

/// A position in line.
#[derive(Default)]
pub(super) struct Position(Option<u64>);

impl SendQueue {
    pub fn new(limit: usize, unread: usize) -> Self {
        SendQueue { limit, unread, busy: AtomicBool::new(false), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ready while there are fewer bytes than the limit, for one after the other. A position must be left. Where it
    /// is pending it is to be asked again after [`PATIENCE`].
    pub fn poll(&self, context: &mut Context<'_>, position: &mut Position) -> Poll<()> {
        if !self.busy.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        let mut state = self.state();
        if state.bytes >= self.limit {
            state.let_pass(Instant::now(), self.unread);
        }
        let first = state.waiting.front().map(|(number, _)| *number);
        if state.bytes < self.limit && (first.is_none() || first == position.0) {
            if position.0.take().is_some() {
                state.waiting.pop_front();
            }
            // It may have nothing to add just now.
            state.wake_first();
            self.note(&state);
            return Poll::Ready(());
        }
        let number = *position.0.get_or_insert_with(|| state.number());
        let waker = context.waker().clone();
        match state.waiting.iter_mut().find(|(waiting, _)| *waiting == number) {
            Some((_, registered)) => *registered = waker,
            None => state.waiting.push_back((number, waker)),
        }
        self.note(&state);
        Poll::Pending
    }

    /// Gives a position up.
    pub fn leave(&self, position: &mut Position) {
        let Some(number) = position.0.take() else { return };
        let mut state = self.state();
        state.waiting.retain(|(waiting, _)| *waiting != number);
        if state.bytes < self.limit {
            state.wake_first();
        }
        self.note(&state);
    }

    fn note(&self, state: &State) {
        let busy = state.bytes >= self.limit || !state.waiting.is_empty();
        self.busy.store(busy, Ordering::Relaxed);
    }

    /// Adds bytes; gives their number.
    pub fn add(&self, bytes: usize) -> u64 {
        let mut state = self.state();
        let number = state.number();
        state.leaving.insert(number, (Instant::now(), bytes));
        state.bytes += bytes;
        self.note(&state);
        number
    }

    /// Bytes have left, or never will.
    pub fn remove(&self, number: u64) {
        let mut state = self.state();
        match state.leaving.remove(&number) {
            Some((_, bytes)) => state.bytes -= bytes,
            None => state.unread_bytes -= state.unread.remove(&number).unwrap_or_default(),
        }
        if state.bytes < self.limit {
            state.wake_first();
        }
        self.note(&state);
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Has old bytes let others pass, as far as there is room for such.
    fn let_pass(&mut self, now: Instant, room: usize) {
        while let Some(first) = self.leaving.first_entry() {
            let (since, bytes) = *first.get();
            if now < since + PATIENCE || self.unread_bytes + bytes > room {
                return;
            }
            self.unread.insert(*first.key(), bytes);
            first.remove();
            self.bytes -= bytes;
            self.unread_bytes += bytes;
        }
    }

    fn wake_first(&self) {
        if let Some((_, waker)) = self.waiting.front() {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(queue: &SendQueue, position: &mut Position) -> bool {
        queue.poll(&mut Context::from_waker(Waker::noop()), position).is_ready()
    }

    #[test]
    fn bytes_are_added_in_turn_while_there_are_fewer_than_the_limit() {
        let queue = SendQueue::new(10, 0);
        let (mut first, mut second, mut third) = Default::default();
        assert!(poll(&queue, &mut first));
        let [one, _other] = [queue.add(1), queue.add(9)];
        assert!(!poll(&queue, &mut second) && !poll(&queue, &mut third));
        queue.remove(one);
        assert!(!poll(&queue, &mut third), "it is the second one's turn");
        assert!(poll(&queue, &mut second));
        assert!(poll(&queue, &mut third));
    }

    #[test]
    fn a_writer_that_leaves_the_line_keeps_nobody_waiting() {
        let queue = SendQueue::new(10, 0);
        let (mut gone, mut next) = Default::default();
        let bytes = queue.add(10);
        assert!(!poll(&queue, &mut gone) && !poll(&queue, &mut next));
        queue.leave(&mut gone);
        queue.remove(bytes);
        assert!(poll(&queue, &mut next));
    }

    #[test]
    fn what_nobody_reads_lets_others_pass_up_to_a_bound() {
        let queue = SendQueue::new(10, 15);
        let mut position = Position::default();
        let unread = queue.add(10);
        assert!(!poll(&queue, &mut position));
        std::thread::sleep(PATIENCE);
        assert!(poll(&queue, &mut position));
        queue.add(10);
        std::thread::sleep(PATIENCE);
        assert!(!poll(&queue, &mut position), "that would be 20 that nobody reads");
        queue.remove(unread);
        assert!(poll(&queue, &mut position));
    }
}
