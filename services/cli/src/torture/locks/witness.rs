//! Sees every change of the lock's keys, those that nobody asked for included, and puts it into the
//! history.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use understudy_client::proto::kv::v1::watch_request::Target;
use understudy_client::proto::kv::v1::{Event, EventType, WatchRequest};
use understudy_client::{Client, Error, Watch};
use understudy_history::{Action, Answer, Operation, Outcome, Reply, Step};

use super::Keys;
use crate::torture::clients::LoadConfig;

/// What it calls itself: after all others.
const NUMBER: u64 = 2_000_000;
/// How long it may take to see the last change.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether an operation is a change that was seen, and not one that was asked for.
pub fn is_of_witness(operation: &Operation) -> bool {
    operation.client == NUMBER
}

/// A running watch.
pub struct Witness {
    /// The last revision that it must see.
    last: watch::Sender<i64>,
    seen: JoinHandle<Result<(), Error>>,
}

impl Witness {
    /// Sees everything from here on.
    ///
    /// # Errors
    /// A sentence.
    pub async fn start(client: &Client, keys: &Keys, load: LoadConfig) -> Result<Self, String> {
        let target = Some(Target::Prefix(keys.prefix.clone().into()));
        let mut watch = client.watch(WatchRequest { target, ..WatchRequest::default() });
        watch.begin().await.map_err(|error| error.to_string())?;
        let (last, until) = watch::channel(i64::MAX);
        Ok(Witness { last, seen: tokio::spawn(see(watch, load, until)) })
    }

    /// Ends when it has seen everything.
    ///
    /// # Errors
    /// A sentence, when it cannot have.
    pub async fn finish(mut self, client: &Client, keys: &Keys) -> Result<(), String> {
        let missed = |why: String| format!("changes of the lock's keys were not all seen: {why}");
        let end = client.put(keys.end.clone(), "the end of the locks").await;
        let seen = match end {
            Ok(end) => {
                self.last.send_replace(end.mod_revision);
                tokio::time::timeout(PATIENCE, &mut self.seen).await
            }
            Err(error) => {
                self.stop();
                return Err(missed(error.to_string()));
            }
        };
        match seen {
            Ok(Ok(seen)) => seen.map_err(|error| missed(error.to_string())),
            Ok(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
            Err(_) => {
                self.stop();
                Err(missed(format!("the last one did not come within {PATIENCE:?}")))
            }
        }
    }

    /// Ends where not everything can be seen.
    pub fn stop(self) {
        self.seen.abort();
    }
}

/// Records until the last revision is seen.
async fn see(
    mut watch: Watch,
    load: LoadConfig,
    mut last: watch::Receiver<i64>,
) -> Result<(), Error> {
    while watch.revision() < *last.borrow() {
        let changes = tokio::select! {
            changes = watch.next() => changes,
            // The answer of the last write may come after the sight of it.
            changed = last.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return Ok(()),
            },
        };
        let changes = match changes {
            Ok(changes) => changes,
            Err(Error::Unavailable { .. }) => continue,
            Err(error) => return Err(error),
        };
        let now = load.clock.elapsed().as_nanos() as u64;
        let revisions = changes.events.chunk_by(|a, b| revision(a) == revision(b));
        load.record(revisions.map(|events| operation(events, now)).collect()).await;
    }
    Ok(())
}

/// The changes of one revision as an operation. When it was executed is not known, only that it was by
/// now.
fn operation(events: &[Event], now: u64) -> Operation {
    let (then, replies) = events.iter().map(step).unzip();
    let revision = events.first().map_or(0, revision);
    let reply = Reply::Txn { succeeded: true, replies };
    Operation {
        client: NUMBER,
        id: revision,
        action: Action::Txn { compares: Vec::new(), then, otherwise: Vec::new() },
        begin: 0,
        end: now,
        outcome: Outcome::Ok(Answer { revision, reply }),
    }
}

fn step(event: &Event) -> (Step, Reply) {
    let kv = event.kv.clone().unwrap_or_default();
    let key = String::from_utf8_lossy(&kv.key).into_owned();
    if event.r#type() == EventType::Delete {
        return (Step::Delete { key }, Reply::Delete { deleted: true });
    }
    let value = String::from_utf8_lossy(&kv.value).into_owned();
    let version = Some(kv.version.cast_unsigned());
    (Step::Put { key, value }, Reply::Put { version, previous: None })
}

fn revision(event: &Event) -> u64 {
    event.kv.as_ref().map_or(0, |kv| kv.mod_revision.cast_unsigned())
}
