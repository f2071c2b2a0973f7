//! Watches that are open while the others ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use understudy_client::{Client, Error, Watch};
use understudy_proto::kv::v1::WatchRequest;
use understudy_proto::kv::v1::watch_request::Target;

use super::worker;

/// Watches of the first key of the bench.
pub struct Watching {
    tasks: JoinSet<Result<(), Error>>,
    told: Arc<AtomicU64>,
    began: Instant,
}

/// What they have seen.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Watched {
    pub watches: usize,
    /// Changes that they were told of, all together.
    pub told: u64,
    pub told_per_second: f64,
}

impl Watching {
    /// Opens this many and waits until all have begun.
    pub async fn begin(count: u32, clients: &[Client]) -> Result<Self, Error> {
        let told = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        let (ready, mut begun) = mpsc::channel::<()>(1);
        for number in 0..count {
            let target = Some(Target::Key(worker::key(0).into()));
            let watch = clients[number as usize % clients.len()]
                .watch(WatchRequest { target, ..WatchRequest::default() });
            tasks.spawn(follow(watch, ready.clone(), told.clone()));
        }
        drop(ready);
        // It ends when everybody has let go of the sender.
        let _ = begun.recv().await;
        match tasks.try_join_next() {
            Some(Ok(Err(error))) => Err(error),
            _ => Ok(Watching { tasks, told, began: Instant::now() }),
        }
    }

    /// What they have seen so far.
    pub fn seen(&self) -> Option<Watched> {
        let (watches, told) = (self.tasks.len(), self.told.load(Ordering::Relaxed));
        let told_per_second = told as f64 / self.began.elapsed().as_secs_f64();
        (watches > 0).then_some(Watched { watches, told, told_per_second })
    }
}

async fn follow(
    mut watch: Watch,
    ready: mpsc::Sender<()>,
    told: Arc<AtomicU64>,
) -> Result<(), Error> {
    watch.begin().await?;
    drop(ready);
    loop {
        let changes = watch.next().await?;
        told.fetch_add(changes.events.len() as u64, Ordering::Relaxed);
    }
}
