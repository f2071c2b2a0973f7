//! Generators and the log's clock, over failovers.

use tonic::Code;
use tonic::transport::Channel;
use understudy_proto::kv::v1::random_service_client::RandomServiceClient;
use understudy_proto::kv::v1::*;

use crate::common::{Cluster, check};

async fn client(cluster: &Cluster) -> RandomServiceClient<Channel> {
    let primary = cluster.primary().await;
    let address = format!("http://{}", cluster.clients(primary));
    RandomServiceClient::connect(address).await.unwrap()
}

fn seed(name: &str, magnitude: &[u8]) -> SeedRequest {
    let seed = Some(Integer { magnitude: magnitude.to_vec().into(), negative: false });
    SeedRequest { name: name.into(), seed, ..SeedRequest::default() }
}

fn floats(name: &str, count: i32) -> RandomRequest {
    RandomRequest { name: name.into(), count, ..RandomRequest::default() }
}

fn state(name: &str) -> GetStateRequest {
    GetStateRequest { name: name.into() }
}

const BITS: [u8; 13] =
    [0x0b, 0xad, 0x3c, 0x2d, 0x6d, 0x1a, 0x3d, 0x1f, 0xa7, 0xbc, 0x89, 0x60, 0xa9];
const BYTES: [u8; 4] = [0x50, 0xe1, 0x65, 0xe4];

/// `random.seed(42)` of CPython, and what it draws then, half of it after the primary was killed.
#[tokio::test]
async fn a_sequence_goes_on_where_it_was_when_the_primary_is_killed() {
    let mut cluster = Cluster::born(2).await;
    cluster.paired().await;
    let mut random = client(&cluster).await;
    random.seed(seed("g", &[42])).await.unwrap();
    let first = random.random(floats("g", 3)).await.unwrap().into_inner().values;
    assert_eq!(first, [0.6394267984578837, 0.025010755222666936, 0.27502931836911926]);
    let primary = cluster.primary().await;
    let before = random.now(NowRequest::default()).await.unwrap().into_inner();
    cluster.kill(primary);

    let mut random = client(&cluster).await;
    let one = random.random(floats("g", 0)).await.unwrap().into_inner().values;
    assert_eq!(one, [0.22321073814882275]);
    let bits = GetRandBitsRequest { name: "g".into(), k: 100, ..Default::default() };
    let bits = random.get_rand_bits(bits).await.unwrap().into_inner().bits;
    assert_eq!(bits[..], BITS);
    let bytes = RandBytesRequest { name: "g".into(), n: 4, ..Default::default() };
    assert_eq!(random.rand_bytes(bytes).await.unwrap().into_inner().data[..], BYTES);

    let copied = random.get_state(state("g")).await.unwrap().into_inner().state;
    let copy = SetStateRequest { name: "copy".into(), state: copied.clone(), stamp: None };
    random.set_state(copy).await.unwrap();
    assert_eq!(random.get_state(state("copy")).await.unwrap().into_inner().state, copied);
    let after = random.now(NowRequest::default()).await.unwrap().into_inner();
    assert!(after.wall_ns >= before.wall_ns && after.elapsed_ns >= before.elapsed_ns);
}

#[tokio::test]
async fn a_generator_without_a_seed_is_drawn_once_and_is_the_same_everywhere() {
    let mut cluster = Cluster::born(2).await;
    cluster.paired().await;
    let mut random = client(&cluster).await;
    for name in ["a", "b"] {
        random.seed(SeedRequest { name: name.into(), ..SeedRequest::default() }).await.unwrap();
    }
    let [a, b] = [state("a"), state("b")].map(|request| {
        let mut random = random.clone();
        async move { random.get_state(request).await.unwrap().into_inner().state.unwrap() }
    });
    let (a, b) = (a.await, b.await);
    assert_ne!(a, b);
    let primary = cluster.primary().await;
    cluster.kill(primary);
    let mut random = client(&cluster).await;
    assert_eq!(random.get_state(state("a")).await.unwrap().into_inner().state, Some(a));
}

#[tokio::test]
async fn what_cannot_be_drawn_is_refused() {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let mut random = client(&cluster).await;
    let invalid = Code::InvalidArgument;
    let unknown = random.random(floats("g", 1)).await.unwrap_err();
    check(unknown, Code::NotFound, "GENERATOR_NOT_FOUND", &["name=g"]);
    let unknown = random.get_state(state("g")).await.unwrap_err();
    check(unknown, Code::NotFound, "GENERATOR_NOT_FOUND", &["name=g"]);
    for name in ["".to_string(), "n".repeat(257)] {
        let status = random.seed(seed(&name, &[1])).await.unwrap_err();
        check(status, invalid, "INVALID_NAME", &["field=name", "limit=256"]);
    }
    let status = random.seed(seed("g", &[1; 1025])).await.unwrap_err();
    check(status, invalid, "INVALID_NUMBER", &["field=seed", "limit=1024"]);
    random.seed(seed("g", &[1; 1024])).await.unwrap();

    for (count, limit) in [(-1, "limit=0"), (10_001, "limit=10000"), (i32::MIN, "limit=0")] {
        let status = random.random(floats("g", count)).await.unwrap_err();
        check(status, invalid, "INVALID_NUMBER", &["field=count", limit]);
    }
    for (k, limit) in [(0, "limit=1"), (-5, "limit=1"), (524_289, "limit=524288")] {
        let request = GetRandBitsRequest { name: "g".into(), k, ..Default::default() };
        let status = random.get_rand_bits(request).await.unwrap_err();
        check(status, invalid, "INVALID_NUMBER", &["field=k", limit]);
    }
    for (n, limit) in [(-1, "limit=0"), (65_537, "limit=65536")] {
        let request = RandBytesRequest { name: "g".into(), n, ..Default::default() };
        let status = random.rand_bytes(request).await.unwrap_err();
        check(status, invalid, "INVALID_NUMBER", &["field=n", limit]);
    }
    let set = |words: Vec<u32>, position| SetStateRequest {
        name: "g".into(),
        state: Some(GeneratorState { words, position }),
        stamp: None,
    };
    for (request, field) in [
        (SetStateRequest { state: None, ..set(vec![], 0) }, "field=words"),
        (set(vec![1; 623], 0), "field=words"),
        (set(vec![1; 625], 0), "field=words"),
        (set(vec![0; 624], 0), "field=words"),
        (set(vec![1; 624], 625), "field=position"),
    ] {
        let status = random.set_state(request).await.unwrap_err();
        check(status, invalid, "INVALID_GENERATOR_STATE", &[field, "limit=624"]);
    }
}
