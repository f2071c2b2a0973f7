//! `understudy lease`.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use understudy_client::Client;
use understudy_machine::LEASE_BATCH;
use understudy_proto::kv::v1::{GetLeaseRequest, Lease as Shown, ListLeasesRequest};

use super::connection::Connection;
use super::notation::Notation;
use super::{duration, print, record};
use crate::failure::Failure;

/// Grants, keeps alive and ends leases: keys attached to one (put --lease) are deleted when it ends.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  understudy lease grant 10s
  understudy put --lease 7 worker/3 ready
  understudy lease keep 7
  understudy lease show 7
  understudy lease revoke 7")]
pub struct Lease {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    notation: Notation,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Grants a lease and prints its id.
    Grant {
        /// Its time to live unless it is kept alive, such as 500ms, 10s or 2h.
        #[arg(value_parser = duration::parse_ttl)]
        ttl: Duration,
        /// Its id; default: the store chooses one.
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        id: i64,
    },
    /// Keeps a lease alive until Ctrl-C.
    Keep {
        /// The lease's id.
        id: i64,
        /// Only once.
        #[arg(long)]
        once: bool,
    },
    /// Ends a lease and deletes the keys attached to it.
    Revoke {
        /// The lease's id.
        id: i64,
    },
    /// Prints the time that a lease has left, and its keys.
    Show {
        /// The lease's id.
        id: i64,
    },
    /// Prints all leases.
    List,
}

/// How many keys of a lease go at once, at most.
const BATCH: i64 = LEASE_BATCH as i64;

/// What becomes of the keys of a lease that was revoked.
fn revoked(keys: i64) -> String {
    match keys {
        0..=BATCH => format!("{keys} keys deleted"),
        _ => format!("{BATCH} of {keys} keys deleted, the others follow in batches of {BATCH}"),
    }
}

impl Lease {
    pub async fn run(self) -> Result<(), Failure> {
        let client = self.connection.client();
        let done = self.done(&client).await;
        client.close().await;
        done
    }

    async fn done(&self, client: &Client) -> Result<(), Failure> {
        match self.what {
            What::Grant { ttl, id } => {
                let lease = client.grant_lease(ttl, id).await?;
                match self.connection.json() {
                    true => print::json(&record::answer(client, values(&lease))),
                    false => print::line(lease.lease_id),
                }
                Ok(())
            }
            What::Keep { id, once } => self.keep(client, id, once).await,
            What::Revoke { id } => {
                let keys = client.revoke_lease(id).await?;
                match self.connection.json() {
                    true => {
                        let keys = json!({
                            "lease_id": id, "keys": keys, "deleted": keys.min(BATCH),
                        });
                        print::json(&record::answer(client, keys));
                    }
                    false => print::line(revoked(keys)),
                }
                Ok(())
            }
            What::Show { id } => self.show(client, id).await,
            What::List => self.list(client).await,
        }
    }

    async fn keep(&self, client: &Client, id: i64, once: bool) -> Result<(), Failure> {
        loop {
            let lease = client.keep_lease_alive(id).await?;
            self.print(client, &lease);
            if once {
                return Ok(());
            }
            let pause = Duration::from_millis(lease.ttl_ms.unsigned_abs()) / 3;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                interrupted = tokio::signal::ctrl_c() => {
                    return interrupted.map_err(Failure::new);
                }
            }
        }
    }

    async fn show(&self, client: &Client, id: i64) -> Result<(), Failure> {
        let mut request =
            GetLeaseRequest { lease_id: id, return_keys: true, ..GetLeaseRequest::default() };
        let mut page = client.get_lease(request.clone()).await?;
        let lease = page.lease.take().unwrap_or_default();
        let mut keys = page.keys;
        while !page.next_page_token.is_empty() {
            request.page_token = page.next_page_token;
            page = client.get_lease(request.clone()).await?;
            keys.append(&mut page.keys);
        }
        if self.connection.json() {
            let mut object = values(&lease);
            let shown: Vec<Value> = keys
                .iter()
                .map(|key| {
                    let mut object = serde_json::Map::new();
                    self.notation.put(&mut object, "key", key);
                    object.into()
                })
                .collect();
            object["keys"] = shown.into();
            print::json(&record::answer(client, object));
        } else {
            self.print(client, &lease);
            let text = |key| format!("  {}", self.notation.text(key));
            keys.iter().for_each(|key| print::line(text(key)));
        }
        print::written()
    }

    async fn list(&self, client: &Client) -> Result<(), Failure> {
        let mut request = ListLeasesRequest::default();
        let mut any = false;
        loop {
            let page = client.list_leases(request).await?;
            page.leases.iter().for_each(|lease| self.print(client, lease));
            print::written()?;
            any |= !page.leases.is_empty();
            if page.next_page_token.is_empty() {
                if !any && self.connection.json() {
                    print::json(&record::answer(client, json!({})));
                }
                return print::written();
            }
            request = ListLeasesRequest { page_token: page.next_page_token, page_size: 0 };
        }
    }

    fn print(&self, client: &Client, lease: &Shown) {
        if self.connection.json() {
            return print::json(&record::answer(client, values(lease)));
        }
        let Shown { lease_id, ttl_ms, remaining_ms } = lease;
        print::line(format_args!("{lease_id}\t{remaining_ms} of {ttl_ms} ms left"))
    }
}

fn values(lease: &Shown) -> Value {
    let Shown { lease_id, ttl_ms, remaining_ms } = lease;
    json!({ "lease_id": lease_id, "ttl_ms": ttl_ms, "remaining_ms": remaining_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_keys_that_are_gone_are_called_deleted() {
        assert_eq!(revoked(0), "0 keys deleted");
        assert_eq!(revoked(1024), "1024 keys deleted");
        let many = "1024 of 30000 keys deleted, the others follow in batches of 1024";
        assert_eq!(revoked(30_000), many);
    }
}
