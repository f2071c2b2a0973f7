//! `understudy now`.

use clap::Args;
use serde_json::json;

use super::connection::Connection;
use super::{print, record};
use crate::failure::Failure;

/// Prints the clock of the log, nanoseconds since 1970: it never runs backwards, whoever is primary.
#[derive(Debug, Args)]
pub struct Now {
    #[command(flatten)]
    connection: Connection,
}

impl Now {
    pub async fn run(self) -> Result<(), Failure> {
        let client = self.connection.client();
        let now = client.now().await?;
        if self.connection.json() {
            let clocks = json!({ "wall_ns": now.wall_ns, "elapsed_ns": now.elapsed_ns });
            print::json(&record::answer(&client, clocks));
        } else {
            print::line(now.wall_ns);
        }
        print::written()
    }
}
