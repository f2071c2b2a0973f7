//! `understudy put`.

use std::ffi::OsString;
use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use serde_json::json;
use understudy_proto::kv::v1::PutResponse;

use super::connection::Connection;
use super::notation::Notation;
use super::{duration, print, record};
use crate::failure::Failure;

/// Writes a key; exits 1 if a condition was not met.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  understudy put city Paris
  understudy put --if-absent lock me
  understudy put --ttl 30s cache/page '<html>'
  understudy put picture - < picture.png
  understudy put --hex 00ff c3a9")]
pub struct Put {
    /// The key.
    key: OsString,
    /// What to write; `-` reads it from standard input, byte for byte also with --hex.
    #[arg(allow_negative_numbers = true)]
    value: OsString,
    /// Only if there is no such key.
    #[arg(long, conflicts_with = "if_revision")]
    if_absent: bool,
    /// Only if the key was last written at this revision; 0: if there is no such key.
    #[arg(long, value_name = "REVISION")]
    if_revision: Option<i64>,
    /// Delete the key after this time, such as 10s, unless its lease is kept alive.
    #[arg(long, value_name = "TIME", value_parser = duration::parse_ttl)]
    ttl: Option<Duration>,
    /// Attach the key to this lease: it is deleted when the lease ends.
    #[arg(long, value_name = "ID", conflicts_with = "ttl")]
    lease: Option<i64>,
    /// Leave the key attached to the lease that it has.
    #[arg(long, conflicts_with_all = ["ttl", "lease"])]
    keep_lease: bool,
    /// Print the previous value, too.
    #[arg(long)]
    previous: bool,
    #[command(flatten)]
    notation: Notation,
    #[command(flatten)]
    connection: Connection,
}

impl Put {
    pub async fn run(self) -> Result<(), Failure> {
        let key = self.notation.read(self.key.clone())?;
        let client = self.connection.client();
        let mut put = client.put(key.clone(), self.value()?);
        if self.if_absent {
            put = put.if_absent();
        }
        if let Some(revision) = self.if_revision {
            put = put.if_revision(revision);
        }
        if let Some(ttl) = self.ttl {
            put = put.ttl(ttl);
        }
        if let Some(lease) = self.lease {
            put = put.on_lease(lease);
        }
        if self.keep_lease {
            put = put.keep_lease();
        }
        if self.previous {
            put = put.return_previous();
        }
        let answer = put.await;
        client.close().await;
        let answer = answer?;
        self.show(&answer);
        if answer.succeeded {
            Ok(())
        } else {
            Err(self.unmet(&self.notation.quoted(&key), &answer))
        }
    }

    /// The value given, or all of standard input.
    fn value(&self) -> Result<Bytes, Failure> {
        if self.value != "-" {
            return self.notation.read(self.value.clone());
        }
        let mut value = Vec::new();
        std::io::stdin().lock().read_to_end(&mut value).map_err(|error| {
            Failure::new(format!("cannot read the value from standard input: {error}"))
        })?;
        Ok(value.into())
    }

    fn show(&self, answer: &PutResponse) {
        if self.connection.json() {
            let mut object = record::header(answer.header.as_ref());
            object.insert("succeeded".to_owned(), answer.succeeded.into());
            object.insert("mod_revision".to_owned(), answer.mod_revision.into());
            object.insert("version".to_owned(), answer.version.into());
            object.insert("lease_id".to_owned(), answer.lease_id.into());
            if self.previous {
                object.insert(
                    "previous".to_owned(),
                    json!(answer.previous.as_ref().map(|kv| record::json(kv, self.notation))),
                );
            }
            return print::json(&object);
        }
        if answer.succeeded {
            print::line(format_args!(
                "revision {}, version {}",
                answer.mod_revision, answer.version
            ));
        }
        match &answer.previous {
            Some(previous) => {
                print::line(format_args!("before: {}", self.notation.text(&previous.value)))
            }
            None if self.previous => print::line("before: no such key"),
            None => {}
        }
    }

    fn unmet(&self, key: &str, answer: &PutResponse) -> Failure {
        let unmet = match (answer.mod_revision, self.if_revision) {
            (0, _) => format!("not written: there is no key {key}"),
            (now, Some(_)) => format!("not written: key {key} is at revision {now}"),
            (now, None) => format!("not written: key {key} exists, at revision {now}"),
        };
        Failure::coded("CONDITION_NOT_MET", unmet)
    }
}
