//! `understudy del`.

use std::ffi::OsString;

use clap::Args;
use serde_json::{Value, json};
use understudy_proto::kv::v1::DeleteResponse;

use super::connection::Connection;
use super::notation::Notation;
use super::{print, record};
use crate::failure::Failure;

/// Deletes a key; deleting nothing is fine. Exits 1 if a condition was not met.
#[derive(Debug, Args)]
#[command(after_help = "Example: understudy del --if-revision 7 city")]
pub struct Del {
    /// Which key.
    key: OsString,
    /// Only if the key was last written at this revision.
    #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i64).range(1..))]
    if_revision: Option<i64>,
    /// Print the value from before.
    #[arg(long)]
    previous: bool,
    #[command(flatten)]
    notation: Notation,
    #[command(flatten)]
    connection: Connection,
}

impl Del {
    pub async fn run(self) -> Result<(), Failure> {
        let key = self.notation.read(self.key.clone())?;
        let client = self.connection.client();
        let mut delete = client.delete(key.clone());
        if let Some(revision) = self.if_revision {
            delete = delete.if_revision(revision);
        }
        if self.previous {
            delete = delete.return_previous();
        }
        let answer = delete.await;
        client.close().await;
        let answer = answer?;
        self.show(&answer);
        if answer.succeeded {
            return Ok(());
        }
        let key = self.notation.quoted(&key);
        Err(Failure::new(format!("not deleted: key {key} is not at the revision given")))
    }

    fn show(&self, answer: &DeleteResponse) {
        if self.connection.json() {
            let mut object = record::header(answer.header.as_ref());
            object.insert("succeeded".to_owned(), answer.succeeded.into());
            object.insert("deleted".to_owned(), answer.deleted.into());
            if self.previous {
                let previous = answer.previous.first().map(|kv| record::json(kv, self.notation));
                object.insert("previous".to_owned(), previous.map_or(Value::Null, |kv| json!(kv)));
            }
            return print::json(&object);
        }
        if answer.succeeded {
            print::line(if answer.deleted == 0 { "no such key" } else { "deleted" });
        }
        if let Some(previous) = answer.previous.first() {
            print::line(format_args!("before: {}", self.notation.text(&previous.value)));
        }
    }
}
