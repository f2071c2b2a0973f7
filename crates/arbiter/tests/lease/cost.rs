//! What a transition costs at the API server, printed: `--nocapture`.

use std::time::{Duration, Instant};

use understudy_arbiter::Arbiter;
use understudy_protocol::WriteAnswer;

use crate::cluster::cluster;
use crate::common::next;

const TIMES: usize = 100;

#[tokio::test]
async fn a_read_and_a_write_are_quick_over_the_connection_that_the_watch_keeps() {
    let Some(cluster) = cluster().await else { return };
    let register = cluster.register();
    let begun = Instant::now();
    register.read().await.unwrap();
    let first = begun.elapsed();
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    for n in 0..TIMES {
        let begun = Instant::now();
        let base = register.read().await.unwrap();
        reads.push(begun.elapsed());
        let begun = Instant::now();
        let answer = register.write(&base, &next(&base, n as u128)).await;
        writes.push(begun.elapsed());
        assert_eq!(answer, WriteAnswer::Written);
    }
    println!("first read, with TCP and TLS: {first:?}");
    println!("read: {}", summary(&mut reads));
    println!("write: {}", summary(&mut writes));
    assert!(reads[TIMES / 2] + writes[TIMES / 2] < Duration::from_millis(500));
}

fn summary(times: &mut [Duration]) -> String {
    times.sort();
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
    format!("median {:?}, p99 {:?}", at(50), at(99))
}
