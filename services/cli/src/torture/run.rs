//! One torture from beginning to end.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::mpsc;
use understudy_client::{Endpoints, Options};
use understudy_history::{Action, Beginning, Outcome};

use super::Torture;
use super::chronicle::Chronicle;
use super::clients::{Clients, Order};
use super::ground::Ground;
use super::journal::Journal;
use super::locks::{Judged, Locks};
use super::plan::Round;
use super::report::{Facts, Report};
use super::stage::Stage;
use super::subject::{Subject, Yours};
use crate::check::judge;
use crate::failure::Failure;
use crate::pair::{Happening, Logbook};
use understudy_load::{Mix, Shape};

/// Pairs of keys of a round.
const KEY_PAIRS: u64 = 16;
const VALUE_BYTES: usize = 64;
/// How long a rest between two rounds may take.
const REST: Duration = Duration::from_secs(120);
/// What the client calls itself that reads where the history begins.
const FIRST: u64 = 3_000_000;

/// Runs the plan and judges what the clients saw.
pub async fn run(torture: &Torture, seed: u64, plan: &[Round]) -> Result<Report, Failure> {
    let dir =
        tempfile::Builder::new().prefix("understudy-torture-").tempdir().map_err(Failure::new)?;
    let history = history(torture, &dir);
    let chronicle = Chronicle::default();
    // Another run on the same replicas must not find its keys.
    let prefix = format!("torture/{:08x}/", fastrand::u32(..));
    let (tell, happenings) = mpsc::channel(1024);
    let witness = chronicle.clone();
    let witness = move |happening: &_| witness.witness(happening);
    let logbook = Logbook::start(happenings, torture.log.as_deref(), witness)?;
    let (subject, endpoints) = subject(torture, dir.path(), &prefix, tell).await?;
    let stage = Stage::new(subject, chronicle, Journal::start(&history)?, plan);
    let order = Order {
        endpoints,
        shape: Shape {
            mix: Mix::VARIED,
            clients: torture.clients,
            keys: 2 * KEY_PAIRS,
            value_bytes: VALUE_BYTES,
        },
        rate: torture.rate,
        seed,
        prefix,
        clock: Instant::now(),
        journal: stage.journal.sender(),
    };
    let stay = torture.endpoints.is_none();
    let played = play(order, &stage, plan, torture.minutes, stay).await;
    let closed = stage.close(&history).await;
    let last = logbook.close().await;
    let Played { whole, seconds, locks, interrupted } = played.map_err(|why| {
        // What the replicas said last tells why.
        Failure::new(format!("{why}; last log lines: {}", last.join(" / ")))
    })?;
    let (counts, pages) = closed?;
    // Not on the runtime's thread: it takes a while.
    let judged = tokio::task::spawn_blocking(move || judge(&history, false));
    let verdict = judged.await.map_err(Failure::new)??;
    let clients = torture.clients;
    let facts = Facts { seed, clients, seconds, interrupted, whole, counts, pages, locks };
    let mut report = Report::new(facts, verdict);
    if !report.ok {
        // Whoever looks into it needs them.
        report.kept = Some(dir.keep());
    }
    Ok(report)
}

/// What is tortured, and where clients find it.
async fn subject(
    torture: &Torture,
    dir: &Path,
    prefix: &str,
    tell: mpsc::Sender<Happening>,
) -> Result<(Subject, Endpoints), Failure> {
    if let Some(endpoints) = &torture.endpoints {
        let yours = Yours::new(endpoints, &torture.commands, prefix);
        return Ok((Subject::Yours(yours), endpoints.clone()));
    }
    let ground = Ground::lay(torture, dir)?;
    let endpoints = ground.endpoints().parse().map_err(Failure::new)?;
    Ok((Subject::Own(Box::new(ground.build(tell).await?)), endpoints))
}

/// How it went.
struct Played {
    /// Why the pair was not whole, if it was not.
    whole: Option<String>,
    /// How long it took.
    seconds: f64,
    /// What became of the locks.
    locks: Judged,
    /// Whether somebody ended it early.
    interrupted: bool,
}

/// Load and faults; `stay`: the keys may, in a store that is ours alone.
///
/// # Errors
/// A sentence, when there was no pair to begin with.
async fn play(
    mut order: Order,
    stage: &Stage,
    plan: &[Round],
    length: Duration,
    stay: bool,
) -> Result<Played, String> {
    stage.whole().await?;
    order.clock = Instant::now();
    let clock = order.clock;
    // Commands may take any time; our own faults take what was planned, and the rests between come on top.
    let end = clock + if stay { length + REST * plan.len() as u32 } else { length };
    let others = !stay;
    let begins = begin(&order, stage, others).await?;
    let locks = Locks::start(&order, stay).await?;
    let mut clients = Clients::start(order);
    let mut broken = None;
    for round in plan {
        broken = stage.round(round, clock, end).await.err();
        if broken.is_some() || stage.interrupted() || Instant::now() >= end {
            break;
        }
        clients.turn();
    }
    let seconds = clock.elapsed().as_secs_f64();
    stage.say("waiting for the locks");
    let locks = locks.finish(broken.is_none()).await;
    if !others && !locks.followed {
        // Some changes of theirs are missing: they are as those of others.
        stage.journal.begins(Beginning { others: true, ..begins });
    }
    stage.say("reading everything back");
    clients.finish(broken.is_none(), stay).await;
    Ok(Played { whole: broken, seconds, locks, interrupted: stage.interrupted() })
}

/// Reads where the history begins: its first operation.
///
/// # Errors
/// A sentence, when nobody answers.
async fn begin(order: &Order, stage: &Stage, others: bool) -> Result<Beginning, String> {
    let mut recorder = order.recorder(FIRST, Options::default().deadline);
    let read = Action::Get { key: format!("{}beginning", order.prefix) };
    let revision = match recorder.act(read).await {
        Outcome::Ok(answer) => answer.revision,
        _ => return Err("nobody tells where the history begins".to_owned()),
    };
    let beginning = Beginning { revision, others };
    stage.journal.begins(beginning);
    order.record(recorder.take()).await;
    Ok(beginning)
}

fn history(torture: &Torture, dir: &TempDir) -> PathBuf {
    torture.history.clone().unwrap_or_else(|| dir.path().join("history.jsonl"))
}
