//! Which keys count as wanting a lock.

use std::time::Duration;

use crate::harness::cluster::Cluster;
use crate::harness::command::{refuse, succeed, understudy};

#[tokio::test]
async fn what_users_write_under_a_locks_name_counts_for_nothing() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let run = |arguments: &[&str]| succeed(&[arguments, &at].concat());
    let lease = run(&["lease", "grant", "60s", "--id", "7"]);
    assert_eq!(lease, "7\n");
    for key in [
        "nightly",
        "nightly/",
        "nightly/config",
        "nightly/0000000000000007",
        "nightly/.lock/",
        "nightly/.lock/0000000000000007",
        "nightly/.lock/0000000000000007/x",
    ] {
        run(&["put", key, "x"]);
    }
    run(&["put", "--lease", "7", "nightly/.lock/0000000000000008", "x"]);
    run(&["put", "--lease", "7", "nightly/0000000000000007", "x"]);
    succeed(&["lock", "nightly", "--wait", "10s", at[0], at[1], "--", "true"]);
    refuse(&["elect", "--once", "nightly", at[0], at[1]], "nobody leads \"nightly\"");
    // What the recipe writes counts, whoever writes it.
    run(&["put", "--lease", "7", "nightly/.lock/0000000000000007", "somebody"]);
    assert!(run(&["elect", "--once", "nightly"]).ends_with("\tsomebody\n"));
    refuse(&["lock", "nightly", "--wait", "0", at[0], at[1], "--", "true"], "is held by another");
}

#[tokio::test]
async fn nested_and_odd_names_never_meet() {
    let (cluster, _, _) = Cluster::pair().await;
    let client = cluster.client();
    let names = [
        "",
        "/",
        "//",
        "a",
        "a/",
        "/a",
        "a/b",
        "a//b",
        "a/b/",
        "a/.lock",
        "a/.lock/",
        ".lock",
        "/.lock/",
        "a/.lock/0000000000000001",
        "a/0000000000000001",
        "ä b'\"",
        "a\n",
    ];
    // Whichever comes first.
    for names in [names.to_vec(), names.iter().rev().copied().collect()] {
        let mut held = Vec::new();
        for name in &names {
            let lock = client.lock(*name).value(*name).wait(Duration::from_secs(10)).await;
            held.push(lock.unwrap_or_else(|error| panic!("{name:?}: {error}")));
        }
        for (name, lock) in names.iter().zip(&held) {
            let (holder, _) = client.lock_holder(name).await.unwrap();
            let holder = holder.unwrap_or_else(|| panic!("nobody holds {name:?}"));
            assert_eq!((&holder.value[..], holder.token), (name.as_bytes(), lock.token()));
            assert_eq!(holder.key, lock.key());
        }
        if names[0].is_empty() {
            for lock in held {
                lock.release().await.unwrap();
            }
            continue;
        }
        // Empty and with slashes at its ends on the command line, too.
        let endpoints = cluster.endpoints().addresses().join(",");
        for name in ["", "a/", "/"] {
            let ended = understudy(&["elect", "--once", "--endpoints", &endpoints, name]);
            assert!(ended.out.ends_with(&format!("\t{name}\n")), "{ended:?}");
        }
    }
}
