//! `understudy watch`.

use std::ffi::OsString;

use clap::Args;
use serde_json::{Map, Value};
use understudy_proto::kv::v1::watch_request::{From, Target};
use understudy_proto::kv::v1::{Event, EventType, KeyRange, WatchRequest};

use super::connection::Connection;
use super::notation::Notation;
use super::standing::Standing;
use super::{print, record};
use crate::failure::Failure;

/// Prints changes as they happen, each once and in order, over any failover. Ends with Ctrl-C, or when
/// nobody reads what it prints.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  understudy watch users/
  understudy watch --key city
  understudy watch --from a --to n --previous
  understudy watch --revision 42 --count 1 --key city
  understudy watch --output json")]
pub struct Watch {
    /// What the keys begin with; all keys if it is left out.
    #[arg(conflicts_with_all = ["key", "long_prefix", "from", "to"])]
    prefix: Option<OsString>,
    /// This key alone.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    key: Option<OsString>,
    /// The same as PREFIX alone.
    #[arg(long = "prefix", value_name = "PREFIX", conflicts_with_all = ["key", "from", "to"])]
    long_prefix: Option<OsString>,
    /// The first key of a range.
    #[arg(long, value_name = "KEY")]
    from: Option<OsString>,
    /// The first key after the range.
    #[arg(long, value_name = "KEY")]
    to: Option<OsString>,
    /// Begin with the changes of this revision instead of those to come.
    #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i64).range(1..))]
    revision: Option<i64>,
    /// Print the previous value, too.
    #[arg(long)]
    previous: bool,
    /// End after this many changes.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    #[command(flatten)]
    notation: Notation,
    #[command(flatten)]
    connection: Connection,
}

impl Watch {
    pub async fn run(self) -> Result<(), Failure> {
        let watch = self.connection.client().watch(self.request()?);
        let mut standing = Standing::new(watch, &self.connection);
        let mut left = self.count.unwrap_or(u64::MAX);
        loop {
            for event in standing.next().await?.events {
                self.show(&event);
                print::written()?;
                left -= 1;
                if left == 0 {
                    return Ok(());
                }
            }
        }
    }

    fn request(&self) -> Result<WatchRequest, Failure> {
        let bytes = |word| self.notation.read_if_given(word);
        let prefix = self.prefix.clone().or_else(|| self.long_prefix.clone());
        let target = match (bytes(&self.key)?, bytes(&prefix)?) {
            (Some(key), _) => Target::Key(key),
            (_, Some(prefix)) => Target::Prefix(prefix),
            _ => Target::Range(KeyRange {
                start: bytes(&self.from)?.unwrap_or_default(),
                end: bytes(&self.to)?.unwrap_or_default(),
            }),
        };
        Ok(WatchRequest {
            target: Some(target),
            from: self.revision.map(From::StartRevision),
            return_previous: self.previous,
            ..WatchRequest::default()
        })
    }

    /// One line for each change: revision, what happened, key, value; with `--previous` what was there.
    fn show(&self, event: &Event) {
        if self.connection.json() {
            return print::json(&json(event, self.notation));
        }
        let text = |bytes: &[u8]| self.notation.text(bytes);
        let kv = event.kv.clone().unwrap_or_default();
        let (revision, key) = (kv.mod_revision, text(&kv.key));
        let mut line = match event.r#type() {
            EventType::Delete => format!("{revision}\tdel\t{key}"),
            _ => format!("{revision}\tput\t{key}\t{}", text(&kv.value)),
        };
        if let Some(previous) = &event.previous {
            line += &format!("\twas\t{}", text(&previous.value));
        }
        print::line(line)
    }
}

fn json(event: &Event, notation: Notation) -> Map<String, Value> {
    let kind = if event.r#type() == EventType::Delete { "del" } else { "put" };
    let kv = event.kv.as_ref();
    let mut object = Map::from_iter([("type".to_owned(), kind.into())]);
    let revision = kv.map_or(0, |kv| kv.mod_revision);
    object.insert("revision".to_owned(), revision.into());
    match (event.r#type(), kv) {
        (EventType::Delete, Some(kv)) => {
            notation.put(&mut object, "key", &kv.key);
            object.insert("mod_revision".into(), kv.mod_revision.into());
        }
        (_, Some(kv)) => object.append(&mut record::json(kv, notation)),
        _ => {}
    }
    if let Some(previous) = &event.previous {
        object.insert("previous".into(), record::json(previous, notation).into());
    }
    object
}
