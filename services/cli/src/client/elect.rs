//! `understudy elect`.

use std::ffi::OsString;

use clap::Args;
use serde_json::json;
use understudy_client::{Client, Error, Holder};

use super::connection::Connection;
use super::lock::How;
use super::{print, record};
use crate::failure::Failure;

/// Stands for election, and leads until it is interrupted or ends; without a value, prints who leads.
///
/// An election is a lock: whoever holds it leads. A command runs while it leads, as with `lock`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  understudy elect scheduler host-a:9000
  understudy elect scheduler host-a:9000 -- ./schedule.sh
  understudy elect scheduler")]
pub struct Elect {
    /// The election's name, any text; its keys are NAME/.lock/...
    name: String,
    /// The candidate's name; left out: prints every leader from now on, until Ctrl-C.
    value: Option<String>,
    #[command(flatten)]
    how: How,
    /// Print the current leader and exit; exits 1 if there is none.
    #[arg(long, conflicts_with_all = ["value", "command"])]
    once: bool,
    /// What to run while it leads.
    #[arg(last = true, value_name = "COMMAND", requires = "value")]
    command: Vec<OsString>,
    #[command(flatten)]
    connection: Connection,
}

impl Elect {
    pub async fn run(self) -> Result<(), Failure> {
        let client = self.connection.client();
        let done = match &self.value {
            Some(value) => {
                let Self { name, how, command, connection, .. } = &self;
                how.hold(&client, connection, (name, value), command).await
            }
            None if self.once => self.observe(&client).await,
            None => tokio::select! {
                done = self.observe(&client) => done,
                () = print::closed() => Err(Failure::Closed),
            },
        };
        client.close().await;
        done
    }

    async fn observe(&self, client: &Client) -> Result<(), Failure> {
        let mut leaders = client.leaders(&self.name);
        if self.once {
            let leader = leaders.next().await?;
            self.print(client, leader.as_ref());
            let nobody = || Failure::coded("NO_LEADER", format!("nobody leads {:?}", self.name));
            leader.ok_or_else(nobody)?;
            return print::written();
        }
        loop {
            match leaders.next().await {
                Ok(leader) => self.print(client, leader.as_ref()),
                // Nothing is missed by waiting for a primary.
                Err(Error::Unavailable { .. }) if self.connection.deadline.is_none() => {}
                Err(error) => return Err(error.into()),
            }
            print::written()?;
        }
    }

    fn print(&self, client: &Client, leader: Option<&Holder>) {
        if self.connection.json() {
            let value = |leader: &Holder| String::from_utf8_lossy(&leader.value).into_owned();
            let (leader, token) = (leader.map(value), leader.map(|leader| leader.token));
            let leader = json!({ "leader": leader, "token": token });
            return print::json(&record::answer(client, leader));
        }
        match leader {
            Some(leader) => {
                print::line(format_args!("{}\t{}", leader.token, print::text(&leader.value)))
            }
            None if self.once => {}
            None => print::line("-\tnobody"),
        }
    }
}
