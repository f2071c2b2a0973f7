//! `understudy register`: the register of a new cluster.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use understudy_arbiter::DirectoryRegister;

use crate::failure::Failure;
use crate::print;

/// Makes the register of a new cluster.
#[derive(Debug, Args)]
pub struct Register {
    #[command(subcommand)]
    order: Order,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// Makes a blank register in a directory that all replicas share. A cluster is born on it once
    /// all configured replicas are blank, too.
    ///
    /// A register that is gone is never replaced this way: `understudy recover` does that.
    Create {
        /// The directory, made if there is none.
        dir: PathBuf,
    },
}

impl Register {
    pub fn run(self) -> Result<(), Failure> {
        let Order::Create { dir } = self.order;
        let uid = DirectoryRegister::create(&dir).map_err(Failure::new)?;
        print::line(format!("made register {uid} in {}", dir.display()))
    }
}
