//! `understudy elect NAME`: who leads, one after the other.

use rustix::process::Signal;

use crate::harness::cluster::Cluster;
use crate::harness::running::Running;

#[tokio::test]
async fn each_of_a_hundred_short_tenures_is_printed() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let mut watching = Running::start(&["elect", "job", "--endpoints", &endpoints]);
    assert_eq!(watching.says(), "-\tnobody\n");
    let client = cluster.client();
    let mut expected = Vec::new();
    for number in 0..100 {
        let lock = client.lock("job").value(format!("candidate {number}")).await.unwrap();
        expected.push(format!("{}\tcandidate {number}\n", lock.token()));
        lock.release().await.unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < expected.len() {
        let line = watching.says();
        assert!(!line.is_empty(), "it has ended: {seen:?}");
        if line != "-\tnobody\n" {
            seen.push(line);
        }
    }
    assert_eq!(seen, expected);
}

/// Twenty who wait lead one after the other, over a failover.
#[tokio::test]
async fn leaders_are_printed_in_order_over_a_failover() {
    let (mut cluster, primary, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let mut watching = Running::start(&["elect", "job", "--endpoints", &endpoints]);
    assert_eq!(watching.says(), "-\tnobody\n");
    let mut candidates = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let client = cluster.client();
        candidates.spawn(async move {
            let lock = client.lock("job").await.unwrap();
            let token = lock.token();
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            super::released(lock).await;
            token
        });
    }
    let mut tokens = Vec::new();
    while let Some(token) = candidates.join_next().await {
        tokens.push(token.unwrap());
        if tokens.len() == 5 {
            cluster.kill(primary);
        }
    }
    tokens.sort_unstable();
    let mut seen = Vec::new();
    while seen.last() != tokens.last() {
        let line = watching.says();
        let token = line.split('\t').next().unwrap();
        if token != "-" {
            seen.push(token.parse::<i64>().unwrap());
        }
    }
    // Whoever tried again has left a place in the line that led for a moment.
    assert!(seen.is_sorted_by(|before, after| before < after), "{seen:?}");
    assert!(tokens.iter().all(|token| seen.contains(token)), "{tokens:?} of {seen:?}");
}

#[tokio::test]
async fn a_lock_that_nobody_can_hear_of_is_released() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    for arguments in [&["lock", "job"][..], &["elect", "job", "me"]] {
        let mut running = Running::start(&[arguments, &["--endpoints", &endpoints]].concat());
        running.close_stdout();
        let (code, err) = running.failed();
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains("lock \"job\" is released again"), "{err}");
        let (holder, _) = cluster.client().lock_holder("job").await.unwrap();
        assert_eq!(holder, None);
    }
}

/// Without a command nothing has to go on: any of these lets the next one have it.
#[tokio::test]
async fn a_lock_without_a_command_is_released_by_a_signal() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    for signal in [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM, Signal::USR1] {
        let mut running = Running::start(&["lock", "job", "--endpoints", &endpoints]);
        assert!(running.says().starts_with("job is held, token "));
        let waiting = Running::start(&["lock", "job", "--endpoints", &endpoints]);
        while cluster.client().list(super::line("job")).await.unwrap().kvs.len() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        // One who waits leaves the line, too.
        waiting.signal(signal);
        let (code, err) = waiting.failed();
        assert_eq!(code, Some(128 + signal.as_raw()), "{err}");
        assert!(err.starts_with("understudy: lock \"job\" is given up: "), "{err}");
        running.signal(signal);
        assert_eq!(running.failed(), (Some(0), String::new()), "{signal:?}");
        let line = cluster.client().list(super::line("job")).await.unwrap().kvs;
        assert!(line.is_empty(), "{signal:?}: {line:?}");
    }
}
