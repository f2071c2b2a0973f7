//! A reader that asks one replica only, whatever it says, and never waits for an answer before it
//! asks again.
//!
//! Other clients leave a replica that is silent. A primary that was paused for long and does not
//! know that another one acts would hardly be asked anything, and its old answers not be seen.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tonic::transport::{Channel, Endpoint};
use understudy_client::proto::kv::v1::GetRequest;
use understudy_client::proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_history::{Action, Answer, Found, Operation, Outcome, Reply};

use super::clients::LoadConfig;
use understudy_load::keys;

/// What these readers call themselves: after all others.
const FIRST: u64 = 1_000_000;
/// Pause between two questions.
const BEAT: Duration = Duration::from_millis(40);
/// How long an answer is waited for: longer than a replica is paused.
const PATIENCE: Duration = Duration::from_secs(7);
/// Questions without an answer at most.
const WAITING: usize = 200;

/// A reader of one replica.
pub struct PinnedReader {
    load: LoadConfig,
    number: u64,
    client: Option<KeyValueServiceClient<Channel>>,
}

impl PinnedReader {
    /// The reader of the replica at this address, `host:port`.
    pub fn new(load: &LoadConfig, number: u64, address: &str) -> Self {
        // Connections are made, and made again, when they are needed.
        let channel = Endpoint::from_shared(format!("http://{address}"));
        let client = channel.ok().map(|it| KeyValueServiceClient::new(it.connect_lazy()));
        PinnedReader { load: load.clone(), number: FIRST + number, client }
    }

    /// Reads keys of the round until it is dropped.
    pub async fn read(self, round: watch::Receiver<u64>) {
        let Some(client) = self.client else { return };
        let mut random = fastrand::Rng::with_seed(self.load.seed ^ self.number);
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut waiting = JoinSet::new();
        let mut id = 0;
        loop {
            beat.tick().await;
            while waiting.try_join_next().is_some() {}
            if waiting.len() >= WAITING {
                continue;
            }
            let prefix = self.load.round_prefix(*round.borrow());
            let number = random.usize(0..self.load.shape.keys as usize);
            let Some(key) = keys(&prefix, &self.load.shape).nth(number) else { return };
            waiting.spawn(one(self.load.clone(), client.clone(), self.number, id, key));
            id += 1;
        }
    }
}

/// Asks once, and records it if there was an answer: a read that failed says nothing.
async fn one(
    load: LoadConfig,
    mut client: KeyValueServiceClient<Channel>,
    number: u64,
    id: u64,
    key: String,
) {
    let now = |clock: Instant| clock.elapsed().as_nanos() as u64;
    let request = GetRequest { key: key.clone().into(), ..GetRequest::default() };
    let begin = now(load.clock);
    let answered = tokio::time::timeout(PATIENCE, client.get(request)).await;
    let end = now(load.clock);
    let Ok(Ok(response)) = answered else { return };
    let response = response.into_inner();
    let revision = response.header.map_or(0, |header| header.revision.cast_unsigned());
    let found = response.kv.map(|kv| Found {
        value: String::from_utf8_lossy(&kv.value).into_owned(),
        revision: kv.mod_revision.cast_unsigned(),
        version: kv.version.cast_unsigned(),
    });
    let outcome = Outcome::Ok(Answer { revision, reply: Reply::Get { found } });
    let action = Action::Get { key };
    load.record(vec![Operation { client: number, id, action, begin, end, outcome }]).await;
}
