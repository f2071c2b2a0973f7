//! What `understudy dev` says when its pair is ready.

use std::path::PathBuf;

use serde::Serialize;

use crate::pair::{self, Pair, Ports};

/// The line that says that the pair is ready.
#[derive(Serialize)]
pub struct Ready {
    /// `host:port` that follows the primary.
    address: String,
    replicas: Vec<ReadyReplica>,
}

#[derive(Serialize)]
struct ReadyReplica {
    name: &'static str,
    pid: u32,
    /// `host:port` for clients.
    address: String,
    /// URL of the metrics.
    metrics: String,
    data: PathBuf,
    role: &'static str,
}

impl Ready {
    /// Of a pair whose primary has this number.
    pub fn of(pair: &Pair, primary: usize) -> Self {
        let replica = |(number, plan): (usize, &pair::ReplicaPlan)| ReadyReplica {
            name: plan.name,
            pid: pair.pid(number).unwrap_or_default(),
            address: plan.clients.clone(),
            metrics: format!("http://{}/metrics", plan.ops),
            data: plan.data.clone(),
            role: if number == primary { "primary" } else { "backup" },
        };
        let replicas = pair.plan.replicas.iter().enumerate().map(replica).collect();
        Ready { address: pair.plan.following.clone(), replicas }
    }

    /// For people. Data that is not `kept` goes at the end.
    pub fn text(&self, kept: bool) -> String {
        let mut text = format!("\nThe pair is ready. {} follows the primary.\n\n", self.address);
        for replica in &self.replicas {
            text += &format!(
                "  {}  {:7}  pid {:<8} clients {}\n     metrics {}\n     data {}{}\n",
                replica.name,
                replica.role,
                replica.pid,
                replica.address,
                replica.metrics,
                replica.data.display(),
                if kept { "" } else { " (removed at the end)" },
            );
        }
        let primary = self.replicas.iter().find(|r| r.role == "primary").map_or(0, |r| r.pid);
        text += "\nTry, in another terminal:\n\n";
        if !self.address.ends_with(&format!(":{}", Ports::FIRST)) {
            // Where nobody looks by default.
            let replicas = self.replicas.iter().map(|replica| replica.address.as_str());
            let all: Vec<&str> = std::iter::once(self.address.as_str()).chain(replicas).collect();
            text += &format!("  export UNDERSTUDY_ENDPOINTS={}\n", all.join(","));
        }
        text += &format!(
            "  understudy put greeting hello\
             \n  understudy status\
             \n  kill -9 {primary}    # the primary: the backup takes over\
             \n  understudy get greeting\
             \n\nCtrl-C ends the pair.\n"
        );
        text
    }
}
