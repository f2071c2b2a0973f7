//! What is tortured: a pair of our own, or replicas of somebody's.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use understudy_client::{Client, Endpoints, Options};

use super::fault::Fault;
use super::faults::{self, World};
use super::plan::Planned;

/// How long the subject may take to be whole when everything is mended.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a command may take.
const COMMAND: Duration = Duration::from_secs(300);

/// What is tortured.
pub enum Subject {
    /// A pair of our own.
    Own(Box<World>),
    /// Replicas of somebody's.
    Yours(Yours),
}

/// Replicas of somebody's, and what is run to hurt them.
pub struct Yours {
    client: Client,
    commands: Vec<String>,
    prefix: String,
}

impl Subject {
    /// Inflicts a fault, waits as long as it lasts, and mends it.
    pub async fn inflict(&self, planned: &Planned) -> faults::Result {
        match self {
            Subject::Own(world) => world.inflict(planned).await,
            Subject::Yours(yours) => yours.inflict(&planned.fault).await,
        }
    }

    /// Waits until it is whole. Of somebody's replicas it is only known whether they answer.
    ///
    /// # Errors
    /// A sentence, when that takes too long.
    pub async fn whole(&self) -> Result<(), String> {
        match self {
            Subject::Own(world) => world.pair.complete(PATIENCE).await.map(drop),
            Subject::Yours(yours) => yours.answers().await,
        }
        .map_err(|failure| failure.to_string())
    }

    /// Ends what is our own.
    pub async fn close(self) {
        match self {
            Subject::Own(world) => world.pair.stop().await,
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

    async fn inflict(&self, fault: &Fault) -> faults::Result {
        let Fault::Command { number } = fault else {
            return Err("only commands are possible here".into());
        };
        let command = self.commands.get(*number).ok_or("there is no such command")?;
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(COMMAND, shell.output()).await;
        let output = output.map_err(|_| format!("{command}: still runs after {COMMAND:?}"))?;
        let output = output.map_err(|error| format!("{command}: {error}"))?;
        match output.status.success() {
            true => Ok(command.clone()),
            false => {
                let said = String::from_utf8_lossy(&output.stderr);
                let last = said.lines().last().unwrap_or_default();
                Err(format!("{command}: {}: {last}", output.status))
            }
        }
    }

    async fn answers(&self) -> Result<(), crate::failure::Failure> {
        self.client.get(format!("{}whole", self.prefix)).await?;
        Ok(())
    }
}
