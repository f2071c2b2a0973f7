//! What a person must say before data may be lost.

use std::io::{BufRead as _, IsTerminal as _};

use clap::Args;
use understudy_protocol::ClusterId;

use crate::failure::Failure;
use crate::print;

/// The consent of whoever gives the order.
#[derive(Debug, Args)]
pub struct Consent {
    /// Consents without being asked: the id of the cluster, 32 hex digits.
    #[arg(long, value_name = "CLUSTER")]
    yes: Option<ClusterId>,
}

impl Consent {
    /// Says what will be done and what is given up, and goes on only if the cluster's id is given.
    ///
    /// # Errors
    /// When it is not.
    pub fn ask(&self, cluster: ClusterId, does: &str, gives_up: &[String]) -> Result<(), Failure> {
        print::note(format_args!("This {does}.\nIt gives up:"));
        for loss in gives_up {
            print::note(format_args!("  - {loss}"));
        }
        print::note(format_args!("All replicas of cluster {cluster} should be stopped."));
        let answer = match self.yes {
            Some(cluster) => cluster,
            None => typed()?,
        };
        match answer == cluster {
            true => Ok(()),
            false => Err(Failure::new(format!(
                "{answer} is not this directory's cluster, {cluster}: nothing was done"
            ))),
        }
    }
}

fn typed() -> Result<ClusterId, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new("nobody to ask: consent with --yes CLUSTER; nothing was done"));
    }
    print::ask("Type the cluster's id to go on: ");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(Failure::new)?;
    line.trim().parse().map_err(|_| Failure::new("not a cluster's id: nothing was done"))
}
