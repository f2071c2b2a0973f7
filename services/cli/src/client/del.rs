//! `understudy del`.

use std::ffi::OsString;

use bytes::Bytes;
use clap::{ArgGroup, Args};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use understudy_client::Client;
use understudy_machine::KeyRange as Keys;
use understudy_proto::kv::v1::{DeleteResponse, KeyRange};

use super::connection::Connection;
use super::notation::Notation;
use super::record;
use crate::failure::Failure;
use crate::print;

/// Keys that one request deletes, at most: what a range may hold by default.
const BATCH: u64 = 10_000;

/// Deletes a key, or the keys of a range; deleting nothing is fine. Exits 1 if a condition was not met.
///
/// Up to 10,000 keys are deleted at once, all or none. More are deleted in batches of 10,000: whoever reads
/// meanwhile sees some of them gone, and what is written into the range meanwhile may be deleted as well.
#[derive(Debug, Args)]
#[command(
    override_usage = "understudy del [OPTIONS] <KEY>
       understudy del [OPTIONS] --prefix <PREFIX>
       understudy del [OPTIONS] [--from <KEY>] [--to <KEY>]
       understudy del [OPTIONS] --all",
    group = ArgGroup::new("what").required(true).multiple(true).args(["key", "prefix", "from", "to", "all"]),
    after_help = "Examples:
  understudy del --if-revision 7 city
  understudy del --prefix users/
  understudy del --from a --to n --limit 100"
)]
pub struct Del {
    /// The key.
    #[arg(conflicts_with_all = ["prefix", "from", "to", "all", "limit"])]
    key: Option<OsString>,
    /// All keys that begin with this.
    #[arg(long, conflicts_with_all = ["from", "to", "all"])]
    prefix: Option<OsString>,
    /// The first key of the range.
    #[arg(long, value_name = "KEY")]
    from: Option<OsString>,
    /// The first key after the range.
    #[arg(long, value_name = "KEY")]
    to: Option<OsString>,
    /// All keys.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    all: bool,
    /// At most this many keys, from the start of the range.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Only if the key was last written at this revision.
    #[arg(
        long,
        value_name = "REVISION",
        requires = "key",
        value_parser = clap::value_parser!(i64).range(1..)
    )]
    if_revision: Option<i64>,
    /// Print the previous value, too.
    #[arg(long, requires = "key")]
    previous: bool,
    #[command(flatten)]
    notation: Notation,
    #[command(flatten)]
    connection: Connection,
}

impl Del {
    pub async fn run(self) -> Result<(), Failure> {
        let client = self.connection.client();
        let done = match &self.key {
            Some(key) => self.one(&client, self.notation.read(key.clone())?).await,
            None => self.many(&client, self.range()?).await,
        };
        client.close().await;
        done
    }

    async fn one(&self, client: &Client, key: Bytes) -> Result<(), Failure> {
        let mut delete = client.delete(key.clone());
        if let Some(revision) = self.if_revision {
            delete = delete.if_revision(revision);
        }
        if self.previous {
            delete = delete.return_previous();
        }
        let answer = delete.await?;
        self.show(&answer);
        if answer.succeeded {
            return Ok(());
        }
        let key = self.notation.quoted(&key);
        let unmet = format!("not deleted: key {key} is not at the revision given");
        Err(Failure::coded("CONDITION_NOT_MET", unmet))
    }

    /// Deletes the keys of a range, batch by batch.
    async fn many(&self, client: &Client, range: KeyRange) -> Result<(), Failure> {
        let progress = ProgressBar::new_spinner();
        let mut left = self.limit.unwrap_or(u64::MAX);
        let mut deleted = 0;
        let header = loop {
            let answer = client.delete_range(range.clone()).limit(left.min(BATCH)).await;
            let answer = answer.map_err(|error| match deleted {
                0 => Failure::from(error),
                _ => Failure::from(error).after(format_args!("{deleted} keys are deleted")),
            })?;
            let count = answer.deleted.unsigned_abs();
            deleted += count;
            left = left.saturating_sub(count);
            progress.set_message(format!("{} keys deleted", print::grouped(deleted)));
            progress.tick();
            if !answer.more || left == 0 || count == 0 {
                break answer.header;
            }
        };
        progress.finish_and_clear();
        match self.connection.json() {
            true => {
                let mut object = record::header(header.as_ref());
                object.insert("succeeded".to_owned(), true.into());
                object.insert("deleted".to_owned(), deleted.into());
                print::json(&object);
            }
            false if deleted == 1 => print::line("1 key deleted"),
            false => print::line(format_args!("{deleted} keys deleted")),
        }
        Ok(())
    }

    fn range(&self) -> Result<KeyRange, Failure> {
        let bytes = |word| self.notation.read_if_given(word).map(Option::unwrap_or_default);
        let Some(prefix) = &self.prefix else {
            let (start, end) = (bytes(&self.from)?, bytes(&self.to)?);
            // An end that is left out is none; one that is empty is a mistake, most likely of a script.
            if self.to.is_some() && end.is_empty() || self.from.is_some() && start.is_empty() {
                return Err(Failure::usage("an empty --from or --to: leave it out, or say --all"));
            }
            return Ok(KeyRange { start, end });
        };
        let prefix = self.notation.read(prefix.clone())?;
        if prefix.is_empty() {
            return Err(Failure::usage("an empty --prefix: say --all to delete every key"));
        }
        Ok(match Keys::prefix(prefix) {
            Keys::Between(range) => KeyRange { start: range.start, end: range.end },
            Keys::From(start) | Keys::Key(start) => KeyRange { start, end: Bytes::new() },
        })
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
