//! `understudy-sim`: runs seeds until one fails.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use understudy_evidence::{MUTANTS, Mutant};
use understudy_sim::hunt::{self, Hunt};
use understudy_sim::{Detail, Plan, Progress, Report, Tally, fleet, progress, table};

/// A run is made of small pieces of memory: worth a fifth of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the real replicas in a simulated world, one seed after the other, and looks for violations.
///
/// Exit codes: 0 nothing was found; 1 a violation was found, or something happened less often than
/// --at-least; 2 the command line is wrong.
#[derive(Parser)]
#[command(name = "understudy-sim", version)]
struct Arguments {
    /// How many seeds to run [default: 100, or without end with --minutes].
    #[arg(long)]
    seeds: Option<u64>,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Begin no seed later than this many minutes from now.
    #[arg(long)]
    minutes: Option<u64>,
    /// Seeds that run side by side [default: one for each core].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1024))]
    jobs: Option<u64>,
    /// Print everything that happens.
    #[arg(long)]
    trace: bool,
    /// Go on after a failure.
    #[arg(long)]
    keep_going: bool,
    /// Lines of the trace that a failure prints.
    #[arg(long, default_value_t = 60)]
    tail: usize,
    /// Write how often everything happened into this page, between the lines that mark the table.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Print the names of the wrong versions, what each does and which rule it breaks.
    #[arg(long, conflicts_with_all = ["mutant", "mutants"])]
    list_mutants: bool,
    /// Run this wrong version: exit code 1 and the property that it breaks when it is caught.
    #[arg(long, value_name = "NAME", value_parser = mutant)]
    mutant: Option<&'static Mutant>,
    /// Run every wrong version until it is caught, for --seeds at most: exit code 1 unless all are,
    /// each by a property that it breaks. With --table, write who caught it into this page.
    #[arg(long, conflicts_with = "mutant")]
    mutants: bool,
    /// Fail if something that must happen did so less often than this.
    #[arg(long, value_name = "N", default_value_t = 0)]
    at_least: u64,
}

impl Arguments {
    fn plan(&self, began: Instant) -> Plan {
        let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        let without = if self.minutes.is_some() { u64::MAX } else { 100 };
        Plan {
            from: self.from,
            to: self.from.saturating_add(self.seeds.unwrap_or(without)),
            until: self.minutes.map(|minutes| began + Duration::from_secs(60 * minutes)),
            jobs: self.jobs.unwrap_or_else(cores) as usize,
            detail: if self.trace { Detail::Everything } else { Detail::Nothing },
            mutant: self.mutant,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list_mutants {
        MUTANTS.iter().for_each(|wrong| println!("{}", wrong.name));
        return ExitCode::SUCCESS;
    }
    // A panic is a finding; it is reported with its seed.
    std::panic::set_hook(Box::new(|_| {}));
    let good = match arguments.mutant {
        _ if arguments.mutants => hunt_all(&arguments),
        Some(wrong) => hunt_one(&arguments, wrong),
        None => run_seeds(&arguments),
    };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the code as it is.
fn run_seeds(arguments: &Arguments) -> bool {
    let began = Instant::now();
    let plan = arguments.plan(began);
    let mut tally = Tally::default();
    let mut progress = Progress::new(began);
    fleet::run(&plan, |report| {
        report.trace.iter().for_each(|line| println!("{line}"));
        explain(&report, &plan, arguments.tail);
        tally.add(&report);
        progress.say(&tally);
        report.violation.is_none() || arguments.keep_going
    });
    println!("{tally}, {}", progress::speed(&tally, began));
    let written = arguments.table.iter().try_for_each(|page| {
        table::write(page, &tally, arguments.from)
            .map_err(|error| eprintln!("cannot write the table: {error}"))
    });
    let seldom = table::too_seldom(&tally, arguments.at_least);
    for name in &seldom {
        println!("less often than {}: {name}", arguments.at_least);
    }
    tally.failed.is_empty() && written.is_ok() && seldom.is_empty()
}

/// Runs one wrong version; `true` when it survives.
fn hunt_one(arguments: &Arguments, wrong: &'static Mutant) -> bool {
    let plan = arguments.plan(Instant::now());
    let mut tally = Tally::default();
    let hunt = hunt::hunt(wrong, &plan, |report| {
        report.trace.iter().for_each(|line| println!("{line}"));
        explain(report, &plan, arguments.tail);
        tally.add(report);
    });
    println!("{tally}\n{hunt}");
    hunt.caught.is_none()
}

/// Runs all wrong versions; `true` when each is caught by a property that it breaks.
fn hunt_all(arguments: &Arguments) -> bool {
    let plan = arguments.plan(Instant::now());
    let hunts: Vec<Hunt> = MUTANTS
        .iter()
        .map(|wrong| {
            let hunt = hunt::hunt(wrong, &plan, |_| ());
            println!("{hunt}");
            hunt
        })
        .collect();
    let good = hunts.iter().filter(|hunt| hunt.is_good()).count();
    println!("{good} of {} wrong versions caught, each by a property that it breaks", hunts.len());
    let written = arguments.table.iter().try_for_each(|page| {
        table::write_hunts(page, &hunts)
            .map_err(|error| eprintln!("cannot write the table: {error}"))
    });
    good == hunts.len() && written.is_ok()
}

fn mutant(name: &str) -> Result<&'static Mutant, String> {
    understudy_evidence::named(name)
        .ok_or_else(|| "there is no such wrong version; --list-mutants names them".into())
}

/// Prints the property, the command that replays the seed, and how it came to it.
fn explain(report: &Report, plan: &Plan, tail: usize) {
    let Some(violation) = &report.violation else { return };
    let again = fleet::run_seed(&Plan { detail: Detail::Everything, ..*plan }, report.seed);
    let from = again.trace.len().saturating_sub(tail);
    again.trace[from..].iter().for_each(|line| println!("{line}"));
    println!("seed {} failed: {violation}", report.seed);
    println!("replay: {}", report.replay(plan.mutant));
}
