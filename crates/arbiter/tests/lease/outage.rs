//! An API server that does not answer, or whose answers are lost: every call returns in time, what was
//! forwarded has happened, and all is well when it is back.

use std::time::{Duration, Instant};

use understudy_arbiter::Arbiter;
use understudy_protocol::{RegisterFailure, WriteAnswer};

use crate::cluster::cluster;
use crate::common::{advance, next};
use crate::proxy::{Proxy, Way};

/// The longest that one call may take: the first answer is waited for for a second, the last for
/// eight; twice that on a loaded machine.
const BOUND: Duration = Duration::from_secs(16);

#[tokio::test]
async fn a_write_whose_answer_is_lost_has_no_answer_and_is_found_by_its_nonce() {
    let Some(cluster) = cluster().await else { return };
    let proxy = Proxy::start(&cluster.config).await;
    let register = cluster.register_as(proxy.config(&cluster.config));
    let base = advance(&register, 1).await;
    let record = next(&base, 77);
    proxy.set(Way::LosesAnswers);
    let begun = Instant::now();
    let answer = register.write(&base, &record).await;
    let WriteAnswer::NoAnswer(why) = &answer else { panic!("{answer:?}") };
    assert!(why.contains("no answer from the API server within 1s"), "{why}");
    assert!(begun.elapsed() < BOUND);
    // Rule 1: read again, and let the nonce tell.
    proxy.set(Way::Open);
    assert_eq!(register.read().await.unwrap().record, Some(record));
}

#[tokio::test]
async fn a_write_that_never_arrives_has_no_answer_and_is_tried_again_with_its_nonce() {
    let Some(cluster) = cluster().await else { return };
    let proxy = Proxy::start(&cluster.config).await;
    let register = cluster.register_as(proxy.config(&cluster.config));
    let base = advance(&register, 1).await;
    let record = next(&base, 77);
    proxy.set(Way::LosesAll);
    assert!(matches!(register.write(&base, &record).await, WriteAnswer::NoAnswer(_)));
    proxy.set(Way::Open);
    let again = register.read().await.unwrap();
    assert_eq!(again, base);
    assert_eq!(register.write(&again, &record).await, WriteAnswer::Written);
}

#[tokio::test]
async fn a_hung_api_server_is_no_answer_in_bounded_time_and_recovers_at_once() {
    let Some(cluster) = cluster().await else { return };
    let proxy = Proxy::start(&cluster.config).await;
    let register = cluster.register_as(proxy.config(&cluster.config));
    let base = advance(&register, 1).await;
    proxy.set(Way::LosesAll);
    let mut waited = Vec::new();
    for _ in 0..2 {
        let begun = Instant::now();
        let read = register.read().await;
        assert!(matches!(read, Err(RegisterFailure::Unreachable(_))), "{read:?}");
        let write = register.write(&base, &next(&base, 1)).await;
        assert!(matches!(write, WriteAnswer::NoAnswer(_)), "{write:?}");
        waited.push(begun.elapsed());
    }
    assert!(waited[0] < BOUND && waited[1] < 2 * BOUND, "{waited:?}");
    // A connection into the void is not waited for: the first call after it gets another one.
    proxy.set(Way::Open);
    let begun = Instant::now();
    assert_eq!(register.read().await.unwrap(), base);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn nobody_at_the_address_is_no_answer_at_once() {
    let Some(cluster) = cluster().await else { return };
    let mut config = cluster.config.clone();
    config.cluster_url = "https://127.0.0.1:1".parse().unwrap();
    let register = cluster.register_as(config);
    let begun = Instant::now();
    let Err(RegisterFailure::Unreachable(why)) = register.read().await else { panic!() };
    assert!(why.contains("refused") && !why.contains('\n'), "{why}");
    assert!(begun.elapsed() < Duration::from_secs(2));
}
