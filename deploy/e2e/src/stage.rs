//! Plays one round: clients come, the fault is injected and repaired, all is well again, clients go.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};

use crate::clock;
use crate::cluster::Cluster;
use crate::faults::Fault;
use crate::judge::{Met, judge};
use crate::load::{HISTORY, TIMELINE};
use crate::loader::Loader;
use crate::pair::{Pod, in_order};
use crate::record::{self, Record};
use crate::scene::{Interrupt, Scene};
use crate::watcher::Watcher;

/// How long the pair must have been in order before the fault, and afterwards.
const STEADY: u64 = 1_500_000_000;
/// How long it may take to be in order when everything is repaired.
const PATIENCE: Duration = Duration::from_secs(120);
const BEAT: Duration = Duration::from_millis(100);

/// Where rounds are played.
pub struct Stage {
    /// The cluster.
    pub cluster: Cluster,
    /// The chart.
    pub chart: PathBuf,
    /// What the pair was installed with, beside the run's own values.
    pub values: &'static [&'static str],
    /// Where everything is kept.
    pub out: PathBuf,
    /// The worker that hosts no replica.
    pub outside: String,
    /// Requests per second.
    pub rate: u32,
    /// Set when the run is to end.
    pub interrupt: Interrupt,
}

impl Stage {
    /// Plays one round.
    ///
    /// # Errors
    /// When it could not be played: nothing is known then. What a fault breaks is in the record.
    pub async fn play(&self, fault: &dyn Fault, round: u32) -> Result<Record> {
        let dir = record::dir(&self.out, fault.name(), round);
        if dir.exists() {
            // Of a round that was not finished.
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir_all(&dir)?;
        let mut scene = self.scene(round);
        fault.prepare(&scene).await.context("before the round")?;
        let loader = Loader::start(&self.cluster, &self.outside, self.rate, &dir).await?;
        let played = self.with_clients(fault, &mut scene, &dir, &loader).await;
        let ended = loader.end().await;
        self.keep_logs(&dir).await;
        let (record, stopped) = played?;
        ended.with_context(|| record.trouble.clone().unwrap_or_default())?;
        let history = dir.join(HISTORY);
        let struck = record.struck;
        // Not on the runtime's thread: it takes a while.
        let judging = tokio::task::spawn_blocking(move || judge(&history, struck, stopped));
        let record = record.judged(&judging.await??);
        record.keep(&dir)?;
        Ok(record)
    }

    fn scene(&self, round: u32) -> Scene {
        Scene {
            cluster: self.cluster.clone(),
            chart: self.chart.clone(),
            out: self.out.clone(),
            round,
            pods: Vec::new(),
            primary: String::new(),
            interrupt: self.interrupt.clone(),
        }
    }

    /// Gives what happened, not judged yet, and when clients were told to stop.
    async fn with_clients(
        &self,
        fault: &dyn Fault,
        scene: &mut Scene,
        dir: &Path,
        loader: &Loader,
    ) -> Result<(Record, u64)> {
        let mut watcher = self.timeline(dir).await?;
        (scene.primary, scene.pods) =
            self.well(&mut watcher, 0).await.context("before the fault")?;
        let struck = clock::now();
        let inflicted = async {
            fault.inflict(scene).await?;
            self.interrupt.sleep(fault.lasts()).await
        };
        let inflicted = inflicted.await;
        let repaired = fault.repair(scene).await.context("the repair");
        let repaired_at = clock::now();
        let well = self.well(&mut watcher, struck).await.context("after the fault");
        let stopped = clock::now();
        loader.stop()?;
        if self.interrupt.is_set() {
            return Err(anyhow!("interrupted"));
        }
        watcher.last()?;
        let trouble =
            [inflicted.err(), repaired.err(), well.as_ref().err().map(|why| anyhow!("{why:#}"))];
        let trouble: Vec<String> =
            trouble.into_iter().flatten().map(|why| format!("{why:#}")).collect();
        let whole = watcher.whole_since(struck).unwrap_or(stopped);
        let after = well.map(|(_, pods)| pods).unwrap_or_default();
        let back = back(&watcher, &scene.pods, &after, struck);
        let repaired_at = fault.needs_repair().then_some(repaired_at).filter(|at| *at <= whole);
        let from = back.into_iter().chain(repaired_at).max().unwrap_or(struck);
        let record = Record {
            fault: fault.name().to_owned(),
            round: scene.round,
            struck,
            primary: scene.primary.clone(),
            acknowledged: 0,
            lost: 0,
            duplicated: 0,
            library: Met::default(),
            service: Met::default(),
            restored_ms: whole.saturating_sub(from) / 1_000_000,
            whole_ms: (whole - struck) / 1_000_000,
            violations: Vec::new(),
            trouble: (!trouble.is_empty()).then(|| trouble.join("; ")),
        };
        Ok((record, stopped))
    }

    async fn timeline(&self, dir: &Path) -> Result<Watcher> {
        let path = dir.join(TIMELINE);
        for _ in 0..600 {
            if let Some(watcher) = Watcher::open(&path) {
                return Ok(watcher);
            }
            self.interrupt.sleep(BEAT).await?;
        }
        Err(anyhow!("the load has not begun within a minute"))
    }

    /// Waits until the pair is in order: by its own word, by the clients', and by the objects.
    /// Gives the primary and the pods.
    ///
    /// # Errors
    /// When it is not in time, or the run is to end.
    async fn well(&self, watcher: &mut Watcher, since: u64) -> Result<(String, Vec<Pod>)> {
        let began = clock::now();
        let mut missing = anyhow!("nobody says so");
        while clock::now() - began < PATIENCE.as_nanos() as u64 {
            let last = watcher.last()?.map(|moment| (moment.at, moment.describe()));
            let steady = watcher.steady(STEADY);
            match (steady, last) {
                (Some(primary), Some((at, _))) if at >= since + STEADY => {
                    match in_order(&self.cluster, &primary).await {
                        Ok(pods) => return Ok((primary, pods)),
                        Err(why) => missing = why,
                    }
                }
                (_, Some((_, seen))) => missing = anyhow!("{seen}"),
                (_, None) => {}
            }
            self.interrupt.sleep(BEAT).await?;
        }
        Err(missing.context(format!("not in order within {PATIENCE:?}")))
    }

    /// What the replicas said, for those who look into a round.
    async fn keep_logs(&self, dir: &Path) {
        for pod in ["understudy-0", "understudy-1"] {
            for (name, which) in [("log", &[][..]), ("previous.log", &["--previous"][..])] {
                let args = [&["logs", pod, "--tail=2000"], which].concat();
                // There may be none; nothing depends on it.
                if let Ok(log) = self.cluster.kubectl(&args).await {
                    let _ = fs::write(dir.join(format!("{pod}.{name}")), log);
                }
            }
        }
    }
}

/// When the last replica whose container is another one than before was back.
fn back(watcher: &Watcher, before: &[Pod], after: &[Pod], struck: u64) -> Option<u64> {
    let new = after.iter().filter(|pod| before.iter().all(|old| old.container != pod.container));
    new.filter_map(|pod| watcher.life_since(&pod.name, struck)).max()
}
