//! `understudy list`.

use std::ffi::OsString;

use clap::Args;
use serde_json::{Map, Value};
use understudy_proto::kv::v1::list_request::Target;
use understudy_proto::kv::v1::{KeyRange, KeyValue, ListOrder, ListRequest};

use super::connection::Connection;
use super::notation::Notation;
use super::{print, record};
use crate::failure::Failure;

/// Prints the keys of a range and their values, all as they stood at one revision.
///
/// JSON names that revision on each line, and alone on one if there are no keys: `watch --revision` from the
/// next one on sees everything that follows.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  understudy list
  understudy list users/
  understudy list --from a --to n --keys
  understudy list --newest --limit 10
  understudy list --revision 42 --output json users/
  understudy list --count users/
  last=$(understudy list --output json users/ | tail -1 | jq .revision)
  understudy watch users/ --revision $((last + 1))")]
pub struct List {
    /// What the keys begin with; all keys if it is left out.
    #[arg(conflicts_with_all = ["from", "to"])]
    prefix: Option<OsString>,
    /// The first key of a range.
    #[arg(long, value_name = "KEY")]
    from: Option<OsString>,
    /// The first key after the range.
    #[arg(long, value_name = "KEY")]
    to: Option<OsString>,
    /// The keys as they stood at this revision.
    #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i64).range(1..))]
    revision: Option<i64>,
    /// Last key first.
    #[arg(long, conflicts_with = "newest")]
    reverse: bool,
    /// Most recently written first.
    #[arg(long)]
    newest: bool,
    /// At most this many keys.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Without values.
    #[arg(long)]
    keys: bool,
    /// Print only how many keys there are.
    #[arg(long, conflicts_with_all = ["keys", "limit", "newest", "reverse"])]
    count: bool,
    #[command(flatten)]
    notation: Notation,
    #[command(flatten)]
    connection: Connection,
}

impl List {
    pub async fn run(self) -> Result<(), Failure> {
        let client = self.connection.client();
        let mut request = self.request()?;
        let limit = self.limit.unwrap_or(u64::MAX);
        let mut left = limit;
        loop {
            request.page_size = i32::try_from(left).unwrap_or(i32::MAX);
            let page = client.list(request.clone()).await?;
            let header = record::header(page.header.as_ref());
            if self.count {
                self.show_count(page.count, header);
                return print::written();
            }
            for kv in &page.kvs {
                self.show(kv, &header);
            }
            print::written()?;
            left = left.saturating_sub(page.kvs.len() as u64);
            if page.next_page_token.is_empty() || left == 0 {
                if left == limit && self.connection.json() {
                    // Whoever watches from here on needs it, though there are no keys.
                    print::json(&header);
                }
                return print::written();
            }
            request.page_token = page.next_page_token;
        }
    }

    fn request(&self) -> Result<ListRequest, Failure> {
        let bytes = |word| self.notation.read_if_given(word).map(Option::unwrap_or_default);
        let target = match &self.prefix {
            Some(prefix) => Target::Prefix(self.notation.read(prefix.clone())?),
            None => Target::Range(KeyRange { start: bytes(&self.from)?, end: bytes(&self.to)? }),
        };
        let order = match (self.newest, self.reverse) {
            (true, _) => ListOrder::NewestFirst,
            (_, true) => ListOrder::KeyDescending,
            _ => ListOrder::KeyAscending,
        };
        Ok(ListRequest {
            target: Some(target),
            revision: self.revision.unwrap_or(0),
            order: order.into(),
            keys_only: self.keys,
            count_only: self.count,
            ..ListRequest::default()
        })
    }

    fn show_count(&self, count: i64, mut header: Map<String, Value>) {
        if self.connection.json() {
            header.insert("count".to_owned(), count.into());
            return print::json(&header);
        }
        print::line(count)
    }

    fn show(&self, kv: &KeyValue, header: &Map<String, Value>) {
        if self.connection.json() {
            let mut object = record::json(kv, self.notation);
            object.extend(header.clone());
            if self.keys {
                object.retain(|name, _| !name.starts_with("value"));
            }
            return print::json(&object);
        }
        let text = |bytes: &[u8]| self.notation.text(bytes);
        match self.keys {
            true => print::line(text(&kv.key)),
            false => print::line(format_args!("{}\t{}", text(&kv.key), text(&kv.value))),
        }
    }
}
