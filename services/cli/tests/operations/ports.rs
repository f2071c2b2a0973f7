//! Addresses that are not those of ports for clients.

use std::time::Instant;

use crate::harness::cluster::Cluster;
use crate::harness::command::{succeed, understudy};

#[tokio::test]
async fn a_port_for_peers_or_operators_is_named_and_the_next_address_is_tried() {
    let (cluster, primary, _) = Cluster::pair().await;
    let replica = &cluster.replicas[primary];
    for (wrong, port) in [(&replica.peers, "peers"), (&replica.ops, "operators")] {
        let both = format!("{wrong},{}", replica.clients);
        succeed(&["put", "--endpoints", &both, "k", "v"]);
        assert_eq!(succeed(&["get", "--endpoints", &both, "k"]).trim_end(), "v");
        // Alone, it is said at once, with the right one.
        let began = Instant::now();
        for command in
            [&["get", "--endpoints", wrong, "k"][..], &["put", "--endpoints", wrong, "k", "w"]]
        {
            let ended = understudy(command);
            assert_eq!(ended.code, Some(4), "{ended:?}");
            let says = format!(
                "{wrong}: no replica serves clients at this port: this is the port for {port}: clients are served at {}",
                replica.clients
            );
            assert!(ended.err.contains(&says), "{says} in {ended:?}");
        }
        assert!(began.elapsed() < crate::harness::wait::BOUND / 3, "{:?}", began.elapsed());
        let status = understudy(&["status", "--endpoints", wrong]);
        assert!(status.out.contains(port) || status.err.contains(port), "{status:?}");
    }
}
