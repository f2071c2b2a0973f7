//! The sequences of one session.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Semaphore;

/// Hands out the sequences of one session, each once, and keeps them within the window: a
/// sequence is below the oldest unfinished one plus `window`.
#[derive(Debug)]
pub(crate) struct Sequences {
    /// A permit for each sequence that the window has room for.
    room: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The oldest sequence that is not finished: all below it are received or given up.
    oldest: u64,
    /// Whether those from `oldest` on are finished, as far as they were handed out.
    finished: VecDeque<bool>,
}

/// A sequence, and what it may tell the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub sequence: u64,
    pub received_below: u64,
}

impl Sequences {
    pub fn new(window: u32) -> Self {
        Self {
            room: Semaphore::new(window.max(1) as usize),
            state: Mutex::new(State { oldest: 1, finished: VecDeque::new() }),
        }
    }

    /// The next sequence, once the window has room for it; first come, first served.
    pub async fn take(&self) -> Taken {
        self.room.acquire().await.expect("the semaphore is never closed").forget();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let sequence = state.oldest + state.finished.len() as u64;
        state.finished.push_back(false);
        Taken { sequence, received_below: state.oldest }
    }

    /// Notes that nobody will ask for the answer of `sequence` any more.
    pub fn finish(&self, sequence: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (sequence - state.oldest) as usize;
        state.finished[place] = true;
        let mut freed = 0;
        while state.finished.front() == Some(&true) {
            state.finished.pop_front();
            state.oldest += 1;
            freed += 1;
        }
        self.room.add_permits(freed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn what_is_received_advances_over_finished_sequences_without_a_gap() {
        let sequences = Sequences::new(8);
        for sequence in 1..=3 {
            assert_eq!(sequences.take().await, Taken { sequence, received_below: 1 });
        }
        sequences.finish(2);
        assert_eq!(sequences.take().await, Taken { sequence: 4, received_below: 1 });
        sequences.finish(1);
        assert_eq!(sequences.take().await, Taken { sequence: 5, received_below: 3 });
        for sequence in 3..=5 {
            sequences.finish(sequence);
        }
        assert_eq!(sequences.take().await, Taken { sequence: 6, received_below: 6 });
    }

    #[tokio::test]
    async fn the_window_counts_from_the_oldest_unfinished_sequence() {
        let sequences = Sequences::new(3);
        for _ in 0..3 {
            sequences.take().await;
        }
        sequences.finish(2);
        sequences.finish(3);
        let full = timeout(Duration::from_millis(20), sequences.take()).await;
        assert!(full.is_err(), "sequence 1 is unfinished: 4 lies outside its window of 3");
        sequences.finish(1);
        let taken = timeout(Duration::from_secs(5), sequences.take()).await.unwrap();
        assert_eq!(taken, Taken { sequence: 4, received_below: 4 });
    }
}
