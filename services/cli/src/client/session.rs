//! `understudy session`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use understudy_client::Client;
use understudy_proto::admin::v1::{ListSessionsRequest, Session as Shown};

use super::connection::Connection;
use super::{print, record};
use crate::failure::Failure;

/// Shows who has sessions open, and closes them.
///
/// A session is what makes a client's retries safe. It counts for the share of whoever opened it: one address may
/// have a number of them that `understudy quota` bounds.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  understudy session list
  understudy session list --owner 10.0.0.7 --limit 20
  understudy session close 4711")]
pub struct Session {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Prints the open sessions, the oldest first: id, owner, time left, answers held for retries.
    List {
        /// At most this many.
        #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
        limit: Option<u64>,
        /// Only those of this owner: an IP address, of IPv6 the network of 64 bits, such as 2001:db8:1:2::/64.
        #[arg(long, default_value = "", hide_default_value = true)]
        owner: String,
    },
    /// Closes a session, whoever opened it: its client is told that it has expired, and opens another one.
    Close {
        /// The session's id.
        id: u64,
    },
}

/// Sessions that are asked for at once, at most.
const PAGE: u64 = 1_000;

impl Session {
    pub async fn run(self) -> Result<(), Failure> {
        let client = self.connection.client();
        match &self.what {
            What::List { limit, owner } => {
                self.list(&client, limit.unwrap_or(u64::MAX), owner.clone()).await
            }
            What::Close { id } => {
                client.end_session(*id).await?;
                match self.connection.json() {
                    true => {
                        let closed = json!({ "session_id": id, "closed": true });
                        print::json(&record::answer(&client, closed));
                    }
                    false => print::line(format_args!("session {id} is closed")),
                }
                Ok(())
            }
        }
    }

    async fn list(&self, client: &Client, mut left: u64, owner: String) -> Result<(), Failure> {
        let (mut page_token, all) = (String::new(), left);
        loop {
            let page_size = i32::try_from(left.min(PAGE)).unwrap_or(i32::MAX);
            let request = ListSessionsRequest { owner: owner.clone(), page_size, page_token };
            let page = client.list_sessions(request).await?;
            page.sessions.iter().for_each(|session| self.print(client, session));
            print::written()?;
            left = left.saturating_sub(page.sessions.len() as u64);
            page_token = page.next_page_token;
            if page_token.is_empty() || left == 0 {
                if left == all && self.connection.json() {
                    print::json(&record::answer(client, json!({})));
                }
                return print::written();
            }
        }
    }

    fn print(&self, client: &Client, session: &Shown) {
        if self.connection.json() {
            return print::json(&record::answer(client, values(session)));
        }
        let Shown { session_id, ttl_ms, remaining_ms, held_answers, held_bytes, .. } = session;
        let owner = match session.owner.as_str() {
            "" => "-".to_owned(),
            owner => print::text(owner.as_bytes()),
        };
        print::line(format_args!(
            "{session_id}\t{owner}\t{remaining_ms} of {ttl_ms} ms left\t{held_answers} answers held, {held_bytes} bytes"
        ));
    }
}

fn values(session: &Shown) -> Value {
    json!({
        "session_id": session.session_id,
        "owner": session.owner,
        "ttl_ms": session.ttl_ms,
        "remaining_ms": session.remaining_ms,
        "held_answers": session.held_answers,
        "held_bytes": session.held_bytes,
    })
}
