//! `understudy mode`.

use clap::Args;
use serde_json::json;
use understudy_proto::admin::v1::Settings;

use super::connection::Connection;
use super::print;
use crate::failure::Failure;

/// Shows how the cluster replicates, and changes it for all replicas at once, through the log.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  understudy mode
  understudy mode --min-copies 2
  understudy mode --sync-backups 2")]
pub struct Mode {
    /// Let so many backups hold an entry before it counts, 1 to 8; further replicas are spares.
    #[arg(long, value_name = "COUNT")]
    sync_backups: Option<u32>,
    /// Accept writes while so many copies exist: 1 serves alone, 2 refuses to.
    #[arg(long, value_name = "COUNT")]
    min_copies: Option<u32>,
    #[command(flatten)]
    connection: Connection,
}

impl Mode {
    pub async fn run(self) -> Result<(), Failure> {
        let client = self.connection.client();
        let Self { sync_backups, min_copies, .. } = self;
        let settings = match sync_backups.or(min_copies) {
            None => client.settings().await?,
            Some(_) => {
                let change = Settings { sync_backups, min_copies, ..Settings::default() };
                client.update_settings(change).await?
            }
        };
        let execution = word(settings.execution_mode().as_str_name(), "EXECUTION_MODE_");
        let acknowledgement = word(settings.acknowledgement().as_str_name(), "ACKNOWLEDGEMENT_");
        let backups = word(settings.backup_execution().as_str_name(), "BACKUP_EXECUTION_");
        let sync_backups = settings.sync_backups.unwrap_or_default();
        let min_copies = settings.min_copies.unwrap_or_default();
        if self.connection.json() {
            return print::json(&json!({
                "execution": execution,
                "acknowledgement": acknowledgement,
                "backup_execution": backups,
                "sync_backups": sync_backups,
                "min_copies": min_copies,
            }));
        }
        print::line(format_args!("execution        {execution}"))?;
        print::line(format_args!("acknowledgement  {acknowledgement}"))?;
        print::line(format_args!("backups          {backups}"))?;
        print::line(format_args!("sync backups     {sync_backups}"))?;
        print::line(format_args!("min copies       {min_copies}"))
    }
}

/// A value's name as the options and the documentation spell it.
fn word(name: &str, kind: &str) -> String {
    name.trim_start_matches(kind).to_lowercase().replace('_', "-")
}
