//! `understudy compact`.

use clap::Args;
use serde_json::json;

use super::connection::Connection;
use super::{print, record};
use crate::failure::Failure;

/// Forgets what the store was before a revision: from then on nobody reads or watches what is older.
#[derive(Debug, Args)]
#[command(after_help = "Example: understudy compact 42")]
pub struct Compact {
    /// The oldest revision to keep.
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    revision: i64,
    #[command(flatten)]
    connection: Connection,
}

impl Compact {
    pub async fn run(self) -> Result<(), Failure> {
        let client = self.connection.client();
        client.compact(self.revision).await?;
        if self.connection.json() {
            print::json(&record::answer(&client, json!({ "oldest_revision": self.revision })));
        }
        Ok(())
    }
}
