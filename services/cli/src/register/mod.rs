//! `understudy register`: makes the register of a new cluster, and shows what one says.

mod open;
mod show;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use understudy_arbiter::RegisterUri;

use crate::failure::Failure;
use crate::print;

pub use open::{Opened, Replaced};

/// Makes or shows the register of a cluster.
#[derive(Debug, Args)]
pub struct Register {
    #[command(subcommand)]
    order: Order,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// Makes a blank register: in a directory that all replicas share, or a Lease in Kubernetes. A
    /// cluster is born on it once all configured replicas are blank, too.
    ///
    /// A register that is gone is never replaced this way: `understudy recover` does that. A Lease is
    /// made with the rights of the kubeconfig, or of the pod's service account.
    Create {
        /// The directory (made if there is none), or a register's URI: dir:PATH, lease:NAMESPACE/NAME
        #[arg(value_name = "DIR|URI", value_parser = uri_or_directory)]
        register: RegisterUri,
    },
    Show(show::Show),
}

/// A bare path is a directory.
fn uri_or_directory(text: &str) -> Result<RegisterUri, String> {
    match text.starts_with("dir:") || text.starts_with("lease:") {
        true => text.parse().map_err(|error| format!("{error}")),
        false => Ok(RegisterUri::Directory(PathBuf::from(text))),
    }
}

impl Register {
    pub async fn run(self) -> Result<(), Failure> {
        match self.order {
            Order::Create { register } => {
                let uid = Opened::open(&register).await?.create().await?;
                let place = match &register {
                    RegisterUri::Directory(dir) => dir.display().to_string(),
                    lease => lease.to_string(),
                };
                print::line(format_args!("made register {uid} in {place}"));
                Ok(())
            }
            Order::Show(order) => order.run().await,
        }
    }
}
