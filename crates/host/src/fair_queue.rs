//! Whose command is next: connections take turns, by bytes (deficit round robin; Shreedhar and Varghese 1995). A
//! connection with large or many commands keeps another one waiting for as long as one quantum takes, not for all.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use crate::Waiter;

/// Bytes of a connection's commands for which it has a turn.
const QUANTUM: usize = 64 << 10;
/// What a command counts besides its bytes.
const COMMAND: usize = 256;
/// Turns in a row of connections that had nothing waiting, before one of the others.
const FRESH: u32 = 16;

/// Bytes of a command that need not wait for large ones.
const SMALL: usize = 16 << 10;
/// Bytes of small commands that go before large ones, until all may go again.
const SMALL_FIRST: usize = 256 << 10;
/// Connections among which one with a small command is looked for.
const LOOK: usize = 64;

/// A command that waits to be proposed.
pub(crate) struct Command<W> {
    pub payload: Bytes,
    pub requires_commit: bool,
    pub upkeep: bool,
    /// Its own, and what its answer may have: that takes as long.
    pub bytes: usize,
    pub waiter: W,
}

/// Which commands may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Admit {
    All,
    /// Small ones of connections that had nothing waiting.
    Small,
}

/// Commands that wait for their turn. Their waiters hold permits, which bound their number and bytes.
pub(crate) struct FairQueue<W> {
    waiting: BTreeMap<u64, Queue<W>>,
    /// Connections that had nothing waiting before: they come first, as far as one turn goes.
    fresh: VecDeque<u64>,
    /// The others, in turn.
    order: VecDeque<u64>,
    /// Turns of fresh ones in a row.
    in_a_row: u32,
    /// Bytes of small commands that have gone before large ones.
    ahead: usize,
}

struct Queue<W> {
    commands: VecDeque<Command<W>>,
    /// Bytes for which it has had turns and taken nothing.
    credit: usize,
}

impl<W> Default for FairQueue<W> {
    fn default() -> Self {
        let (waiting, fresh, order) = Default::default();
        FairQueue { waiting, fresh, order, in_a_row: 0, ahead: 0 }
    }
}

impl<W: Waiter> FairQueue<W> {
    /// After all of its connection.
    pub fn push(&mut self, command: Command<W>) {
        let connection = command.waiter.connection();
        self.waiting
            .entry(connection)
            .or_insert_with(|| {
                self.fresh.push_back(connection);
                Queue { commands: VecDeque::new(), credit: QUANTUM }
            })
            .commands
            .push_back(command);
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Everybody whose command waits.
    pub fn into_waiters(self) -> Vec<W> {
        let queues = self.waiting.into_values();
        queues.flat_map(|queue| queue.commands).map(|command| command.waiter).collect()
    }

    /// All may go: small ones have nothing to make good.
    pub fn restore(&mut self) {
        self.ahead = 0;
    }

    /// Whether there is one among those that may go.
    pub fn has(&self, admit: Admit) -> bool {
        match admit {
            Admit::All => !self.is_empty(),
            Admit::Small => self.small().is_some(),
        }
    }

    /// The next one of those that may go. What nobody waits for any more is not begun.
    pub fn pop(&mut self, admit: Admit) -> Option<Command<W>> {
        match admit {
            Admit::All => self.pop_any(),
            Admit::Small => self.pop_small(),
        }
    }

    /// Whose small command may go before large ones.
    fn small(&self) -> Option<usize> {
        let is_small = |connection| {
            let commands = self.waiting.get(connection).map(|queue| &queue.commands);
            let first = commands.into_iter().flatten().find(|command| !command.waiter.is_gone());
            first.is_some_and(|command| cost(command) <= SMALL)
        };
        let mut looked_at = self.fresh.iter().take(LOOK);
        if self.ahead < SMALL_FIRST { looked_at.position(is_small) } else { None }
    }

    fn pop_small(&mut self) -> Option<Command<W>> {
        let place = self.small()?;
        let connection = *self.fresh.get(place)?;
        let queue = self.waiting.get_mut(&connection)?;
        queue.commands.retain(|command| !command.waiter.is_gone());
        let command = queue.commands.pop_front()?;
        if queue.commands.is_empty() {
            self.waiting.remove(&connection);
            self.fresh.remove(place);
        }
        self.ahead += cost(&command);
        Some(command)
    }

    fn pop_any(&mut self) -> Option<Command<W>> {
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
            while queue.commands.front().is_some_and(|command| command.waiter.is_gone()) {
                queue.commands.pop_front();
            }
            let Some(cost) = queue.commands.front().map(cost) else {
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
            let command = queue.commands.pop_front();
            if queue.commands.is_empty() {
                self.waiting.remove(&connection);
                line.pop_front();
            }
            self.in_a_row = if is_fresh { self.in_a_row + 1 } else { 0 };
            return command;
        }
    }
}

fn cost<W>(command: &Command<W>) -> usize {
    COMMAND + command.bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sender {
        connection: u64,
        gone: bool,
    }

    impl Waiter for Sender {
        fn connection(&self) -> u64 {
            self.connection
        }

        fn is_gone(&self) -> bool {
            self.gone
        }
    }

    fn command(waiter: Sender, bytes: usize) -> Command<Sender> {
        Command { payload: Bytes::new(), requires_commit: false, upkeep: false, bytes, waiter }
    }

    /// A command for which somebody waits.
    fn ask(connection: u64, bytes: usize) -> Command<Sender> {
        command(Sender { connection, gone: false }, bytes)
    }

    #[test]
    fn a_small_command_waits_for_no_queue_of_large_ones() {
        let (large, small) = (1, 2);
        let mut queue = FairQueue::default();
        (0..100).for_each(|_| queue.push(ask(large, 1 << 20)));
        queue.push(ask(small, 100));
        let before = std::iter::from_fn(|| queue.pop(Admit::All)).position(|ask| ask.bytes == 100);
        assert!(before.is_some_and(|before| before <= 1), "{before:?}");
    }

    #[test]
    fn a_small_command_waits_for_no_crowd_either() {
        let (small, crowd) = (0, 1..=1000);
        let mut queue = FairQueue::default();
        (0..3).for_each(|_| crowd.clone().for_each(|from| queue.push(ask(from, 1 << 20))));
        (0..10).for_each(|_| drop(queue.pop(Admit::All)));
        for _ in 0..100 {
            queue.push(ask(small, 100));
            let before =
                std::iter::from_fn(|| queue.pop(Admit::All)).position(|ask| ask.bytes == 100);
            assert!(before.is_some_and(|before| before <= 1), "{before:?}");
        }
    }

    #[test]
    fn where_only_small_ones_may_go_large_ones_have_their_turn_at_last() {
        let (large, other, small) = (1, 2, 3);
        let mut queue = FairQueue::default();
        queue.push(ask(large, 1 << 20));
        queue.push(ask(other, 20_000));
        assert!(!queue.has(Admit::Small) && queue.has(Admit::All));
        assert!(queue.pop(Admit::Small).is_none());
        let mut gone = 0;
        loop {
            queue.push(ask(small, 1_000));
            assert_eq!(queue.has(Admit::Small), gone < SMALL_FIRST);
            let Some(ask) = queue.pop(Admit::Small) else { break };
            assert_eq!(ask.bytes, 1_000);
            gone += cost(&ask);
        }
        assert!((SMALL_FIRST..SMALL_FIRST + SMALL).contains(&gone), "{gone}");
        queue.restore();
        assert!(queue.pop(Admit::Small).is_some() && queue.pop(Admit::Small).is_none());
        let left = std::iter::from_fn(|| queue.pop(Admit::All));
        assert_eq!(left.map(|ask| ask.bytes).sum::<usize>(), 20_000 + (1 << 20));
    }

    #[test]
    fn whoever_has_little_does_not_starve_who_has_much() {
        let (large, small, other) = (1, 2, 3);
        let mut queue = FairQueue::default();
        (0..2).for_each(|_| queue.push(ask(large, 1 << 20)));
        queue.push(ask(other, 1 << 20));
        let mut taken = 0;
        for _ in 0..1000 {
            queue.push(ask(small, 100));
            taken += usize::from(queue.pop(Admit::All).is_some_and(|ask| ask.bytes > 100));
        }
        assert_eq!(taken, 3);
    }

    #[test]
    fn what_nobody_waits_for_any_more_is_not_begun() {
        let mut queue = FairQueue::default();
        (0..10).for_each(|_| queue.push(command(Sender { connection: 1, gone: true }, 100)));
        queue.push(ask(1, 7));
        assert_eq!(queue.pop(Admit::All).map(|ask| ask.bytes), Some(7));
        assert!(queue.pop(Admit::All).is_none() && queue.is_empty());
    }

    #[test]
    fn connections_have_equal_shares_of_the_bytes() {
        let (many, large) = (1, 2);
        let mut queue = FairQueue::default();
        (0..10_000).for_each(|_| queue.push(ask(many, 1000)));
        (0..10).for_each(|_| queue.push(ask(large, 1 << 20)));
        let taken: Vec<usize> = (0..5_000).map(|_| queue.pop(Admit::All).unwrap().bytes).collect();
        let of_many: usize = taken.iter().filter(|bytes| **bytes == 1000).sum();
        let of_large: usize = taken.iter().filter(|bytes| **bytes > 1000).sum();
        assert!(of_large > of_many && of_large < of_many * 2, "{of_many} and {of_large}");
    }

    #[test]
    fn each_connection_keeps_its_order_and_nothing_is_left() {
        let connections = [1, 2, 3];
        let mut queue = FairQueue::default();
        (1..=30)
            .for_each(|n| connections.iter().for_each(|from| queue.push(ask(*from, n * 10_000))));
        let taken: Vec<_> = std::iter::from_fn(|| queue.pop(Admit::All)).collect();
        assert_eq!(taken.len(), 90);
        assert!(queue.is_empty());
        for connection in connections {
            let own = taken.iter().filter(|ask| ask.waiter.connection == connection);
            assert!(own.map(|ask| ask.bytes).is_sorted());
        }
    }
}
