//! What is tortured: a pair of our own, or replicas of somebody's.

use std::time::Duration;

use understudy_client::{Client, Endpoints, Options};

use super::command;
use super::fault::Fault;
use super::faults::{self, FaultInjector};
use super::plan::Planned;
use super::stop::StopSignal;

/// How long the subject may take to be whole when everything is healed.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is tortured.
pub enum Subject {
    /// A pair of our own.
    Own(Box<FaultInjector>),
    /// Replicas of somebody's.
    Yours(Yours),
}

/// Replicas of somebody's, and what is run to inject faults into them.
pub struct Yours {
    client: Client,
    commands: Vec<String>,
    prefix: String,
}

impl Subject {
    /// Injects a fault, waits as long as it lasts, and heals it. A command ends when it is over.
    pub async fn inject(&self, planned: &Planned, stop: &StopSignal) -> faults::Result {
        match self {
            Subject::Own(injector) => injector.inject(planned).await,
            Subject::Yours(yours) => yours.inject(&planned.fault, stop).await,
        }
    }

    /// Waits until it is whole. Of somebody's replicas it is only known whether they answer.
    ///
    /// # Errors
    /// A sentence, when that takes too long.
    pub async fn whole(&self) -> Result<(), String> {
        match self {
            Subject::Own(injector) => injector.pair.complete(PATIENCE).await.map(drop),
            Subject::Yours(yours) => yours.answers().await,
        }
        .map_err(|failure| failure.to_string())
    }

    /// Ends what is our own.
    pub async fn close(self) {
        match self {
            Subject::Own(injector) => injector.pair.stop().await,
            Subject::Yours(yours) => yours.client.close().await,
        }
    }
}

impl Yours {
    /// Replicas at `endpoints`, whose keys that begin with `prefix` are ours.
    pub fn new(endpoints: &Endpoints, commands: &[String], prefix: &str) -> Self {
        let client = Client::new(endpoints, Options::default().deadline(PATIENCE));
        Yours { client, commands: commands.to_vec(), prefix: prefix.to_owned() }
    }

    async fn inject(&self, fault: &Fault, stop: &StopSignal) -> faults::Result {
        let Fault::Command { number } = fault else {
            return Err("only commands are possible here".into());
        };
        let command = self.commands.get(*number).ok_or("there is no such command")?;
        command::run(command, stop).await
    }

    async fn answers(&self) -> Result<(), crate::failure::Failure> {
        self.client.get(format!("{}whole", self.prefix)).await?;
        Ok(())
    }
}
