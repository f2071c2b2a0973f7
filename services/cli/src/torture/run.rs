//! One torture from beginning to end.

use std::path::PathBuf;
use std::time::Instant;

use tempfile::TempDir;
use tokio::sync::mpsc;
use understudy_client::Endpoints;

use super::Torture;
use super::chronicle::Chronicle;
use super::clients::{Clients, Order};
use super::ground::Ground;
use super::journal::Journal;
use super::plan::Round;
use super::report::{Facts, Report};
use super::stage::Stage;
use crate::check::judge;
use crate::failure::Failure;
use crate::load::{Mix, Shape};
use crate::pair::Logbook;

/// Pairs of keys of a round.
const KEY_PAIRS: u64 = 16;
const VALUE_BYTES: usize = 64;

/// Runs the plan and judges what the clients saw.
pub async fn run(torture: &Torture, seed: u64, plan: &[Round]) -> Result<Report, Failure> {
    let dir =
        tempfile::Builder::new().prefix("understudy-torture-").tempdir().map_err(Failure::new)?;
    let history = history(torture, &dir);
    let ground = Ground::lay(torture, &dir)?;
    let endpoints: Endpoints = ground.endpoints().parse().map_err(Failure::new)?;
    let (tell, happenings) = mpsc::channel(1024);
    let chronicle = Chronicle::default();
    let witness = chronicle.clone();
    let witness = move |happening: &_| witness.witness(happening);
    let logbook = Logbook::start(happenings, torture.log.as_deref(), witness)?;
    let world = ground.build(tell).await?;
    let stage = Stage::new(world, chronicle, Journal::start(&history)?, plan);
    let played = play(torture, seed, &stage, plan, endpoints).await;
    let facts = stage.close(&history).await;
    let last = logbook.close().await;
    let (whole, seconds) = played.map_err(|failure| {
        // What the replicas said last tells why.
        Failure::new(format!("{failure}; last log lines: {}", last.join(" / ")))
    })?;
    let (counts, pages) = facts?;
    // Not on the runtime's thread: it takes a while.
    let judged = tokio::task::spawn_blocking(move || judge(&history));
    let verdict = judged.await.map_err(Failure::new)??;
    let facts = Facts { seed, clients: torture.clients, seconds, whole, counts, pages };
    Ok(Report::new(facts, verdict))
}

/// Load and faults. Gives why the pair was not whole, if it was not, and how long it took, seconds.
async fn play(
    torture: &Torture,
    seed: u64,
    stage: &Stage,
    plan: &[Round],
    endpoints: Endpoints,
) -> Result<(Option<String>, f64), Failure> {
    stage.whole().await.map_err(Failure::new)?;
    let shape = Shape {
        mix: Mix::VARIED,
        clients: torture.clients,
        keys: 2 * KEY_PAIRS,
        value_bytes: VALUE_BYTES,
    };
    let clock = Instant::now();
    let mut clients = Clients::start(Order {
        endpoints,
        shape,
        rate: torture.rate,
        seed,
        // Another run on the same replicas must not find its keys.
        prefix: format!("torture/{:08x}/", fastrand::u32(..)),
        clock,
        journal: stage.journal.sender(),
    });
    let mut broken = None;
    for round in plan {
        broken = stage.round(round, clock).await.err();
        if broken.is_some() || stage.interrupted() {
            break;
        }
        clients.turn();
    }
    let seconds = clock.elapsed().as_secs_f64();
    stage.say("reading everything back");
    clients.finish(broken.is_none()).await;
    Ok((broken, seconds))
}

fn history(torture: &Torture, dir: &TempDir) -> PathBuf {
    torture.history.clone().unwrap_or_else(|| dir.path().join("history.jsonl"))
}
