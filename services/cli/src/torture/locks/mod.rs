//! Clients that pass a lock around while everything goes wrong.
//!
//! They write keys of their own. What becomes of those is seen by a witness and stands in the history, so
//! that its judge still knows whose each revision is.

mod account;
mod holder;
mod settle;
mod way;
mod witness;

use std::thread::JoinHandle;

use tokio::sync::watch;
use understudy_client::{Client, Options};

use super::clients::LoadConfig;
use account::Account;
pub use account::Judged;
use holder::Holder;
use witness::Witness;
pub use witness::is_of_witness;

/// Clients that want the lock.
const HOLDERS: u64 = 3;

/// Where the lock and what it guards lie.
#[derive(Clone, Debug)]
struct Keys {
    /// All of them begin with it.
    prefix: String,
    /// The lock's name.
    lock: String,
    /// Written under the lock alone.
    guarded: String,
    /// Written last of all.
    end: String,
}

/// Running clients.
pub struct Locks {
    client: Client,
    keys: Keys,
    stop: watch::Sender<bool>,
    holders: Vec<JoinHandle<Account>>,
    /// None where the history need not explain every revision.
    witness: Option<Witness>,
}

impl Locks {
    /// Starts them; `alone`: nobody else writes to the store.
    ///
    /// # Errors
    /// A sentence, when their changes cannot be watched.
    pub async fn start(load: &LoadConfig, alone: bool) -> Result<Self, String> {
        let keys = Keys::new(&load.prefix);
        let client = Client::new(&load.endpoints, Options::default());
        let witness = match alone {
            true => Some(Witness::start(&client, &keys, load.clone()).await?),
            false => None,
        };
        let (stop, stopped) = watch::channel(false);
        let holder = |number| Holder::new(load, number, keys.clone(), stopped.clone()).start();
        let holders = (0..HOLDERS).map(holder).collect::<Result<_, _>>();
        Ok(Locks { client, keys, stop, holders: holders?, witness })
    }

    /// Stops them and judges what they saw; `whole`: the pair is, so that nothing of them may be left.
    pub async fn finish(self, whole: bool) -> Judged {
        self.stop.send_replace(true);
        let holders = self.holders;
        let joined = tokio::task::spawn_blocking(move || {
            // What a client that panicked saw cannot be trusted: let it show.
            let account = |holder: JoinHandle<_>| {
                holder.join().unwrap_or_else(|e| std::panic::resume_unwind(e))
            };
            holders.into_iter().map(account).collect::<Vec<Account>>()
        });
        let accounts = joined.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
        let mut judged = account::judge(accounts);
        if !whole {
            if let Some(witness) = self.witness {
                witness.stop();
            }
            return judged;
        }
        let alone = self.witness.is_some();
        judged.broken.extend(settle::settle(&self.client, &self.keys, alone).await.err());
        match self.witness {
            Some(witness) => {
                let followed = witness.finish(&self.client, &self.keys).await;
                judged.followed = followed.is_ok();
                judged.broken.extend(followed.err());
            }
            None => settle::remove(&self.client, &self.keys).await,
        }
        self.client.close().await;
        judged
    }
}

impl Keys {
    fn new(prefix: &str) -> Self {
        let key = |name| format!("{prefix}locks/{name}");
        Keys { prefix: key(""), lock: key("line"), guarded: key("guarded"), end: key("end") }
    }
}
