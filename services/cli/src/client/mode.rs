//! `understudy mode`.

use clap::{Args, ValueEnum};
use serde_json::json;
use understudy_proto::admin::v1::{self as admin, BackupExecution, ExecutionMode, Settings};

use super::connection::Connection;
use super::{print, record};
use crate::failure::Failure;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Execution {
    Sync,
    Async,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Acknowledgement {
    Durable,
    Received,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Backups {
    Hot,
    Deferred,
}

/// Shows how the cluster replicates, and changes it for all replicas at once, through the log.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  understudy mode
  understudy mode --min-copies 2
  understudy mode --sync-backups 2
  understudy mode --execution async --max-tail-ms 200")]
pub struct Mode {
    /// How many backups must hold an entry before it counts, 1 to 8; further replicas are spares.
    #[arg(long, value_name = "COUNT")]
    sync_backups: Option<u32>,
    /// How many copies must exist for a write: 1, or 2, and then a replica alone refuses writes.
    #[arg(long, value_name = "COUNT")]
    min_copies: Option<u32>,
    /// Answer once an entry is committed (sync), or before, which can lose the last writes (async).
    #[arg(long, value_name = "MODE")]
    execution: Option<Execution>,
    /// Count a backup's copy when it is on its disk (durable) or in its memory (received).
    #[arg(long, value_name = "WHEN")]
    acknowledgement: Option<Acknowledgement>,
    /// When backups execute: as entries are committed (hot), or only when promoted (deferred).
    #[arg(long, value_name = "HOW")]
    backups: Option<Backups>,
    /// Bytes of uncommitted entries that async answers for, 1 to 16777216.
    #[arg(long, value_name = "BYTES")]
    max_tail_bytes: Option<u64>,
    /// Age of the oldest of them, 1 to 60000.
    #[arg(long, value_name = "MS")]
    max_tail_ms: Option<u64>,
    #[command(flatten)]
    connection: Connection,
}

impl Mode {
    pub async fn run(self) -> Result<(), Failure> {
        let client = self.connection.client();
        let change = self.change();
        let changes = change != Settings::default();
        let settings = match changes {
            true => client.update_settings(change).await?,
            false => client.settings().await?,
        };
        let execution = word(settings.execution_mode().as_str_name(), "EXECUTION_MODE_");
        let acknowledgement = word(settings.acknowledgement().as_str_name(), "ACKNOWLEDGEMENT_");
        let backups = word(settings.backup_execution().as_str_name(), "BACKUP_EXECUTION_");
        let sync_backups = settings.sync_backups.unwrap_or_default();
        let min_copies = settings.min_copies.unwrap_or_default();
        let bytes = settings.max_tail_bytes.unwrap_or_default();
        let ms = settings.max_tail_ms.unwrap_or_default();
        if self.connection.json() {
            let settings = json!({
                "execution": execution,
                "acknowledgement": acknowledgement,
                "backup_execution": backups,
                "sync_backups": sync_backups,
                "min_copies": min_copies,
                "max_tail_bytes": bytes,
                "max_tail_ms": ms,
            });
            print::json(&record::answer(&client, settings));
        } else {
            print::line(format_args!("execution        {execution}"));
            print::line(format_args!("acknowledgement  {acknowledgement}"));
            print::line(format_args!("backups          {backups}"));
            print::line(format_args!("sync backups     {sync_backups}"));
            print::line(format_args!("min copies       {min_copies}"));
            if settings.execution_mode() == ExecutionMode::Async {
                print::line(format_args!("max tail         {bytes} bytes, {ms} ms"));
            }
        }
        // A change is done, printed or not.
        if changes { Ok(()) } else { print::written() }
    }

    /// What is to change: the rest is left out.
    fn change(&self) -> Settings {
        let execution = self.execution.map(|mode| match mode {
            Execution::Sync => ExecutionMode::Sync,
            Execution::Async => ExecutionMode::Async,
        });
        let acknowledgement = self.acknowledgement.map(|when| match when {
            Acknowledgement::Durable => admin::Acknowledgement::Durable,
            Acknowledgement::Received => admin::Acknowledgement::Received,
        });
        let backups = self.backups.map(|how| match how {
            Backups::Hot => BackupExecution::Hot,
            Backups::Deferred => BackupExecution::Deferred,
        });
        Settings {
            execution_mode: execution.unwrap_or_default().into(),
            acknowledgement: acknowledgement.unwrap_or_default().into(),
            backup_execution: backups.unwrap_or_default().into(),
            sync_backups: self.sync_backups,
            min_copies: self.min_copies,
            max_tail_bytes: self.max_tail_bytes,
            max_tail_ms: self.max_tail_ms,
        }
    }
}

/// A value's name as the options and the documentation spell it.
fn word(name: &str, kind: &str) -> String {
    name.trim_start_matches(kind).to_lowercase().replace('_', "-")
}
