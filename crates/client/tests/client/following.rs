//! The client finds the primary and follows it.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;
use tonic::Code;
use understudy_client::Error;

use crate::fake::Fake;
use crate::model::Model;
use crate::reply::{Reply, error, not_primary};
use crate::{client, observed, options};

/// An address that refuses connections.
fn nobody() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// An address where no connection is made nor refused, like that of a pod that is gone: others
/// wait in its queue already.
async fn deaf() -> (TcpListener, Vec<TcpStream>, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
        queue.push(stream.unwrap());
    }
    (listener, queue, address.to_string())
}

#[tokio::test]
async fn a_hint_is_followed_to_an_address_that_was_not_given() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    let backup = Fake::start(&model, not_primary(&primary.address));
    let (client, watcher) = observed(&backup.address);
    client.put("a", "1").await.unwrap();
    client.put("b", "1").await.unwrap();
    // The session was opened by the backup's script; the first Put then found the primary.
    assert_eq!(watcher.addresses(), [&*backup.address, &*primary.address, &*primary.address]);
    assert_eq!(model.executed(), ["a", "b"]);
}

#[tokio::test]
async fn the_next_endpoint_is_tried_when_one_refuses_connections() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    let endpoints = format!("{},{}", nobody(), primary.address);
    let client = client(&endpoints, options());
    client.put("a", "1").await.unwrap();
    assert!(client.get("a").await.unwrap().kv.is_none());
    assert_eq!(model.executed(), ["a"]);
}

#[tokio::test]
async fn without_a_primary_it_asks_in_turn_until_there_is_one() {
    let model = Model::default();
    let a = Fake::start(&model, not_primary(""));
    let b = Fake::start(&model, not_primary(""));
    let (client, watcher) = observed(&format!("{},{}", a.address, b.address));
    let put = tokio::spawn(async move { client.put("a", "1").await });
    while watcher.tries().len() < 6 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    b.always(Reply::Execute);
    put.await.unwrap().unwrap();
    let addresses = watcher.addresses();
    assert!(addresses.windows(2).all(|pair| pair[0] != pair[1]), "in turn: {addresses:?}");
    assert_eq!(model.executed(), ["a"]);
}

#[tokio::test]
async fn a_silent_primary_is_left_for_the_other_replica() {
    let model = Model::default();
    let silent = Fake::start(&model, Reply::Hang);
    let other = Fake::start(&model, Reply::Execute);
    let (client, watcher) = observed(&format!("{},{}", silent.address, other.address));
    client.put("a", "1").await.unwrap();
    client.put("b", "1").await.unwrap();
    assert_eq!(watcher.addresses(), [&*silent.address, &*other.address, &*other.address]);
    assert_eq!(model.executed(), ["a", "b"]);
}

#[tokio::test]
async fn another_replica_is_asked_while_a_connection_takes_long() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    let (_listener, _queue, deaf) = deaf().await;
    let options = options().connect_timeout(Duration::from_secs(10));
    let options = options.deadline(Duration::from_secs(8)).attempt_timeout(Duration::from_secs(30));
    let client = client(&format!("{deaf},{}", primary.address), options);
    client.put("a", "1").await.unwrap();
    assert_eq!(model.executed(), ["a"]);
}

/// One operation is led to `where_nobody_answers` and stays there, another then finds the primary.
async fn is_called_back_from(where_nobody_answers: &str) {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    let options = options().connect_timeout(Duration::from_secs(60));
    let options = options.deadline(Duration::from_secs(9)).attempt_timeout(Duration::from_secs(20));
    let client = client(&primary.address, options);
    client.get("a").await.unwrap();
    let told = Arc::new(Notify::new());
    primary.next([Reply::ExecuteWhen(told.clone()), not_primary(where_nobody_answers)]);
    let get = || {
        let client = client.clone();
        tokio::spawn(async move { client.get("a").await })
    };
    let early = get();
    while primary.clusters().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let led_astray = get();
    while client.addresses().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    told.notify_one();
    early.await.unwrap().unwrap();
    led_astray.await.unwrap().unwrap();
}

#[tokio::test]
async fn nobody_waits_for_a_connection_when_another_replica_is_the_primary() {
    let (_listener, _queue, deaf) = deaf().await;
    is_called_back_from(&deaf).await;
}

#[tokio::test]
async fn nobody_waits_for_an_answer_when_another_replica_is_the_primary() {
    let silent = Fake::start(&Model::default(), Reply::Hang);
    is_called_back_from(&silent.address).await;
}

#[tokio::test]
async fn a_replica_that_is_overloaded_or_short_of_copies_is_asked_again() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    primary.next([
        Reply::Fail(error(Code::ResourceExhausted, "OVERLOADED", &[])),
        Reply::Fail(error(Code::Unavailable, "TOO_FEW_COPIES", &[])),
    ]);
    let (client, watcher) = observed(&primary.address);
    client.put("a", "1").await.unwrap();
    assert_eq!(watcher.tries().len(), 3);
    assert_eq!(model.executed(), ["a"]);
}

#[tokio::test]
async fn all_operations_under_way_move_to_the_new_primary_when_the_old_one_is_killed() {
    let model = Model::default();
    let old = Fake::start(&model, Reply::ExecuteThenHang);
    let new = Fake::start(&model, Reply::Execute);
    let endpoints = format!("{},{}", old.address, new.address);
    let client = client(&endpoints, options().attempt_timeout(Duration::from_secs(15)));
    let puts: Vec<_> = (0..64)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move { client.put(format!("k{n}"), "1").await })
        })
        .collect();
    while model.executed().len() < 64 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(old);
    for put in puts {
        put.await.unwrap().unwrap();
    }
    assert_eq!(model.executed().len(), 64, "each once");
    assert_eq!(model.sessions(), 1);
}

#[tokio::test]
async fn from_the_first_answer_on_no_other_cluster_will_do() {
    let model = Model::default();
    let primary = Fake::start(&model, Reply::Execute);
    let client = client(&primary.address, options());
    client.get("a").await.unwrap();
    client.get("a").await.unwrap();
    let id = Some("0123456789abcdef0123456789abcdef".to_owned());
    assert_eq!(primary.clusters(), [None, id]);
}

/// What a replica of another cluster says to a client that names its own.
fn wrong_cluster() -> Reply {
    Reply::Fail(error(Code::FailedPrecondition, "WRONG_CLUSTER", &[("cluster_id", "00")]))
}

#[tokio::test]
async fn a_replica_of_another_cluster_is_left_for_ones_own() {
    let model = Model::default();
    let own = Fake::start(&model, Reply::Execute);
    let stranger = Fake::start(&Model::default(), wrong_cluster());
    let client = client(&own.address, options());
    client.put("a", "1").await.unwrap();
    // The address that a hint names has been given to somebody else meanwhile.
    own.next([not_primary(&stranger.address)]);
    client.put("b", "1").await.unwrap();
    assert_eq!(stranger.clusters().len(), 1, "it was asked, and refused");
    assert_eq!(client.addresses(), [own.address.as_str().into()], "and is forgotten");
    assert_eq!(
        (model.executed(), stranger.script.model.executed()),
        (vec!["a".into(), "b".into()], vec![])
    );
}

#[tokio::test]
async fn where_only_another_cluster_answers_nothing_is_done() {
    let replica = Fake::start(&Model::default(), Reply::Execute);
    let (client, watcher) = observed(&replica.address);
    client.put("a", "1").await.unwrap();
    replica.always(wrong_cluster());
    let client = client.with_deadline(Duration::from_millis(500));
    let error = client.put("b", "1").await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable { .. }), "{error:?}");
    // The last try may not have found the time to connect.
    let first = watcher.tries()[1].failure.clone().unwrap();
    assert!(first.contains("WRONG_CLUSTER"), "{first}");
    assert_eq!(replica.script.model.executed(), ["a"]);
}
