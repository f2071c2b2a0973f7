//! Finds the primary: which replica requests go to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::Endpoints;

/// How many addresses are remembered that only hints named.
const LEARNED: usize = 8;

/// Which replica requests go to: what all operations of a client have found out together.
#[derive(Debug)]
pub(crate) struct Finder {
    /// Every change that makes another replica the primary is followed by a notice of `found`.
    state: Mutex<State>,
    found: Notify,
    /// For how long a replica that kept silent is asked only if there is no other.
    cooldown: Duration,
}

#[derive(Debug)]
struct State {
    configured: Vec<Arc<str>>,
    /// Named by hints only; the newest last, [`LEARNED`] at most.
    learned: VecDeque<Arc<str>>,
    /// Where requests go. It may have left `learned` meanwhile.
    current: Arc<str>,
    /// Whether `current` answered last.
    settled: bool,
    /// The highest epoch heard of: it never goes back.
    epoch: u64,
    /// Those that kept silent, and until when they are left alone.
    silent: Vec<(Arc<str>, Instant)>,
}

impl Finder {
    pub fn new(endpoints: &Endpoints, cooldown: Duration) -> Self {
        let configured = endpoints.addresses().to_vec();
        let current = configured[0].clone();
        let state = State {
            configured,
            learned: VecDeque::new(),
            current,
            settled: false,
            epoch: 0,
            silent: Vec::new(),
        };
        Self { state: Mutex::new(state), found: Notify::new(), cooldown }
    }

    /// Where a request goes now.
    pub fn target(&self) -> Arc<str> {
        self.lock().current.clone()
    }

    /// The addresses given, then those learned.
    pub fn known(&self) -> Vec<Arc<str>> {
        self.lock().candidates().cloned().collect()
    }

    /// Waits until a primary is found that was not known.
    pub async fn found(&self) {
        self.found.notified().await;
    }

    /// Waits until another replica than the one at `address` has answered as primary.
    pub async fn elsewhere(&self, address: &Arc<str>) {
        loop {
            // Made before the look, so that no find in between is missed.
            let found = self.found.notified();
            if self.lock().is_found_elsewhere(address) {
                return;
            }
            found.await;
        }
    }

    /// `address` answered as primary of `epoch`.
    pub fn confirm(&self, address: &Arc<str>, epoch: u64) {
        let mut state = self.lock();
        if epoch < state.epoch {
            return;
        }
        state.epoch = epoch;
        if state.settled && state.current == *address {
            return;
        }
        state.silent.retain(|(silent, _)| silent != address);
        state.current = address.clone();
        state.settled = true;
        drop(state);
        self.found.notify_waiters();
    }

    /// `address` did not answer; `silent`: not even with a refusal.
    pub fn failed(&self, address: &Arc<str>, silent: bool, now: Instant) {
        let mut state = self.lock();
        state.silent.retain(|(who, until)| *until > now && who != address);
        if silent {
            state.silent.push((address.clone(), now + self.cooldown));
        }
        if state.current == *address {
            state.current = state.after(address, now);
            state.settled = false;
        }
        // Addresses of pods come and go: one that only a hint named can be named again.
        state.learned.retain(|learned| learned != address);
    }

    /// `address` is not the primary and, maybe, named the one that is. A hint from an older epoch
    /// than one already heard of, or towards a replica that keeps silent, is not followed: the one
    /// asked learns better soon.
    pub fn redirected(&self, address: &Arc<str>, hint: Option<(Arc<str>, u64)>, now: Instant) {
        let mut state = self.lock();
        let hint = hint.filter(|(primary, epoch)| {
            primary != address && *epoch >= state.epoch && !state.is_silent(primary, now)
        });
        if let Some((primary, epoch)) = &hint {
            state.epoch = *epoch;
            state.learn(primary);
        }
        if state.current == *address {
            state.current = match hint {
                Some((primary, _)) => primary,
                None => state.after(address, now),
            };
            state.settled = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn candidates(&self) -> impl DoubleEndedIterator<Item = &Arc<str>> + Clone {
        self.configured.iter().chain(&self.learned)
    }

    /// The next address in turn that does not keep silent; the next one if all do.
    fn after(&self, address: &Arc<str>, now: Instant) -> Arc<str> {
        let at = self.candidates().position(|candidate| candidate == address);
        let next = at.map_or(0, |at| at + 1);
        let mut turn = self.candidates().skip(next).chain(self.candidates().take(next));
        let next = turn.clone().find(|candidate| !self.is_silent(candidate, now));
        next.or_else(|| turn.next()).unwrap_or(address).clone()
    }

    fn is_found_elsewhere(&self, address: &Arc<str>) -> bool {
        self.settled && self.current != *address
    }

    fn is_silent(&self, address: &Arc<str>, now: Instant) -> bool {
        self.silent.iter().any(|(silent, until)| silent == address && *until > now)
    }

    fn learn(&mut self, address: &Arc<str>) {
        if !self.candidates().any(|known| known == address) {
            if self.learned.len() == LEARNED {
                self.learned.pop_front();
            }
            self.learned.push_back(address.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const COOLDOWN: Duration = Duration::from_secs(1);

    fn finder() -> Finder {
        Finder::new(&"a:1,b:1,c:1".parse().unwrap(), COOLDOWN)
    }

    fn address(text: &str) -> Arc<str> {
        text.into()
    }

    #[test]
    fn addresses_are_tried_in_turn() {
        let finder = finder();
        let now = Instant::now();
        for expected in ["a:1", "b:1", "c:1", "a:1"] {
            assert_eq!(&*finder.target(), expected);
            finder.failed(&address(expected), false, now);
        }
    }

    #[test]
    fn the_failure_of_one_that_is_not_asked_any_more_moves_nobody() {
        let finder = finder();
        let now = Instant::now();
        finder.failed(&address("a:1"), false, now);
        finder.failed(&address("a:1"), false, now);
        assert_eq!(&*finder.target(), "b:1");
    }

    #[test]
    fn hints_are_followed_even_outside_the_list_but_not_backwards() {
        let finder = finder();
        let now = Instant::now();
        finder.redirected(&address("a:1"), Some((address("x:1"), 7)), now);
        assert_eq!(&*finder.target(), "x:1");
        assert_eq!(finder.known().len(), 4);
        finder.redirected(&address("x:1"), Some((address("b:1"), 6)), now);
        assert_eq!(&*finder.target(), "a:1");
    }

    #[test]
    fn an_address_that_only_a_hint_named_is_forgotten_when_it_fails() {
        let finder = finder();
        let now = Instant::now();
        finder.redirected(&address("a:1"), Some((address("x:1"), 7)), now);
        finder.failed(&address("x:1"), true, now);
        assert_eq!((&*finder.target(), finder.known().len()), ("a:1", 3));
        finder.failed(&address("a:1"), true, now);
        assert_eq!((&*finder.target(), finder.known().len()), ("b:1", 3), "what was given stays");
    }

    #[test]
    fn a_silent_replica_is_left_alone_until_it_answers_or_time_has_passed() {
        let finder = finder();
        let now = Instant::now();
        finder.failed(&address("a:1"), true, now);
        finder.redirected(&address("b:1"), Some((address("a:1"), 1)), now);
        assert_eq!(&*finder.target(), "c:1");
        finder.failed(&address("c:1"), false, now);
        assert_eq!(&*finder.target(), "b:1");
        finder.redirected(&address("b:1"), Some((address("a:1"), 1)), now + COOLDOWN);
        assert_eq!(&*finder.target(), "a:1");
        finder.failed(&address("a:1"), true, now + COOLDOWN);
        finder.confirm(&address("a:1"), 1);
        assert_eq!(&*finder.target(), "a:1");
    }

    #[test]
    fn an_answer_of_an_older_epoch_leads_nobody_back() {
        let finder = finder();
        finder.confirm(&address("b:1"), 5);
        finder.confirm(&address("a:1"), 4);
        assert_eq!(&*finder.target(), "b:1");
    }

    #[tokio::test]
    async fn only_a_primary_elsewhere_calls_somebody_away() {
        let finder = finder();
        let (a, b) = (address("a:1"), address("b:1"));
        let is_called = async |from: &Arc<str>| {
            tokio::time::timeout(Duration::ZERO, finder.elsewhere(from)).await.is_ok()
        };
        finder.confirm(&a, 1);
        assert!(!is_called(&a).await);
        finder.failed(&a, false, Instant::now());
        assert!(!is_called(&a).await, "nobody has answered yet");
        finder.confirm(&b, 2);
        assert!(is_called(&a).await);
        assert!(!is_called(&b).await);
    }

    #[tokio::test]
    async fn who_waits_is_woken_when_the_primary_is_found() {
        let finder = Arc::new(finder());
        let waiting = tokio::spawn({
            let finder = finder.clone();
            async move { finder.found().await }
        });
        tokio::task::yield_now().await;
        finder.confirm(&address("b:1"), 1);
        waiting.await.unwrap();
    }
}
