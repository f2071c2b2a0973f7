//! `understudy txn`.

mod file;
mod show;
mod syntax;

use std::path::PathBuf;

use clap::Args;
use understudy_client::Client;
use understudy_proto::kv::v1::{Compare, TxnOperation, TxnRequest};

use self::file::{File, Words};
use super::connection::Connection;
use super::notation::Notation;
use super::print;
use crate::failure::Failure;

/// Changes several keys atomically, under conditions.
///
/// If all conditions hold, the operations of --then are executed in order, if not those of --else;
/// either way the command exits 0 and says which.
#[derive(Debug, Args)]
#[command(after_help = "Conditions (OP is =, !=, > or <):
  value KEY OP VALUE    revision KEY OP N    created KEY OP N
  version KEY OP N      lease KEY OP N       exists KEY          absent KEY
Operations:
  put KEY VALUE    get KEY    del KEY
  del-range START END [LIMIT]    list START END [LIMIT]
Words may be quoted as in a shell; an empty START or END (\"\") leaves that
end open. With --hex each KEY, VALUE, START and END is in hex digits, in a file
too.

Examples:
  understudy txn --if 'value a = 1' --then 'put a 2' --else 'get a'
  understudy txn --if 'absent a' --then 'put a 1' --then 'put b 2'
  understudy txn --file move.json
where move.json holds the same as JSON, each line as text or as a list of words:
  {\"if\": [\"exists from\"],
   \"then\": [[\"put\", \"to\", \"any 'text'\"], \"del from\"], \"else\": []}")]
pub struct Txn {
    /// A condition; may be given several times, all must hold.
    #[arg(long = "if", value_name = "CONDITION")]
    conditions: Vec<String>,
    /// An operation for the case that all conditions hold; may be given several times.
    #[arg(long = "then", value_name = "OPERATION")]
    then: Vec<String>,
    /// An operation for the case that some condition does not hold; may be given several times.
    #[arg(long = "else", value_name = "OPERATION")]
    otherwise: Vec<String>,
    /// A JSON file with conditions and operations; `-` reads standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["conditions", "then", "otherwise"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    notation: Notation,
    #[command(flatten)]
    connection: Connection,
}

impl Txn {
    pub async fn run(self) -> Result<(), Failure> {
        let lines = match &self.file {
            Some(path) => File::read(path)?,
            None => File::of_arguments(&self.conditions, &self.then, &self.otherwise),
        };
        let request = request(&lines, self.notation)?;
        let client: Client = self.connection.client();
        let answer = client.send_txn(request.clone()).await;
        client.close().await;
        let answer = answer?;
        if self.connection.json() {
            print::json(&show::json(&answer, self.notation));
        } else {
            show::text(&request, &answer, self.notation).iter().for_each(print::line);
        }
        Ok(())
    }
}

fn request(lines: &File, notation: Notation) -> Result<TxnRequest, Failure> {
    let operations = |words: &[Words]| syntax::all(words, notation, syntax::operation);
    let compares: Vec<Compare> = syntax::all(&lines.conditions, notation, syntax::condition)?;
    let then_operations: Vec<TxnOperation> = operations(&lines.then)?;
    let else_operations: Vec<TxnOperation> = operations(&lines.otherwise)?;
    if compares.is_empty() && then_operations.is_empty() && else_operations.is_empty() {
        return Err(Failure::usage(
            "the txn is empty: give --then, or --file (see `understudy txn --help`)",
        ));
    }
    Ok(TxnRequest { stamp: None, compares, then_operations, else_operations })
}
