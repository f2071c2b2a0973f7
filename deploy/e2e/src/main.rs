//! Injects faults into a pair on a real Kubernetes cluster while clients inside it use it, and judges what they
//! saw. `deploy/e2e/run` builds what it needs and starts it; docs/chaos.md tells more.

mod clock;
mod cluster;
mod faults;
mod ground;
mod judge;
mod load;
mod loader;
mod pair;
mod record;
mod release;
mod report;
mod run;
mod scene;
mod stage;
mod watcher;
mod way;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "understudy-e2e", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Load(load::Load),
}

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Run(run) => run.run().await,
        Command::Load(load) => load.run().await.map(|()| true),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("understudy-e2e: {error:#}");
            ExitCode::FAILURE
        }
    }
}
