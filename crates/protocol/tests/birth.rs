//! Who counts at the birth of a cluster: a misspelt address must not let one replica found it alone.
#![allow(clippy::unwrap_used, missing_docs)]

use understudy_protocol::*;

mod common;
use common::config;

/// Replica a, which has found the register blank and asks b.
fn asking() -> Replica {
    let config = config("a", &["b"]);
    let recovered =
        Recovered { incarnation: Incarnation(1), life: 1, first: 1, ..Recovered::default() };
    let mut replica = Replica::new(config, recovered, Now::default());
    replica.step(at(1), Event::Tick);
    let blank = Observed { uid: RegisterUid(5), version: "0".into(), record: None };
    let effects = replica.step(at(2), Event::RegisterRead(Ok(blank)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Inquire { .. })));
    replica
}

fn at(ms: u64) -> Now {
    Now { mono: ms * MS, wall: ms * MS }
}

/// A blank replica's answer, under this name and of this copy.
fn answer(replica: &Replica, name: &str, incarnation: u128) -> Event {
    let mut answer = replica.peer_state();
    answer.member.name = name.into();
    answer.member.incarnation = Incarnation(incarnation);
    Event::Inquired { peer: "b".into(), answer: Ok(answer) }
}

fn check_not_counted(name: &str, incarnation: u128) {
    let mut replica = asking();
    let event = answer(&replica, name, incarnation);
    let effects = replica.step(at(3), event);
    let founds = effects.iter().any(|effect| matches!(effect, Effect::WriteRegister { .. }));
    assert!(!founds, "{effects:?}");
    let reason = replica.status().reason;
    assert!(reason.contains("the address of b"), "{reason}");
}

#[test]
fn an_answer_from_a_replica_of_another_name_does_not_count() {
    check_not_counted("c", 3);
}

#[test]
fn an_answer_from_oneself_does_not_count() {
    check_not_counted("a", 1);
    check_not_counted("b", 1);
}

#[test]
fn an_answer_from_the_replica_that_was_asked_does() {
    let mut replica = asking();
    let event = answer(&replica, "b", 2);
    let effects = replica.step(at(3), event);
    let Some(Effect::WriteRegister { record, .. }) =
        effects.iter().find(|effect| matches!(effect, Effect::WriteRegister { .. }))
    else {
        panic!("it founds the cluster: {effects:?}")
    };
    let names: Vec<&str> = record.members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}
