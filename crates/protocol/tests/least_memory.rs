//! What a primary knows of the memory that the others have.
#![allow(clippy::unwrap_used, missing_docs)]

use understudy_protocol::*;

mod common;
use common::{answer, config, member, pair, state};

/// Replica a, restarted as the primary of a pair; b is spoken for by hand. Register and disk have no delay.
struct Primary {
    replica: Replica,
    now: Now,
    register: Observed,
    log: Vec<Entry>,
}

impl Primary {
    fn new(memory: Option<u64>) -> Self {
        let open = (Position::default(), 1, Time::default(), Kind::Open);
        let log = vec![Entry::after(open.0, open.1, open.2, open.3, Default::default())];
        let recovered = Recovered {
            incarnation: Incarnation(1),
            life: 2,
            state: state(1, 1),
            first: 1,
            runs: vec![(1, 1)],
            entries: log.clone(),
            ..Recovered::default()
        };
        let now = Now { mono: 1, wall: 1 };
        let config = Config { memory, ..config("a", &["b"]) };
        let replica = Replica::new(config, recovered, now);
        let mut primary = Primary { replica, now, register: pair(1), log };
        primary.pass(300);
        primary
    }

    /// Time passes, milliseconds.
    fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 20 {
            self.now.mono += 20 * MS;
            self.feed(Event::Tick);
        }
    }

    fn feed(&mut self, event: Event) {
        let mut queue = vec![event];
        while !queue.is_empty() {
            for effect in self.replica.step(self.now, queue.remove(0)) {
                queue.extend(self.carry_out(effect));
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Probe { incarnation, .. } => {
                Some(Event::Probed(incarnation, ProbeResult::Silent))
            }
            Effect::Inquire { peer, .. } => {
                Some(Event::Inquired { peer, answer: Err("nobody is there".into()) })
            }
            effect => answer(effect, &mut self.register, &mut self.log),
        }
    }

    /// A replica with the whole log says hello, and holds everything.
    fn greeted(&mut self, incarnation: u128, name: &str, memory: Option<u64>) {
        let conn = ConnId(incarnation as u64);
        let last = self.log.last().unwrap().position();
        let hello = Hello {
            version: PROTOCOL_VERSION,
            cluster: Some(ClusterId(1)),
            member: member(incarnation, name),
            life: 1,
            epoch: 1,
            nonce: None,
            commit: Default::default(),
            first: 1,
            runs: vec![(1, 1), (last.epoch, last.index)],
            memory,
            full: false,
        };
        self.feed(Event::Received(conn, Message::Hello(Box::new(hello))));
        self.acknowledge(conn);
    }

    fn acknowledge(&mut self, conn: ConnId) {
        let Status { epoch, last, .. } = self.replica.status();
        let ack = Ack { epoch, verified: last, durable: last, round: 99, newer: None, full: false };
        self.feed(Event::Received(conn, Message::Ack(ack)));
    }

    fn known(&self) -> Option<(&str, u64)> {
        self.replica.least_memory().expect("it acts")
    }
}

#[test]
fn who_is_named_counts_while_away_and_until_it_is_named_no_more() {
    let mut primary = Primary::new(Some(500));
    assert_eq!(primary.replica.least_memory(), None, "it does not act yet");
    primary.greeted(2, "b", Some(300));
    assert_eq!(primary.known(), Some(("b", 300)));
    primary.feed(Event::Closed(ConnId(2)));
    primary.pass(100);
    assert_eq!(primary.known(), Some(("b", 300)));
    let write = Proposal {
        id: RequestId(1),
        kind: Kind::Command,
        payload: Default::default(),
        requires_commit: false,
        upkeep: false,
    };
    primary.feed(Event::Requests { proposals: vec![write], reads: Vec::new() });
    primary.pass(2000);
    assert_eq!(primary.replica.status().members.len(), 1, "it was dropped");
    assert_eq!(primary.known(), Some(("a", 500)));
}

#[test]
fn a_follower_counts_also_before_it_is_named() {
    let mut primary = Primary::new(Some(500));
    primary.greeted(2, "b", Some(300));
    primary.greeted(3, "c", Some(100));
    assert_eq!(primary.known(), Some(("c", 100)));
    primary.feed(Event::Closed(ConnId(3)));
    assert_eq!(primary.known(), Some(("b", 300)));
}

#[test]
fn who_does_not_know_what_it_has_bounds_nobody() {
    let mut primary = Primary::new(Some(500));
    primary.greeted(2, "b", None);
    assert_eq!(primary.known(), Some(("a", 500)));
    let mut none = Primary::new(None);
    none.greeted(2, "b", None);
    assert_eq!(none.known(), None);
}
