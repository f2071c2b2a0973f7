//! Whose command is next: connections take turns, by bytes (deficit round robin; Shreedhar and Varghese 1995). A
//! connection with large or many commands keeps another one waiting for as long as one quantum takes, not for all.

use std::collections::{HashMap, VecDeque};

use crate::clients::{Ask, LONG_ANSWER, Want};

/// Bytes of a connection's commands for which it has a turn.
const QUANTUM: usize = 64 << 10;
/// What a command counts beside its bytes.
const COMMAND: usize = 256;
/// Turns of those who had nothing waiting, before one of the others.
const FRESH: u32 = 16;

/// Bytes of a command that need not wait for large ones.
const SMALL: usize = 16 << 10;
/// Bytes of such commands that go before large ones, until these have a turn.
const AHEAD: usize = 256 << 10;
/// Connections among which one with such a command is looked for.
const LOOK: usize = 64;

/// Which commands have a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Open {
    All,
    /// Small ones of connections that had nothing waiting.
    Small,
}

/// Commands that wait for their turn. Each holds places, which bound their number and bytes.
#[derive(Default)]
pub(super) struct Turns {
    waiting: HashMap<u64, Queue>,
    /// Connections that had nothing waiting before: they come first, as far as one turn goes.
    fresh: VecDeque<u64>,
    /// The others, in turn.
    order: VecDeque<u64>,
    /// Turns of fresh ones in a row.
    in_a_row: u32,
    /// Bytes of small commands that have gone before large ones.
    ahead: usize,
}

#[derive(Default)]
struct Queue {
    asks: VecDeque<Ask>,
    /// Bytes for which it has had turns and taken nothing.
    credit: usize,
}

impl Turns {
    /// Behind all of its connection.
    pub fn push(&mut self, ask: Ask) {
        let connection = ask.slot.call.account().id();
        self.waiting
            .entry(connection)
            .or_insert_with(|| {
                self.fresh.push_back(connection);
                Queue { asks: VecDeque::new(), credit: QUANTUM }
            })
            .asks
            .push_back(ask);
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// All may go: small ones have nothing to make good.
    pub fn restore(&mut self) {
        self.ahead = 0;
    }

    /// Whether there is one among those that may go.
    pub fn has(&self, open: Open) -> bool {
        match open {
            Open::All => !self.is_empty(),
            Open::Small => self.small().is_some(),
        }
    }

    /// The next one of those that may go. What nobody waits for any more is not begun.
    pub fn pop(&mut self, open: Open) -> Option<Ask> {
        match open {
            Open::All => self.pop_any(),
            Open::Small => self.pop_small(),
        }
    }

    /// Whose small command may go before large ones.
    fn small(&self) -> Option<usize> {
        let is_small = |connection| {
            let asks = self.waiting.get(connection).map(|queue| &queue.asks);
            let first = asks.into_iter().flatten().find(|ask| !ask.slot.answer.is_closed());
            first.is_some_and(|ask| cost(ask) <= SMALL)
        };
        let mut looked_at = self.fresh.iter().take(LOOK);
        if self.ahead < AHEAD { looked_at.position(is_small) } else { None }
    }

    fn pop_small(&mut self) -> Option<Ask> {
        let place = self.small()?;
        let connection = *self.fresh.get(place)?;
        let queue = self.waiting.get_mut(&connection)?;
        queue.asks.retain(|ask| !ask.slot.answer.is_closed());
        let ask = queue.asks.pop_front()?;
        if queue.asks.is_empty() {
            self.waiting.remove(&connection);
            self.fresh.remove(place);
        }
        self.ahead += cost(&ask);
        Some(ask)
    }

    fn pop_any(&mut self) -> Option<Ask> {
        loop {
            let is_fresh =
                !self.fresh.is_empty() && (self.in_a_row < FRESH || self.order.is_empty());
            let line = if is_fresh { &mut self.fresh } else { &mut self.order };
            let connection = *line.front()?;
            let alone = line.len() == 1 && !is_fresh;
            let Some(queue) = self.waiting.get_mut(&connection) else {
                line.pop_front();
                continue;
            };
            while queue.asks.front().is_some_and(|ask| ask.slot.answer.is_closed()) {
                queue.asks.pop_front();
            }
            let Some(cost) = queue.asks.front().map(cost) else {
                self.waiting.remove(&connection);
                line.pop_front();
                continue;
            };
            if queue.credit < cost && !alone {
                queue.credit += QUANTUM;
                line.pop_front();
                self.order.push_back(connection);
                continue;
            }
            queue.credit = queue.credit.saturating_sub(cost);
            let ask = queue.asks.pop_front();
            if queue.asks.is_empty() {
                self.waiting.remove(&connection);
                line.pop_front();
            }
            self.in_a_row = if is_fresh { self.in_a_row + 1 } else { 0 };
            return ask;
        }
    }
}

fn cost(ask: &Ask) -> usize {
    COMMAND + bytes(ask)
}

/// Bytes of a command, and what its answer may have: it takes as long.
pub(super) fn bytes(ask: &Ask) -> usize {
    match &ask.want {
        Want::Command { payload, long, .. } => payload.len() + if *long { LONG_ANSWER } else { 0 },
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;
    use crate::clients::{Places, Slot};
    use crate::doors::{Budget, Underway};

    type Answer = oneshot::Receiver<Result<crate::clients::Answered, crate::clients::Refusal>>;

    /// Calls of as many connections.
    fn calls<const N: usize>() -> [Underway; N] {
        let budget = Budget::new("clients", usize::MAX, 1 << 20);
        [(); N].map(|()| Underway::of(&budget.open()))
    }

    /// A command, and where its answer is waited for.
    fn asked(call: &Underway, bytes: usize) -> (Ask, Answer) {
        let want = Want::Command {
            payload: vec![0; bytes].into(),
            firm: false,
            upkeep: false,
            long: false,
        };
        let place = Places::new(1).take(&Want::Status, Underway::alone().account(), true).unwrap();
        let (answer, answered) = oneshot::channel();
        let slot = Slot { answer, lane: None, _place: place, call: call.clone(), room: None };
        (Ask { want, slot }, answered)
    }

    /// A command for which somebody waits as long as the test runs.
    fn ask(call: &Underway, bytes: usize) -> Ask {
        let (ask, answered) = asked(call, bytes);
        std::mem::forget(answered);
        ask
    }

    #[test]
    fn a_small_command_waits_for_no_queue_of_large_ones() {
        let [large, small] = calls();
        let mut turns = Turns::default();
        (0..100).for_each(|_| turns.push(ask(&large, 1 << 20)));
        turns.push(ask(&small, 100));
        let before = std::iter::from_fn(|| turns.pop(Open::All)).position(|ask| bytes(&ask) == 100);
        assert!(before.is_some_and(|before| before <= 1), "{before:?}");
    }

    #[test]
    fn a_small_command_waits_for_no_crowd_either() {
        let [small, crowd @ ..] = calls::<1001>();
        let mut turns = Turns::default();
        (0..3).for_each(|_| crowd.iter().for_each(|call| turns.push(ask(call, 1 << 20))));
        (0..10).for_each(|_| drop(turns.pop(Open::All)));
        for _ in 0..100 {
            turns.push(ask(&small, 100));
            let before =
                std::iter::from_fn(|| turns.pop(Open::All)).position(|ask| bytes(&ask) == 100);
            assert!(before.is_some_and(|before| before <= 1), "{before:?}");
        }
    }

    #[test]
    fn where_only_small_ones_may_go_large_ones_have_their_turn_at_last() {
        let [large, other, small] = calls();
        let mut turns = Turns::default();
        turns.push(ask(&large, 1 << 20));
        turns.push(ask(&other, 20_000));
        assert!(!turns.has(Open::Small) && turns.has(Open::All));
        assert!(turns.pop(Open::Small).is_none());
        let mut gone = 0;
        loop {
            turns.push(ask(&small, 1_000));
            assert_eq!(turns.has(Open::Small), gone < AHEAD);
            let Some(ask) = turns.pop(Open::Small) else { break };
            assert_eq!(bytes(&ask), 1_000);
            gone += cost(&ask);
        }
        assert!((AHEAD..AHEAD + SMALL).contains(&gone), "{gone}");
        turns.restore();
        assert!(turns.pop(Open::Small).is_some() && turns.pop(Open::Small).is_none());
        let left = std::iter::from_fn(|| turns.pop(Open::All));
        assert_eq!(left.map(|ask| bytes(&ask)).sum::<usize>(), 20_000 + (1 << 20));
    }

    #[test]
    fn whoever_has_little_does_not_starve_who_has_much() {
        let [large, small, other] = calls();
        let mut turns = Turns::default();
        (0..2).for_each(|_| turns.push(ask(&large, 1 << 20)));
        turns.push(ask(&other, 1 << 20));
        let mut taken = 0;
        for _ in 0..1000 {
            turns.push(ask(&small, 100));
            taken += usize::from(turns.pop(Open::All).is_some_and(|ask| bytes(&ask) > 100));
        }
        assert_eq!(taken, 3);
    }

    #[test]
    fn what_nobody_waits_for_any_more_is_not_begun() {
        let [call] = calls();
        let mut turns = Turns::default();
        (0..10).for_each(|_| turns.push(asked(&call, 100).0));
        turns.push(ask(&call, 7));
        assert_eq!(turns.pop(Open::All).map(|ask| bytes(&ask)), Some(7));
        assert!(turns.pop(Open::All).is_none() && turns.is_empty());
    }

    #[test]
    fn connections_have_equal_shares_of_the_bytes() {
        let [many, large] = calls();
        let mut turns = Turns::default();
        (0..10_000).for_each(|_| turns.push(ask(&many, 1000)));
        (0..10).for_each(|_| turns.push(ask(&large, 1 << 20)));
        let taken: Vec<usize> = (0..5_000).map(|_| bytes(&turns.pop(Open::All).unwrap())).collect();
        let of_many: usize = taken.iter().filter(|bytes| **bytes == 1000).sum();
        let of_large: usize = taken.iter().filter(|bytes| **bytes > 1000).sum();
        assert!(of_large > of_many && of_large < of_many * 2, "{of_many} and {of_large}");
    }

    #[test]
    fn each_connection_keeps_its_order_and_nothing_is_left() {
        let calls: [Underway; 3] = calls();
        let mut turns = Turns::default();
        (1..=30).for_each(|n| calls.iter().for_each(|call| turns.push(ask(call, n * 10_000))));
        let taken: Vec<_> = std::iter::from_fn(|| turns.pop(Open::All)).collect();
        assert_eq!(taken.len(), 90);
        assert!(turns.is_empty());
        for call in &calls {
            let id = call.account().id();
            let own = taken.iter().filter(|ask| ask.slot.call.account().id() == id);
            assert!(own.map(bytes).is_sorted());
        }
    }
}
