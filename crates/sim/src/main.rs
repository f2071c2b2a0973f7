//! `understudy-sim`: runs seeds until one fails.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use understudy_sim::{Detail, Report, SECOND, swarm};

/// Runs the real replicas in a simulated world, one seed after the other, and looks for violations.
#[derive(Parser)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Print everything that happens.
    #[arg(long)]
    trace: bool,
    /// Go on behind a failure.
    #[arg(long)]
    keep_going: bool,
    /// Lines of the trace that a failure prints.
    #[arg(long, default_value_t = 60)]
    tail: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A panic is a finding; it is reported with its seed.
    std::panic::set_hook(Box::new(|_| {}));
    let began = Instant::now();
    let mut total = Total::default();
    for seed in arguments.from..arguments.from + arguments.seeds {
        let detail = if arguments.trace { Detail::Everything } else { Detail::Nothing };
        let report = swarm::run(seed, detail);
        if arguments.trace {
            report.trace.iter().for_each(|line| println!("{line}"));
        }
        let failed = report.violation.is_some();
        if failed {
            explain(&report, arguments.tail);
        }
        total.add(&report);
        if failed && !arguments.keep_going {
            break;
        }
    }
    total.print(began.elapsed().as_secs_f64());
    if total.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the property, the command that replays the seed, and how it came to it.
fn explain(report: &Report, tail: usize) {
    let Some(violation) = &report.violation else { return };
    let again = swarm::run(report.seed, Detail::Everything);
    let from = again.trace.len().saturating_sub(tail);
    again.trace[from..].iter().for_each(|line| println!("{line}"));
    println!("seed {} failed: {violation}", report.seed);
    println!("replay: {}", report.replay());
}

#[derive(Default)]
struct Total {
    seeds: u64,
    time: u64,
    committed: u64,
    failed: Vec<(u64, String)>,
    counts: BTreeMap<&'static str, u64>,
}

impl Total {
    fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.time += report.time;
        self.committed += report.committed;
        for (name, count) in &report.counts.by_name {
            *self.counts.entry(name).or_default() += count;
        }
        if let Some(violation) = &report.violation {
            self.failed.push((report.seed, violation.to_string()));
        }
    }

    fn print(&self, seconds: f64) {
        for (name, count) in &self.counts {
            println!("{count:>12} {name}");
        }
        for (seed, violation) in &self.failed {
            println!("FAILED seed {seed}: {violation}");
        }
        let simulated = self.time as f64 / SECOND as f64;
        println!(
            "{} seeds, {} failed, {} entries committed, {:.0} simulated s in {:.1} s: {:.1} seeds/s, {:.0} simulated s/s",
            self.seeds,
            self.failed.len(),
            self.committed,
            simulated,
            seconds,
            self.seeds as f64 / seconds,
            simulated / seconds
        );
    }
}
