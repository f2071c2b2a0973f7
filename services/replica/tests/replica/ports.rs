//! The three ports, and all kinds of clients that connect to them.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_stream::StreamExt;
use tonic::Code;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use understudy_proto::admin::v1::{ExecutionMode, Settings, UpdateSettingsRequest};
use understudy_proto::kv::v1::{GetRequest, ReadConsistency};
use understudy_proto::replication::v1 as wire;
use understudy_proto::replication::v1::replication_service_client::ReplicationServiceClient;

use crate::common::{Cluster, admin, get, key_values, put, until};

#[tokio::test]
async fn random_bytes_on_any_port_disturb_nobody() {
    let cluster = Cluster::born(2).await;
    let mut client = cluster.client().await;
    client.put(put("k", "v")).await.unwrap();
    let before = cluster.status(0).await.unwrap().life;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for round in 0..40 {
        let mut noise = if round % 2 == 0 { Vec::new() } else { preface.to_vec() };
        for _ in 0..512 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round + 1);
            noise.extend_from_slice(&state.to_be_bytes());
        }
        for replica in 0..2 {
            for port in [cluster.clients(replica), cluster.peers(replica), cluster.ops(replica)] {
                let mut stream = TcpStream::connect(port).await.unwrap();
                // The other side may hang up at any byte.
                let _ = stream.write_all(&noise).await;
                let _ = stream.shutdown().await;
                let mut answer = Vec::new();
                let read = stream.read_to_end(&mut answer);
                let _ = tokio::time::timeout(std::time::Duration::from_millis(20), read).await;
            }
        }
    }
    let got = client.get(get("k")).await.unwrap().into_inner();
    assert_eq!(&got.kv.unwrap().value[..], b"v");
    assert_eq!(cluster.status(0).await.unwrap().life, before);
}

#[tokio::test]
async fn a_peers_message_that_cannot_be_understood_ends_its_stream() {
    let cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    let channel = Endpoint::from_shared(format!("http://{}", cluster.peers(primary))).unwrap();
    let mut client = ReplicationServiceClient::new(channel.connect().await.unwrap());
    let hello = |bytes: usize, name: &str, address: &str| {
        let (incarnation, peer_address) = (vec![7; bytes].into(), address.into());
        let member = wire::Member {
            incarnation,
            peer_address,
            name: name.into(),
            ..wire::Member::default()
        };
        let hello = wire::Hello { member: Some(member), ..wire::Hello::default() };
        Some(wire::replicate_request::Message::Hello(hello))
    };
    for message in [
        None,
        hello(3, "b", "b:1"),
        hello(16, "", "b:1"),
        hello(16, "b\u{1b}[2J\n", "b:1"),
        hello(16, "\u{202e}b", "b:1"),
        hello(16, "b", "b:1\n"),
    ] {
        let requests =
            tokio_stream::iter([wire::ReplicateRequest { message }]).chain(tokio_stream::pending());
        let mut responses = client.replicate(requests).await.unwrap().into_inner();
        let status = responses.message().await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    }
    assert_eq!(cluster.paired().await, primary);
}

#[tokio::test]
async fn a_replica_of_another_version_is_refused_with_the_version() {
    let cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    let channel = Endpoint::from_shared(format!("http://{}", cluster.peers(primary))).unwrap();
    let mut client = ReplicationServiceClient::new(channel.connect().await.unwrap());
    let (incarnation, name) = (vec![7; 16].into(), "b".into());
    let member = wire::Member { incarnation, name, ..wire::Member::default() };
    let hello = wire::Hello { version: 99, member: Some(member), ..wire::Hello::default() };
    let message = Some(wire::replicate_request::Message::Hello(hello));
    let requests =
        tokio_stream::iter([wire::ReplicateRequest { message }]).chain(tokio_stream::pending());
    let mut responses = client.replicate(requests).await.unwrap().into_inner();
    let refused = responses.message().await.unwrap().unwrap().message.unwrap();
    let wire::replicate_response::Message::Refused(refused) = refused else {
        panic!("{refused:?}");
    };
    let version = understudy_protocol::PROTOCOL_VERSION;
    assert_eq!(refused.refusal, Some(wire::refused::Refusal::WrongVersion(version)));
    assert_eq!(responses.message().await.unwrap(), None, "the stream ends after it");
}

#[tokio::test]
async fn settings_of_later_versions_are_unimplemented() {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    cluster.primary().await;
    let mut operator = admin(&cluster.clients(0)).await.unwrap();
    let later = [
        Settings { acknowledgement: 3, ..Settings::default() },
        Settings { backup_execution: 3, ..Settings::default() },
        Settings { execution_mode: ExecutionMode::OutputCommit.into(), ..Settings::default() },
    ];
    for settings in later {
        let request = UpdateSettingsRequest { settings: Some(settings) };
        let status = operator.update_settings(request).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{status:?}");
        assert!(status.message().contains("not in this version"), "{status:?}");
    }
}

#[tokio::test]
async fn health_says_who_serves_keys_and_reflection_lists_the_services() {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    let cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    for (replica, serving) in
        [(primary, ServingStatus::Serving), (1 - primary, ServingStatus::NotServing)]
    {
        let address = format!("http://{}", cluster.clients(replica));
        let channel = Endpoint::from_shared(address).unwrap().connect().await.unwrap();
        let mut health = HealthClient::new(channel.clone());
        let mut check = async |service: &str| {
            let request = HealthCheckRequest { service: service.to_string() };
            health.check(request).await.unwrap().into_inner().status()
        };
        assert_eq!(check("understudy.kv.v1.KeyValueService").await, serving);
        assert_eq!(check(understudy_replica::REPLICA_SERVICE).await, ServingStatus::Serving);

        let request = tonic_reflection::pb::v1::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let mut reflection = ServerReflectionClient::new(channel);
        let mut answers = reflection
            .server_reflection_info(tokio_stream::iter([request]))
            .await
            .unwrap()
            .into_inner();
        let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
        let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
        let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
        for name in ["understudy.kv.v1.KeyValueService", "understudy.admin.v1.AdminService"] {
            assert!(names.contains(&name.to_string()), "{names:?}");
        }
        assert!(
            !names.iter().any(|name| name.contains("replication")),
            "not on this port: {names:?}"
        );
    }
}

#[tokio::test]
async fn a_deposed_primary_closes_its_clients_connections() {
    let cluster = Cluster::born(2).await;
    let primary = cluster.primary().await;
    // A connection that asks nothing, held open by its client.
    let stream = TcpStream::connect(cluster.clients(primary)).await.unwrap();
    let (_requests, idle) = h2::client::handshake(stream).await.unwrap();
    let idle = tokio::spawn(idle);
    let mut operator = crate::common::admin(&cluster.clients(primary)).await.unwrap();
    operator.hand_over(understudy_proto::admin::v1::HandOverRequest::default()).await.unwrap();
    // Less than the keep-alive, which closes connections, too.
    let closed = tokio::time::timeout(std::time::Duration::from_secs(9), idle).await;
    assert!(closed.is_ok(), "the connection is still open");
    until("the port takes new connections", async || cluster.status(primary).await.is_some()).await;
}

/// Led to a backup by a Service that lags behind, a client must not stay there; nobody else is disturbed.
#[tokio::test]
async fn a_backup_closes_the_connection_of_whom_it_turns_away_and_no_other() {
    let cluster = Cluster::born(2).await;
    let backup = cluster.clients(1 - cluster.primary().await);
    // A reader is not turned away, and reads what is stale for as long as it likes.
    let stream = TcpStream::connect(&backup).await.unwrap();
    let (looking, connection) = h2::client::handshake(stream).await.unwrap();
    let mut looks = tokio::spawn(connection);
    let mut client = key_values(&backup).await.unwrap();
    let stale = || GetRequest { consistency: ReadConsistency::Stale.into(), ..get("k") };
    client.get(stale()).await.unwrap();

    let stream = TcpStream::connect(&backup).await.unwrap();
    let (mut misled, connection) = h2::client::handshake(stream).await.unwrap();
    let ends = tokio::spawn(connection);
    let path = format!("http://{backup}/understudy.kv.v1.KeyValueService/Put");
    let request =
        tonic::codegen::http::Request::post(path).header("content-type", "application/grpc");
    let (answer, mut body) = misled.send_request(request.body(()).unwrap(), false).unwrap();
    let message = prost::Message::encode_to_vec(&put("k", "v"));
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    body.send_data([&[0], &length[..], &message].concat().into(), true).unwrap();
    let answer = answer.await.unwrap();
    assert_eq!(answer.headers()["grpc-status"], "14");
    // Less than the keep-alive, which closes connections, too.
    let closed = tokio::time::timeout(std::time::Duration::from_secs(9), ends).await;
    assert!(closed.is_ok(), "the connection is still open");

    let quiet = tokio::time::timeout(std::time::Duration::from_millis(500), &mut looks).await;
    assert!(quiet.is_err(), "somebody else's connection was closed");
    client.get(stale()).await.unwrap();
    drop(looking);
}
