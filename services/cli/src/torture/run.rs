//! One torture from beginning to end.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::mpsc;
use understudy_client::{Endpoints, Options};
use understudy_history::{Action, Beginning, Outcome};

use super::Torture;
use super::clients::{Clients, LoadConfig};
use super::fault_log::FaultLog;
use super::journal::Journal;
use super::locks::{Judged, Locks};
use super::plan::Round;
use super::report::{Facts, Report};
use super::runner::Runner;
use super::setup::Setup;
use super::subject::{Subject, Yours};
use crate::check::judge;
use crate::failure::Failure;
use crate::pair::{Logbook, ProcessEvent};
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
    let fault_log = FaultLog::default();
    // Another run on the same replicas must not find its keys.
    let prefix = format!("torture/{:08x}/", fastrand::u32(..));
    let (tell, events) = mpsc::channel(1024);
    let observer = fault_log.clone();
    let observer = move |event: &_| observer.observe(event);
    let logbook = Logbook::start(events, torture.log.as_deref(), observer)?;
    let (subject, endpoints) = subject(torture, dir.path(), &prefix, tell).await?;
    let runner = Runner::new(subject, fault_log, Journal::start(&history)?, plan);
    let load = LoadConfig {
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
        journal: runner.journal.sender(),
    };
    let stay = torture.endpoints.is_none();
    let ran = run_plan(load, &runner, plan, torture.minutes, stay).await;
    let closed = runner.close(&history).await;
    let last = logbook.close().await;
    let PlanRun { whole, seconds, locks, interrupted } = ran.map_err(|why| {
        // What the replicas said last tells why.
        Failure::new(format!("{why}; last log lines: {}", last.join(" / ")))
    })?;
    let (counts, records) = closed?;
    // Not on the runtime's thread: it takes a while.
    let judged = tokio::task::spawn_blocking(move || judge(&history, false));
    let verdict = judged.await.map_err(Failure::new)??;
    let clients = torture.clients;
    let facts = Facts { seed, clients, seconds, interrupted, whole, counts, records, locks };
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
    tell: mpsc::Sender<ProcessEvent>,
) -> Result<(Subject, Endpoints), Failure> {
    if let Some(endpoints) = &torture.endpoints {
        let yours = Yours::new(endpoints, &torture.commands, prefix);
        return Ok((Subject::Yours(yours), endpoints.clone()));
    }
    let setup = Setup::prepare(torture, dir)?;
    let endpoints = setup.endpoints().parse().map_err(Failure::new)?;
    Ok((Subject::Own(Box::new(setup.start(tell).await?)), endpoints))
}

/// How it went.
struct PlanRun {
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
async fn run_plan(
    mut load: LoadConfig,
    runner: &Runner,
    plan: &[Round],
    length: Duration,
    stay: bool,
) -> Result<PlanRun, String> {
    runner.whole().await?;
    load.clock = Instant::now();
    let clock = load.clock;
    // Commands may take any time; our own faults take what was planned, and the rests between come on top.
    let end = clock + if stay { length + REST * plan.len() as u32 } else { length };
    let others = !stay;
    let begins = begin(&load, runner, others).await?;
    let locks = Locks::start(&load, stay).await?;
    let mut clients = Clients::start(load);
    let mut broken = None;
    for round in plan {
        broken = runner.round(round, clock, end).await.err();
        if broken.is_some() || runner.interrupted() || Instant::now() >= end {
            break;
        }
        clients.turn();
    }
    let seconds = clock.elapsed().as_secs_f64();
    runner.say("waiting for the locks");
    let locks = locks.finish(broken.is_none()).await;
    if !others && !locks.followed {
        // Some changes of theirs are missing: they are as those of others.
        runner.journal.begins(Beginning { others: true, ..begins });
    }
    runner.say("reading everything back");
    clients.finish(broken.is_none(), stay).await;
    Ok(PlanRun { whole: broken, seconds, locks, interrupted: runner.interrupted() })
}

/// Reads where the history begins: its first operation.
///
/// # Errors
/// A sentence, when nobody answers.
async fn begin(load: &LoadConfig, runner: &Runner, others: bool) -> Result<Beginning, String> {
    let mut recorder = load.recorder(FIRST, Options::default().deadline);
    let read = Action::Get { key: format!("{}beginning", load.prefix) };
    let revision = match recorder.act(read).await {
        Outcome::Ok(answer) => answer.revision,
        _ => return Err("nobody tells where the history begins".to_owned()),
    };
    let beginning = Beginning { revision, others };
    runner.journal.begins(beginning);
    load.record(recorder.take()).await;
    Ok(beginning)
}

fn history(torture: &Torture, dir: &TempDir) -> PathBuf {
    torture.history.clone().unwrap_or_else(|| dir.path().join("history.jsonl"))
}
