//! `understudy get`.

use std::ffi::OsString;

use clap::Args;

use super::connection::Connection;
use super::notation::Notation;
use super::{print, record};
use crate::failure::Failure;

/// Prints the value of a key; exits 1 if there is no such key.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  understudy get city
  understudy get --output json city
  understudy get --revision 42 city
  understudy get --raw picture > picture.png
  understudy get --hex 00ff")]
pub struct Get {
    /// The key.
    key: OsString,
    /// The key as it stood at this revision.
    #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i64).range(1..))]
    revision: Option<i64>,
    /// Print the bytes of the value as they are, also with --hex, and no line break after them. Without it
    /// control characters and what is not UTF-8 are escaped.
    #[arg(long, conflicts_with = "output")]
    raw: bool,
    #[command(flatten)]
    notation: Notation,
    #[command(flatten)]
    connection: Connection,
}

impl Get {
    pub async fn run(self) -> Result<(), Failure> {
        let (key, notation) = (self.notation.read(self.key)?, self.notation);
        let client = self.connection.client();
        let response = match self.revision {
            Some(revision) => client.get_at(key.clone(), revision).await?,
            None => client.get(key.clone()).await?,
        };
        let mut object = record::header(response.header.as_ref());
        object.insert("found".to_owned(), response.kv.is_some().into());
        let Some(kv) = response.kv else {
            if self.connection.json() {
                notation.put(&mut object, "key", &key);
                print::json(&object);
            }
            let nothing = format!("there is no key {}", notation.quoted(&key));
            return Err(Failure::coded("KEY_NOT_FOUND", nothing));
        };
        if self.connection.json() {
            object.append(&mut record::json(&kv, notation));
            print::json(&object);
        } else if self.raw {
            print::bytes(&kv.value);
        } else {
            print::line(notation.text(&kv.value));
        }
        print::written()
    }
}
