//! One run from beginning to end.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use crate::cluster::Cluster;
use crate::faults::{self, Fault};
use crate::ground;
use crate::record::{self, Record};
use crate::report::{Summary, table};
use crate::scene::Interrupt;
use crate::stage::Stage;

/// How often a round is tried that could not be played for the cluster's own reasons.
const TRIES: u32 = 3;

/// Injects faults into a pair on the development cluster while clients inside it use it, and judges what they saw.
///
/// Exit code 1 if anything acknowledged was lost or executed twice, if a history is not
/// linearizable, or if the pair was not whole again in time.
#[derive(Debug, Args)]
pub struct Run {
    /// The faults, separated by commas. Default: all.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    faults: Vec<String>,
    /// Rounds of each. Default: 20 of delete-primary, delete-backup, force-delete, sigkill and
    /// node-kill, 5 of the others.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: Option<u32>,
    /// How to print.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
    /// Where histories, logs and what was judged are kept: FAULT/ROUND/.
    #[arg(long, value_name = "DIR", default_value = "target/e2e")]
    out: PathBuf,
    /// Goes on with the run in that directory: rounds that it holds are not played again.
    #[arg(long)]
    resume: bool,
    /// Names the faults.
    #[arg(long)]
    list: bool,
    /// Leaves the pair there.
    #[arg(long)]
    keep: bool,
    /// Requests per second at most, of all clients together.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// The namespace; one of this name is removed first, and at the end.
    #[arg(long, value_name = "NAME", default_value = "understudy-e2e")]
    namespace: String,
    /// More values for the chart, as helm's --set takes them; may be given again.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    values: Vec<String>,
    /// The scripts of the cluster.
    #[arg(long, value_name = "DIR", default_value = "deploy/dev-cluster")]
    scripts: PathBuf,
    /// The chart.
    #[arg(long, value_name = "DIR", default_value = "helm/understudy")]
    chart: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
enum Output {
    /// A table.
    #[default]
    Text,
    /// One JSON object per fault.
    Json,
}

impl Run {
    /// Runs it. Gives whether nothing is off.
    ///
    /// # Errors
    /// When it cannot be run to its end.
    pub async fn run(self) -> Result<bool> {
        if self.list {
            for fault in faults::ALL {
                println!("{:15} {}", fault.name(), fault.about());
            }
            return Ok(true);
        }
        let faults = self.faults()?;
        fs::create_dir_all(&self.out)?;
        let played = self.played(&faults)?;
        ensure!(
            self.resume || played == 0,
            "{} holds {played} rounds of these faults: --resume goes on, --out names another place",
            self.out.display()
        );
        let cluster = Cluster::new(&self.scripts.canonicalize()?, &self.namespace);
        let interrupt = listen()?;
        let mut laid = false;
        let result = self.play(&faults, &cluster, &interrupt, &mut laid).await;
        if laid && !self.keep {
            eprintln!("removing namespace {}", self.namespace);
            ground::leave(&cluster).await?;
        }
        result?;
        self.tell(&faults)
    }

    fn faults(&self) -> Result<Vec<&'static dyn Fault>> {
        if self.faults.is_empty() {
            return Ok(faults::ALL.to_vec());
        }
        let named = self.faults.iter().map(|name| match faults::named(name) {
            Some(fault) => Ok(fault),
            None => bail!("there is no fault {name:?}: --list names them"),
        });
        named.collect()
    }

    fn rounds(&self, fault: &dyn Fault) -> u32 {
        self.rounds.unwrap_or_else(|| fault.rounds())
    }

    fn played(&self, faults: &[&dyn Fault]) -> Result<usize> {
        let each = faults.iter().map(|fault| Ok(self.kept(*fault)?.len()));
        each.sum()
    }

    /// The rounds of a fault that the directory holds.
    fn kept(&self, fault: &dyn Fault) -> Result<Vec<Record>> {
        let dir = self.out.join(fault.name());
        let Ok(entries) = fs::read_dir(&dir) else { return Ok(Vec::new()) };
        let mut kept = Vec::new();
        for entry in entries {
            kept.extend(Record::kept(&entry?.path())?);
        }
        kept.sort_by_key(|record| record.round);
        Ok(kept)
    }

    async fn play(
        &self,
        faults: &[&'static dyn Fault],
        cluster: &Cluster,
        interrupt: &Interrupt,
        laid: &mut bool,
    ) -> Result<()> {
        let mut stage = None;
        for fault in faults {
            let rounds = self.rounds(*fault);
            for round in 1..=rounds {
                let name = fault.name();
                if Record::kept(&record::dir(&self.out, name, round))?.is_some() {
                    continue;
                }
                eprintln!("{name} {round}/{rounds}: {}", fault.about());
                *laid = true;
                let mut tries = 1;
                let record = loop {
                    match self.round(&mut stage, *fault, round, cluster, interrupt).await {
                        Ok(record) => break record,
                        Err(why) if interrupt.is_set() || tries == TRIES => return Err(why),
                        Err(why) => eprintln!("{name} {round}/{rounds}: not played: {why:#}"),
                    }
                    tries += 1;
                };
                eprintln!("{name} {round}/{rounds}: {}", record.describe());
            }
        }
        Ok(())
    }

    /// Plays a round on the stage that there is, or on a new one.
    async fn round(
        &self,
        stage: &mut Option<Stage>,
        fault: &dyn Fault,
        round: u32,
        cluster: &Cluster,
        interrupt: &Interrupt,
    ) -> Result<Record> {
        let here = match stage.take().filter(|stage| stage.values == fault.values()) {
            Some(stage) => stage,
            None => self.stage(fault.values(), cluster, interrupt).await?,
        };
        let record = here.play(fault, round).await?;
        // What did not stand a fault is not what the next one should be judged by.
        *stage = record.is_ok().then_some(here);
        Ok(record)
    }

    async fn stage(
        &self,
        values: &'static [&'static str],
        cluster: &Cluster,
        interrupt: &Interrupt,
    ) -> Result<Stage> {
        eprintln!("installing a pair in namespace {}", self.namespace);
        let chart = self.chart.canonicalize()?;
        // What the command line says goes last, and so counts.
        let all = values.iter().map(|value| (*value).to_owned());
        let all: Vec<String> = all.chain(self.values.iter().cloned()).collect();
        let outside = ground::lay(cluster, &chart, &all, interrupt).await?;
        Ok(Stage {
            cluster: cluster.clone(),
            chart,
            values,
            out: self.out.clone(),
            outside,
            rate: self.rate,
            interrupt: interrupt.clone(),
        })
    }

    fn tell(&self, faults: &[&dyn Fault]) -> Result<bool> {
        let mut summaries = Vec::new();
        for fault in faults {
            summaries.push(Summary::of(fault.name(), &self.kept(*fault)?));
        }
        let table = table(&summaries);
        fs::write(self.out.join("table.md"), &table)?;
        match self.output {
            Output::Text => print!("{table}"),
            Output::Json => {
                for summary in &summaries {
                    println!("{}", serde_json::to_string(summary)?);
                }
            }
        }
        eprintln!("histories, logs and table.md are in {}", self.out.display());
        Ok(summaries.iter().all(|summary| summary.wrong == 0))
    }
}

/// Ctrl-C or SIGTERM ends a run in order: what was injected is repaired, what was made is removed.
fn listen() -> Result<Interrupt> {
    let interrupt = Interrupt::default();
    let told = interrupt.clone();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupted.recv() => {}
            }
            eprintln!("ending: repairing what was injected, removing what was made");
            told.set();
        }
    });
    Ok(interrupt)
}
