//! Two copies under one name, both on a stream.
#![allow(clippy::unwrap_used, missing_docs)]

use understudy_protocol::*;

mod common;
use common::{answer, config, member};

/// Replica a, solo, with a register in memory and a disk without delay; its peers are spoken for by hand.
struct Solo {
    replica: Replica,
    now: Now,
    register: Observed,
    log: Vec<Entry>,
}

impl Solo {
    fn new() -> Self {
        let config = config("a", &[]);
        let now = Now { mono: 1, wall: 1 };
        let recovered =
            Recovered { incarnation: Incarnation(1), life: 1, first: 1, ..Recovered::default() };
        let register = Observed { uid: RegisterUid(5), version: "0".into(), record: None };
        let mut solo =
            Solo { replica: Replica::new(config, recovered, now), now, register, log: Vec::new() };
        solo.tick(20);
        assert_eq!(solo.replica.status().role, RoleName::Primary);
        solo
    }

    fn tick(&mut self, times: u64) {
        for _ in 0..times {
            self.now.mono += 20 * MS;
            self.feed(Event::Tick);
        }
    }

    fn feed(&mut self, event: Event) {
        let mut queue = vec![event];
        while !queue.is_empty() {
            for effect in self.replica.step(self.now, queue.remove(0)) {
                queue.extend(answer(effect, &mut self.register, &mut self.log));
            }
        }
    }

    /// A copy named b that has the whole log dials and says so; it holds everything.
    fn dialled_by_b(&mut self, incarnation: u128, conn: u64) {
        self.greeted_by_b(incarnation, conn);
        self.acknowledge(conn);
    }

    fn greeted_by_b(&mut self, incarnation: u128, conn: u64) {
        let last = self.log.last().unwrap().position();
        let hello = Hello {
            version: PROTOCOL_VERSION,
            cluster: Some(ClusterId(9)),
            member: member(incarnation, "b"),
            life: 1,
            epoch: self.replica.status().epoch,
            nonce: None,
            commit: Default::default(),
            first: 1,
            runs: vec![(last.epoch, last.index)],
            full: false,
            memory: None,
        };
        self.feed(Event::Received(ConnId(conn), Message::Hello(Box::new(hello))));
    }

    fn acknowledge(&mut self, conn: u64) {
        let Status { epoch, last, .. } = self.replica.status();
        let ack = Ack { epoch, verified: last, durable: last, round: 0, newer: None, full: false };
        self.feed(Event::Received(ConnId(conn), Message::Ack(ack)));
    }

    fn members(&self) -> Vec<u128> {
        let record = self.register.record.as_ref().unwrap();
        record.members.iter().map(|member| member.incarnation.0).collect()
    }
}

/// The one that came last stands for the name; the other is not named again while it is there.
#[test]
fn a_copy_that_was_replaced_does_not_join_again() {
    let mut solo = Solo::new();
    solo.dialled_by_b(2, 1);
    solo.tick(20);
    assert_eq!(solo.members(), [1, 2]);
    solo.dialled_by_b(3, 2);
    for _ in 0..50 {
        solo.tick(1);
        solo.acknowledge(1);
        solo.acknowledge(2);
    }
    assert_eq!(solo.members(), [1, 3]);
    assert_eq!(solo.register.record.as_ref().unwrap().epoch, 4, "drop one, name the other");
}

/// A hello of the copy that is gone may come late, on a stream that nobody holds any more.
#[test]
fn a_late_hello_of_a_copy_that_is_gone_keeps_nobody_out() {
    let mut solo = Solo::new();
    solo.dialled_by_b(3, 2);
    solo.greeted_by_b(2, 1);
    solo.feed(Event::Closed(ConnId(1)));
    for _ in 0..50 {
        solo.tick(1);
        solo.acknowledge(2);
    }
    assert_eq!(solo.members(), [1, 3]);
}
