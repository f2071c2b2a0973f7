//! What operators ask for.

use std::time::Duration;

use tonic::Status;
use understudy_client::Error;
use understudy_client::proto::admin::v1::{Follower, Member, Role, StatusResponse};

use crate::fake::Fake;
use crate::model::Model;
use crate::reply::{Reply, not_primary};
use crate::{client, options};

fn member(name: &str, incarnation: u8, address: &str) -> Member {
    Member {
        incarnation: vec![incarnation; 16].into(),
        name: name.to_owned(),
        peer_address: String::new(),
        client_address: address.to_owned(),
    }
}

#[tokio::test]
async fn a_survey_asks_everyone_that_anyone_names_and_shows_each_once() {
    let model = Model::default();
    let a = Fake::start(&model, Reply::Execute);
    let b = Fake::start(&model, Reply::Execute);
    let follows = Fake::start(&model, Reply::Execute);
    let gone = "127.0.0.1:9";
    let primary = StatusResponse {
        replica: Some(member("a", 1, &a.address)),
        members: vec![member("a", 1, &a.address), member("b", 2, &b.address)],
        followers: vec![Follower { member: Some(member("c", 3, gone)), ..Follower::default() }],
        role: Role::Primary.into(),
        epoch: 4,
        ..StatusResponse::default()
    };
    let backup = StatusResponse {
        replica: Some(member("b", 2, &b.address)),
        role: Role::Backup.into(),
        ..StatusResponse::default()
    };
    a.set_status(primary.clone());
    follows.set_status(primary);
    b.set_status(backup);
    let client = client(&follows.address, options());
    let cluster = client.cluster_status(Duration::from_secs(5)).await;
    let shown: Vec<_> = cluster.replicas.iter().map(|r| (r.name.as_str(), &*r.address)).collect();
    assert_eq!(shown, [("a", &*a.address), ("b", &*b.address), ("c", gone)]);
    assert!(cluster.replicas[2].status.as_ref().unwrap_err().contains("cannot connect"));
    assert_eq!(cluster.primary().unwrap().name, "a");
}

#[tokio::test]
async fn a_handover_finds_the_primary_but_is_not_sent_twice() {
    let model = Model::default();
    let a = Fake::start(&model, Reply::Execute);
    let b = Fake::start(&model, not_primary(&a.address));
    let client = client(&b.address, options());
    client.hand_over("").await.unwrap();
    a.next([Reply::Fail(Status::unavailable("gone in between"))]);
    let error = client.hand_over("").await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { call: "handover", .. }), "{error}");
    assert_eq!(a.clusters().len(), 2);
}
