//! What is reported has happened, or never will, or is said to be unknown.

use std::time::Duration;

use tonic::{Code, Status};
use understudy_client::Error;
use understudy_client::proto::kv::v1::ErrorReason;

use crate::fake::Fake;
use crate::model::Model;
use crate::reply::{Reply, error, outcome_unknown, session_expired};
use crate::{client, observed, options};

#[tokio::test]
async fn a_put_whose_answer_got_lost_is_repeated_with_its_stamp() {
    let lost = [
        Reply::ExecuteThen(outcome_unknown()),
        Reply::ExecuteThen(Status::unavailable("a proxy says so")),
        Reply::ExecuteThen(Status::internal("a proxy says so")),
        Reply::ExecuteThen(Status::deadline_exceeded("a proxy says so")),
        Reply::ExecuteThenHang,
        Reply::Hang,
    ];
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    let count = lost.len();
    primary.next(lost);
    let (client, watcher) = observed(&primary.address);
    let put = client.put("a", "1").await.unwrap();
    assert_eq!(put.header.unwrap().revision, 1);
    let tries = watcher.tries();
    assert_eq!(tries.len(), count + 1);
    assert!(tries.iter().all(|one| one.stamp == tries[0].stamp), "{tries:?}");
    assert_eq!(model.executed(), ["a"]);
}

#[tokio::test]
async fn what_was_sent_and_not_answered_in_time_is_unknown() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Hang);
    let client = client(&primary.address, options().deadline(Duration::from_millis(700)));
    let began = std::time::Instant::now();
    let error = client.put("a", "1").await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { call: "put", .. }), "{error}");
    assert!(began.elapsed() >= Duration::from_millis(700), "tried until the deadline");
    assert!(began.elapsed() < Duration::from_secs(10), "and not for ever");
}

#[tokio::test]
async fn what_every_replica_turned_away_has_definitely_not_happened() {
    let model = Model::default();
    let a = Fake::start(&model, crate::reply::not_primary(""));
    // Every try but the first has two seconds for an answer, or is not begun.
    let patient = options().attempt_timeout(Duration::from_secs(20));
    let client = client(&a.address, patient.deadline(Duration::from_millis(2_300)));
    let error = client.put("a", "1").await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { call: "put", .. }), "{error}");
    assert!(error.to_string().contains("NOT_PRIMARY"), "says why: {error}");
}

#[tokio::test]
async fn a_read_is_never_unknown() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Hang);
    let client = client(&primary.address, options().deadline(Duration::from_millis(400)));
    let error = client.get("a").await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { call: "get", .. }), "{error}");
}

#[tokio::test]
async fn a_refusal_counts_as_no_only_if_no_earlier_try_may_have_worked() {
    let invalid = || error(Code::InvalidArgument, "INVALID_VALUE", &[("limit", "5")]);
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Fail(invalid()));
    let client = client(&primary.address, options());

    let sure = client.put("a", "1").await.unwrap_err();
    let rejection = sure.rejection().unwrap();
    assert_eq!(rejection.reason, Some(ErrorReason::InvalidValue));
    assert_eq!(rejection.metadata["limit"], "5");

    primary.next([Reply::ExecuteThen(outcome_unknown())]);
    let unsure = client.put("b", "1").await.unwrap_err();
    assert!(matches!(unsure, Error::OutcomeUnknown { .. }), "{unsure}");
    assert_eq!(model.executed(), ["b"]);
}

#[tokio::test]
async fn a_refusal_by_execution_is_what_all_tries_got() {
    let model = Model::default();
    let quota = error(Code::ResourceExhausted, "QUOTA_EXCEEDED", &[("quota", "max_keys")]);
    let primary = Fake::start(&model, Reply::Fail(quota));
    primary.next([Reply::Fail(outcome_unknown())]);
    let client = client(&primary.address, options());
    let error = client.put("a", "1").await.unwrap_err();
    assert_eq!(error.rejection().unwrap().name(), "QUOTA_EXCEEDED");
}

#[tokio::test]
async fn a_full_disk_is_waited_out_by_what_is_in_doubt() {
    let model = Model::default();
    let full = || Reply::Fail(error(Code::ResourceExhausted, "DISK_FULL", &[]));
    let primary = Fake::start(&model, Reply::Execute);
    let client = client(&primary.address, options());
    primary.next([full()]);
    let sure = client.put("a", "1").await.unwrap_err();
    assert_eq!(sure.rejection().unwrap().name(), "DISK_FULL");
    primary.next([Reply::ExecuteThen(outcome_unknown()), full(), full()]);
    client.put("b", "1").await.unwrap();
    assert_eq!(model.executed(), ["b"]);
}

#[tokio::test]
async fn what_was_pending_when_the_session_expired_is_unknown_and_the_next_works() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    primary.next([Reply::ExecuteThen(outcome_unknown()), Reply::Fail(session_expired())]);
    let client = client(&primary.address, options());
    let error = client.put("a", "1").await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error}");
    client.put("b", "1").await.unwrap();
    assert_eq!(model.executed(), ["a", "b"]);
    assert_eq!(model.sessions(), 2);
}
