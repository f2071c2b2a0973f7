//! `understudy handover`.

use clap::Args;
use serde_json::json;

use super::connection::Connection;
use super::{print, record};
use crate::failure::Failure;

/// Makes a backup the primary, without loss or failed requests.
#[derive(Debug, Args)]
pub struct HandOver {
    /// Name of the backup that takes over; default: any that is up to date.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    to: String,
    #[command(flatten)]
    connection: Connection,
}

impl HandOver {
    pub async fn run(self) -> Result<(), Failure> {
        let answer = self.connection.client().hand_over(&self.to).await?;
        let epoch = answer.header.as_ref().map_or(0, |header| header.epoch);
        let primary = answer.primary.filter(|primary| !primary.name.is_empty());
        if self.connection.json() {
            let name = primary.as_ref().map(|primary| &primary.name);
            let address = primary.as_ref().map(|primary| &primary.client_address);
            let mut object = record::header(answer.header.as_ref());
            object.insert("primary".to_owned(), json!(name));
            object.insert("address".to_owned(), json!(address));
            print::json(&object);
            return Ok(());
        }
        match primary {
            Some(primary) => print::line(format_args!(
                "handed over: the primary of epoch {epoch} is {} at {}",
                print::text(primary.name.as_bytes()),
                print::text(primary.client_address.as_bytes())
            )),
            None => print::line("handed over: `understudy status` shows to whom"),
        }
        Ok(())
    }
}
