//! A dropped backup that stays away is ordered away again: an order may not have been carried out.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::VecDeque;

use understudy_protocol::*;

mod common;
use common::{config, pair, state};

const SECOND: u64 = 1000 * MS;

/// Replica a, whose disk, machine and register answer at once. Nobody else is there.
struct Alone {
    replica: Replica,
    mono: u64,
    register: Observed,
    reachable: bool,
    last: Index,
    /// When which copy was ordered away, in whole seconds.
    orders: Vec<u64>,
}

impl Alone {
    /// Named in epoch 1 with b, which is gone.
    fn start() -> Self {
        let timing = Timing { evict: Some(3 * SECOND), ..Timing::default() };
        let config = Config { timing, ..config("a", &["b"]) };
        let recovered = Recovered {
            incarnation: Incarnation(1),
            life: 2,
            state: state(1, 0),
            first: 1,
            ..Recovered::default()
        };
        let replica = Replica::new(config, recovered, Now::default());
        let register = pair(1);
        Alone { replica, mono: 0, register, reachable: true, last: 0, orders: Vec::new() }
    }

    fn run(&mut self, span: u64) {
        let until = self.mono + span;
        while self.mono < until {
            self.mono += 10 * MS;
            let mut events = VecDeque::from([Event::Tick]);
            while let Some(event) = events.pop_front() {
                let now = Now { mono: self.mono, wall: self.mono };
                for effect in self.replica.step(now, event) {
                    events.extend(self.answer(effect));
                }
            }
        }
    }

    fn answer(&mut self, effect: Effect) -> Option<Event> {
        Some(match effect {
            Effect::ReadRegister if !self.reachable => {
                Event::RegisterRead(Err(RegisterFailure::Unreachable("away".into())))
            }
            Effect::ReadRegister => Event::RegisterRead(Ok(self.register.clone())),
            Effect::WriteRegister { record, .. } => {
                self.register.version = record.epoch.to_string();
                self.register.record = Some(record);
                Event::RegisterWritten(WriteAnswer::Written)
            }
            Effect::Append(entries) => {
                self.last = entries.last()?.index;
                Event::Durable(entries.last()?.position())
            }
            Effect::Apply(batch) => {
                Event::Applied { first: batch.first()?.0.index, digests: vec![7; batch.len()] }
            }
            Effect::Dial { .. } => Event::DialFailed(ProbeResult::Refused),
            Effect::Probe { incarnation, .. } => Event::Probed(incarnation, ProbeResult::Refused),
            Effect::Evict { member } => {
                assert_eq!(member.name, "b");
                self.orders.push(self.mono / SECOND);
                return None;
            }
            _ => return None,
        })
    }
}

#[test]
fn it_is_ordered_away_again_with_growing_pauses_and_a_bound() {
    let mut alone = Alone::start();
    alone.run(20 * SECOND);
    assert_eq!(alone.replica.status().role, RoleName::Primary);
    alone.run(900 * SECOND);
    let pauses: Vec<u64> = alone.orders.windows(2).map(|two| two[1] - two[0]).collect();
    assert_eq!(pauses, [6, 12, 24, 48, 96, 96, 96], "{:?}", alone.orders);
}

#[test]
fn no_order_rests_on_a_register_that_does_not_answer() {
    let mut alone = Alone::start();
    alone.run(5 * SECOND);
    let before = alone.orders.len();
    assert_eq!(before, 1);
    alone.reachable = false;
    alone.run(60 * SECOND);
    assert_eq!(alone.orders.len(), before);
    alone.reachable = true;
    alone.run(10 * SECOND);
    assert_eq!(alone.orders.len(), before + 1);
}
