//! Pipelines: in order and each once, over any number of streams.

use std::time::Duration;

use tokio::time::timeout;
use tonic::{Code, Status};
use understudy_client::proto::kv::v1::{ErrorReason, ExecuteFailure};
use understudy_client::{Error, Pipeline};

use crate::fake::Fake;
use crate::model::Model;
use crate::reply::{Reply, error, outcome_unknown};
use crate::streams::Course;
use crate::{client, options};

/// This many are answered, this many more executed, and then the stream ends so.
fn course(answered: usize, executed: usize, then: impl Into<Option<Status>>) -> Course {
    Course { answered, executed, then: then.into() }
}

fn not_primary(primary: &str) -> Status {
    error(Code::Unavailable, "NOT_PRIMARY", &[("primary", primary), ("epoch", "3")])
}

fn refusal(code: Code, reason: ErrorReason) -> ExecuteFailure {
    ExecuteFailure {
        code: code.into(),
        message: "as scripted".into(),
        reason: reason.into(),
        ..ExecuteFailure::default()
    }
}

fn keys(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

/// Puts this many, and gives their revisions.
async fn puts(pipeline: &mut Pipeline, count: usize) -> Vec<i64> {
    let mut replies = Vec::new();
    for key in keys(count) {
        replies.push(pipeline.put(key, "v").await);
    }
    let mut revisions = Vec::new();
    for reply in replies {
        revisions.push(reply.await.unwrap().header.unwrap().revision);
    }
    revisions
}

#[tokio::test]
async fn what_has_no_result_is_sent_again_and_executed_once() {
    let ends = [
        Some(outcome_unknown()),
        Some(Status::unavailable("a proxy says so")),
        Some(Status::internal("a proxy says so")),
        None,
    ];
    for end in ends {
        let model = Model::default();
        let primary = Fake::start(&model, Reply::Execute);
        primary.script.streams.script([course(3, 4, end.clone()), course(0, 2, end)]);
        let client = client(&primary.address, options());
        let mut pipeline = client.pipeline();
        assert_eq!(puts(&mut pipeline, 20).await, (1..=20).collect::<Vec<_>>());
        assert_eq!(model.executed(), keys(20), "in order, each once");
        assert_eq!(model.trouble(), [""; 0]);
        let arrived = primary.script.streams.arrived();
        assert_eq!(arrived.len(), 3);
        assert_eq!(arrived[1][0], "put 3", "what has a result is not sent again");
        assert_eq!(arrived[2].len(), 17);
    }
}

#[tokio::test]
async fn a_pipeline_follows_the_primary() {
    let model = Model::default();
    let old = Fake::start(&model, Reply::Execute);
    let new = Fake::start(&model, Reply::Execute);
    old.script.streams.script([course(5, 0, not_primary(&new.address))]);
    let client = client(&old.address, options());
    let mut pipeline = client.pipeline();
    puts(&mut pipeline, 20).await;
    assert_eq!(model.executed(), keys(20));
    assert_eq!(old.script.streams.arrived().len(), 1);

    drop(new);
    let read = pipeline.get("0").await.await.unwrap();
    assert_eq!(read.kv.unwrap().version, 1, "an idle stream that broke is opened again");
    assert_eq!(old.script.streams.arrived()[1], ["get 0"]);
}

#[tokio::test]
async fn a_mutation_waits_for_the_reads_before_it() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    primary.script.streams.script([course(0, 3, None)]);
    let client = client(&primary.address, options());
    let mut pipeline = client.pipeline();
    let put = pipeline.put("a", "1").await;
    let (first, again) = (pipeline.get("a").await, pipeline.get("a").await);
    let later = pipeline.put("a", "2").await;
    let last = pipeline.get("a").await;
    put.await.unwrap();
    for reply in [first, again] {
        assert_eq!(reply.await.unwrap().kv.unwrap().version, 1, "read again, and not too late");
    }
    later.await.unwrap();
    assert_eq!(last.await.unwrap().kv.unwrap().version, 2);
    assert_eq!(primary.script.streams.arrived()[0], ["put a", "get a", "get a"]);
}

#[tokio::test]
async fn what_is_refused_is_told_and_the_others_go_on() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    let streams = &primary.script.streams;
    streams.refuse("1", refusal(Code::InvalidArgument, ErrorReason::InvalidKey));
    streams.refuse("2", refusal(Code::Unavailable, ErrorReason::TooFewCopies));
    streams.refuse("3", refusal(Code::FailedPrecondition, ErrorReason::SessionExpired));
    let client = client(&primary.address, options());
    let mut pipeline = client.pipeline();
    let mut replies = Vec::new();
    for key in keys(5) {
        replies.push(pipeline.put(key, "v").await);
    }
    let mut reasons = Vec::new();
    for reply in replies {
        let answer = reply.await;
        reasons.push(answer.err().map(|error| error.rejection().unwrap().name()));
    }
    let text = |text: &str| Some(text.to_owned());
    let told = [text("INVALID_KEY"), text("TOO_FEW_COPIES"), text("SESSION_EXPIRED")];
    assert_eq!(reasons[1..4], told);
    assert_eq!((&reasons[0], &reasons[4]), (&None, &None));
    assert_eq!(streams.arrived().len(), 1, "none is repeated: it would not be in order");
    assert_eq!(model.sessions(), 1);
    pipeline.put("more", "v").await.await.unwrap();
    assert_eq!(model.sessions(), 2, "the session that is gone is not used any more");
}

#[tokio::test]
async fn what_may_have_been_executed_is_not_called_refused() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    let streams = &primary.script.streams;
    streams.script([course(0, 3, outcome_unknown())]);
    let few = refusal(Code::Unavailable, ErrorReason::TooFewCopies);
    let full = refusal(Code::ResourceExhausted, ErrorReason::DiskFull);
    streams.refuse("0", few);
    streams.refuse("0", full);
    // Once on the stream on which what is before it is refused, and once after that.
    for _ in 0..2 {
        streams.refuse("1", refusal(Code::FailedPrecondition, ErrorReason::SessionExpired));
    }
    let client = client(&primary.address, options());
    let mut pipeline = client.pipeline();
    let mut replies = Vec::new();
    for key in keys(3) {
        replies.push(pipeline.put(key, "v").await);
    }
    let mut answers = Vec::new();
    for reply in replies {
        answers.push(reply.await);
    }
    assert!(answers[0].is_ok(), "it was executed: {answers:?}");
    assert!(matches!(answers[1], Err(Error::OutcomeUnknown { call: "put", .. })), "{answers:?}");
    assert!(answers[2].is_ok(), "{answers:?}");
    assert_eq!(model.executed(), keys(3));
    let arrived = streams.arrived();
    assert_eq!(arrived[2], ["put 0"], "refused for now, it comes alone until it is answered");
    assert_eq!(arrived[3][0], "put 0");
    assert_eq!(arrived.len(), 4);
}

#[tokio::test]
async fn an_operation_that_ends_the_stream_ends_alone() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    let large = error(Code::InvalidArgument, "REQUEST_TOO_LARGE", &[("limit", "4194304")]);
    primary.script.streams.script([course(1, 0, large)]);
    let client = client(&primary.address, options());
    let mut pipeline = client.pipeline();
    let small = pipeline.put("0", "v").await;
    let large = pipeline.put("large", vec![0; 1 << 20]).await;
    let later = pipeline.put("1", "v").await;
    small.await.unwrap();
    let refused = large.await.unwrap_err();
    assert_eq!(refused.rejection().unwrap().name(), "REQUEST_TOO_LARGE");
    later.await.unwrap();
    assert_eq!(model.executed(), keys(2));
}

#[tokio::test]
async fn every_operation_has_its_deadline() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    primary.script.streams.script((0..100).map(|_| course(0, 0, None)));
    let client = client(&primary.address, options()).with_deadline(Duration::from_millis(700));
    let mut pipeline = client.pipeline();
    let (put, get) = (pipeline.put("a", "1").await, pipeline.get("a").await);
    let put = timeout(Duration::from_secs(10), put).await.unwrap();
    assert!(matches!(put, Err(Error::OutcomeUnknown { call: "put", .. })), "{put:?}");
    let why = put.unwrap_err().to_string();
    assert!(why.contains("no answer within"), "{why}");
    let get = timeout(Duration::from_secs(10), get).await.unwrap();
    assert!(matches!(get, Err(Error::Unavailable { call: "get", .. })), "{get:?}");

    drop(primary);
    let put = timeout(Duration::from_secs(10), pipeline.put("a", "1").await).await.unwrap();
    assert!(matches!(put, Err(Error::Unavailable { call: "put", .. })), "never sent: {put:?}");
}

#[tokio::test]
async fn no_more_than_1024_operations_are_without_a_result() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    primary.script.streams.script([course(10, 0, None)]);
    let patient = options().attempt_timeout(Duration::from_secs(20));
    let client = client(&primary.address, patient);
    let mut pipeline = client.pipeline();
    let mut replies = Vec::new();
    for key in keys(1034) {
        replies.push(timeout(Duration::from_secs(10), pipeline.get(key)).await.unwrap());
    }
    let more = timeout(Duration::from_millis(100), pipeline.get("more")).await;
    assert!(more.is_err(), "1,024 are without a result");
    drop(pipeline);
    let mut done = 0;
    for reply in replies {
        done += usize::from(timeout(Duration::from_millis(1), reply).await.is_ok());
    }
    assert_eq!(done, 10);
}
