//! `understudy random` and `now`: what CPython's random.seed(42) and random.seed(-2**200) give.

use crate::harness::cluster::Cluster;
use crate::harness::command::{refuse, succeed};

const BITS: &str = "176140902141063639299770569303\n";
const BYTES: &str = "a96089bc\n";
const LARGE_BITS: &str = "487775909808";
const LARGE: &str = "-1606938044258990275541962092341162602522202993782792835301376";

#[tokio::test]
async fn draws_are_those_of_python() {
    let (cluster, _, _) = Cluster::pair().await;
    let endpoints = cluster.endpoints().addresses().join(",");
    let at = ["--endpoints", &endpoints];
    let run = |arguments: &[&str]| succeed(&[arguments, &at].concat());
    refuse(&["random", "float", at[0], at[1]], "there is no generator \"default\": seed it");
    assert_eq!(run(&["random", "seed", "--seed", "42"]), "");
    let floats = run(&["random", "float", "--count", "2"]);
    assert_eq!(floats, "0.6394267984578837\n0.025010755222666936\n");
    let bits = run(&["random", "bits", "100"]);
    let bytes = run(&["random", "bytes", "4"]);
    assert_eq!((&bits[..], &bytes[..]), (BITS, BYTES));
    assert_eq!(run(&["random", "seed", "--seed", LARGE, "--name", "large"]), "");
    let json = run(&["random", "bits", "40", "--name", "large", "--output", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["bits"], &json["name"]), (&LARGE_BITS.into(), &"large".into()));
    assert_eq!(run(&["random", "seed", "--name", "any"]), "");
    refuse(&["random", "bits", "0", at[0], at[1]], "k is 0: it must be at least 1");

    let now: Vec<u64> = (0..2).map(|_| run(&["now"]).trim().parse().unwrap()).collect();
    assert!(now[0] > 1_700_000_000_000_000_000 && now[1] >= now[0], "{now:?}");
}
