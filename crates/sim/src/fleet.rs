//! Runs seeds on several threads and gives their reports in the order of the seeds.
//!
//! A world has one thread; only whole seeds run side by side, and nothing in a seed depends on
//! which thread it runs on or on what runs beside it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Instant;

use understudy_evidence::{Mutant, choose};

use crate::report::Report;
use crate::report::trace::Detail;
use crate::swarm;

/// Which seeds to run, and how.
#[derive(Clone, Copy)]
pub struct Plan {
    /// The first seed.
    pub from: u64,
    /// After the last seed.
    pub to: u64,
    /// No seed begins later than this.
    pub until: Option<Instant>,
    /// Threads, at least one.
    pub jobs: usize,
    /// How much of each trace to keep.
    pub detail: Detail,
    /// The wrong version that runs, if any.
    pub mutant: Option<&'static Mutant>,
}

/// Runs one seed of a plan on this thread.
pub fn run_seed(plan: &Plan, seed: u64) -> Report {
    let _choice = plan.mutant.map(choose);
    swarm::run(seed, plan.detail)
}

/// Runs the seeds of a plan; `take` gets each report in the order of the seeds and says whether to
/// go on.
pub fn run(plan: &Plan, mut take: impl FnMut(Report) -> bool) {
    let next = AtomicU64::new(plan.from);
    let stop = AtomicBool::new(false);
    let jobs = plan.jobs.max(1);
    // Bounded, so that a slow seed holds up the others rather than fill the memory with reports.
    let (sender, receiver) = sync_channel::<Report>(jobs);
    thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, next, stop) = (sender.clone(), &next, &stop);
            scope.spawn(move || {
                let late = || plan.until.is_some_and(|until| Instant::now() >= until);
                while !stop.load(Ordering::Relaxed) && !late() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= plan.to || sender.send(run_seed(plan, seed)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut early: BTreeMap<u64, Report> = BTreeMap::new();
        let mut turn = plan.from;
        for report in receiver {
            early.insert(report.seed, report);
            while let Some(report) = early.remove(&turn) {
                turn += 1;
                if !take(report) {
                    stop.store(true, Ordering::Relaxed);
                    // The receiver goes with this scope's end, and nobody waits to send.
                    return;
                }
            }
        }
    });
}
