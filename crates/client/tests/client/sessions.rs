//! One session, opened when needed, kept alive, opened again.

use std::time::Duration;

use tonic::Code;

use crate::fake::Fake;
use crate::model::Model;
use crate::reply::{Reply, error, session_expired};
use crate::{client, options};

#[tokio::test]
async fn reads_need_no_session_and_many_clones_share_one() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    let client = client(&primary.address, options());
    client.get("a").await.unwrap();
    assert_eq!(model.sessions(), 0);
    let puts: Vec<_> = (0..100)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move { client.put(format!("{n}"), "1").await })
        })
        .collect();
    for put in puts {
        put.await.unwrap().unwrap();
    }
    assert_eq!(model.sessions(), 1);
    assert_eq!(model.executed().len(), 100);
    assert_eq!(model.stamps(), (1..=100).map(|n| (10, n)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_put_that_definitely_did_nothing_moves_to_a_new_session() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    let unknown = error(Code::NotFound, "SESSION_UNKNOWN", &[]);
    primary.next([Reply::Fail(session_expired()), Reply::Fail(unknown)]);
    let client = client(&primary.address, options());
    client.put("a", "1").await.unwrap();
    assert_eq!(model.executed(), ["a"]);
    assert_eq!(model.stamps(), [(10, 1), (20, 1), (30, 1)]);
}

#[tokio::test]
async fn an_idle_session_is_kept_alive_and_only_as_long_as_the_client() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    let client = client(&primary.address, options().session_ttl(Duration::from_millis(90)));
    client.put("a", "1").await.unwrap();
    while model.kept_alive() < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(client);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let kept = model.kept_alive();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(model.kept_alive(), kept);
}

#[tokio::test]
async fn a_closed_session_is_replaced_when_one_is_needed_again() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    let client = client(&primary.address, options());
    client.put("a", "1").await.unwrap();
    client.close().await;
    client.put("b", "1").await.unwrap();
    assert_eq!(model.stamps(), [(10, 1), (20, 1)]);
}
