//! How much a pair asks of the API server that can do nothing but ask.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::stage::{NAME, Stage, stage};

/// Until the pauses between two looks do not grow any more.
const SETTLING: Duration = Duration::from_secs(8);
const COUNTED: Duration = Duration::from_secs(20);
/// Of both replicas together, in [`COUNTED`]: each looks once a second, and every 20 s it reads the Lease
/// and rehearses a write of it. At each end there may be one more of either.
const AT_MOST: usize = 50;

/// Where `deploy/dev-cluster/api-only` has the API server write down who has asked for which Lease.
fn audit_log() -> PathBuf {
    let kubeconfig = PathBuf::from(std::env::var_os("UNDERSTUDY_TEST_KUBECONFIG").unwrap());
    kubeconfig.with_file_name("audit.log")
}

/// The requests about the stage's Lease so far, by the API server's own ids.
fn requests(stage: &Stage) -> BTreeSet<String> {
    let path = audit_log();
    let log = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}: is it api-only's API server?", path.display())
    });
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let about_it = |event: &Value| {
        let object = &event["objectRef"];
        object["namespace"] == *stage.namespace && object["name"] == NAME
    };
    events.filter(about_it).map(|event| event["auditID"].as_str().unwrap().to_owned()).collect()
}

/// Nothing but an order will ever help: nobody may keep the API server busy until then.
#[tokio::test]
async fn replicas_whose_data_is_gone_ask_a_kept_lease_ever_more_seldom() {
    let Some(mut stage) = stage(&[]).await else { return };
    let (primary, backup) = stage.begin().await;
    // Both at once: neither becomes primary without the other.
    stage.cluster.signal(backup, Signal::STOP);
    for number in [primary, backup] {
        stage.cluster.kill(number);
        std::fs::remove_dir_all(&stage.cluster.replicas[number].data).unwrap();
    }
    stage.cluster.start_all();
    for number in [0, 1] {
        let lost = "does not name this copy, but an earlier one of";
        stage.cluster.until(number, "says what is lost", |s| s.reason.contains(lost)).await;
    }
    tokio::time::sleep(SETTLING).await;
    let before = requests(&stage);
    tokio::time::sleep(COUNTED).await;
    let asked = requests(&stage).difference(&before).count();
    println!("{asked} requests in {COUNTED:?}");
    assert!(asked > 0, "the log does not tell");
    assert!(asked <= AT_MOST, "{asked} requests in {COUNTED:?}, more than {AT_MOST}");
}
