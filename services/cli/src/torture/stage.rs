//! Where the plan is played: faults at their times, and a rest behind each round.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::chronicle::{Chronicle, Pages};
use super::faults::World;
use super::journal::{Counts, Journal};
use super::plan::{Planned, Round};
use super::text;
use crate::failure::Failure;
use crate::print::grouped;

/// How long the pair may take to be whole when everything is mended.
pub const PATIENCE: Duration = Duration::from_secs(60);
const BEAT: Duration = Duration::from_millis(200);

/// The pair, the journal of its clients, and the chronicle of its faults.
pub struct Stage {
    world: Arc<World>,
    chronicle: Chronicle,
    /// The history.
    pub journal: Arc<Journal>,
    interrupted: Arc<AtomicBool>,
    bar: ProgressBar,
}

impl Stage {
    pub fn new(world: World, chronicle: Chronicle, journal: Journal, plan: &[Round]) -> Self {
        let faults = plan.iter().map(|round| round.faults.len() as u64).sum();
        let interrupted = Arc::<AtomicBool>::default();
        tokio::spawn(listen(interrupted.clone()));
        Stage {
            world: Arc::new(world),
            chronicle,
            journal: Arc::new(journal),
            interrupted,
            bar: bar(faults),
        }
    }

    /// Whether somebody wants it to end.
    pub fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Says what goes on.
    pub fn say(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// Waits until the pair is whole.
    ///
    /// # Errors
    /// A sentence, when that takes too long.
    pub async fn whole(&self) -> Result<(), String> {
        self.say("waiting until the pair is whole");
        match self.world.pair.complete(PATIENCE).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(failure.to_string()),
        }
    }

    /// Plays one round, and waits until the pair is whole again.
    ///
    /// # Errors
    /// As for [`Stage::whole`].
    pub async fn round(&self, round: &Round, clock: Instant) -> Result<(), String> {
        let begin = Instant::now();
        let mut deeds = JoinSet::new();
        for planned in &round.faults {
            self.wait(begin + Duration::from_millis(planned.at_ms)).await;
            if self.interrupted() {
                break;
            }
            self.say(&planned.fault.to_string());
            deeds.spawn(self.deed(planned, clock));
        }
        self.wait(begin + Duration::from_millis(round.length_ms)).await;
        while deeds.join_next().await.is_some() {}
        self.whole().await.map_err(|why| format!("behind round {}: {why}", round.number))
    }

    fn deed(&self, planned: &Planned, clock: Instant) -> impl Future<Output = ()> + use<> {
        let (world, chronicle, journal) =
            (self.world.clone(), self.chronicle.clone(), self.journal.clone());
        let (bar, planned) = (self.bar.clone(), planned.clone());
        async move {
            let begin = Instant::now();
            let result = world.inflict(&planned).await;
            let deed = chronicle.deed(&planned.fault, result, begin, clock, &journal).await;
            bar.inc(1);
            let line = text::deed(&deed);
            // The bar prints nothing where there is no terminal.
            if bar.is_hidden() { eprintln!("{line}") } else { bar.println(line) }
        }
    }

    async fn wait(&self, until: Instant) {
        while Instant::now() < until && !self.interrupted() {
            self.bar.set_prefix(format!("{} requests", grouped(self.journal.operations())));
            let left = until.saturating_duration_since(Instant::now());
            tokio::time::sleep(left.min(BEAT)).await;
        }
    }

    /// Ends the pair and the journal.
    ///
    /// # Errors
    /// When the history could not be written.
    pub async fn close(self, history: &Path) -> Result<(Counts, Pages), Failure> {
        self.bar.finish_and_clear();
        // Deeds that hold them have ended with their rounds.
        let still = || Failure::new("a fault has not ended");
        let world = Arc::into_inner(self.world).ok_or_else(still)?;
        world.pair.stop().await;
        let journal = Arc::into_inner(self.journal).ok_or_else(still)?;
        let counts = journal.close(history).await?;
        Ok((counts, self.chronicle.pages()))
    }
}

/// The first Ctrl-C ends the torture in order, the second one at once.
async fn listen(interrupted: Arc<AtomicBool>) {
    while tokio::signal::ctrl_c().await.is_ok() {
        if interrupted.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    }
}

fn bar(faults: u64) -> ProgressBar {
    let bar = ProgressBar::new(faults);
    // The template is a constant; a mistake in it would only cost looks.
    if let Ok(style) =
        ProgressStyle::with_template("{bar:20} {pos} of {len} faults  {prefix}  {msg}")
    {
        bar.set_style(style);
    }
    bar
}
