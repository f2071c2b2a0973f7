//! Where the plan is played: faults at their times, and a rest behind each round.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use super::chronicle::{Chronicle, Pages};
use super::journal::{Counts, Journal};
use super::netns::Names;
use super::plan::{Planned, Round};
use super::subject::Subject;
use super::text;
use crate::failure::Failure;
use crate::print::grouped;

const BEAT: Duration = Duration::from_millis(200);

/// The pair, the journal of its clients, and the chronicle of its faults.
pub struct Stage {
    subject: Arc<Subject>,
    chronicle: Chronicle,
    /// The history.
    pub journal: Arc<Journal>,
    interrupted: Arc<AtomicBool>,
    bar: ProgressBar,
}

impl Stage {
    pub fn new(subject: Subject, chronicle: Chronicle, journal: Journal, plan: &[Round]) -> Self {
        let faults = plan.iter().map(|round| round.faults.len() as u64).sum();
        let interrupted = Arc::<AtomicBool>::default();
        let netns = match &subject {
            Subject::Own(world) => world.netns(),
            Subject::Yours(_) => None,
        };
        tokio::spawn(listen(interrupted.clone(), netns));
        Stage {
            subject: Arc::new(subject),
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
        self.subject.whole().await
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
        let (subject, chronicle, journal) =
            (self.subject.clone(), self.chronicle.clone(), self.journal.clone());
        let (bar, planned) = (self.bar.clone(), planned.clone());
        async move {
            let begin = Instant::now();
            let result = subject.inflict(&planned).await;
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
        Arc::into_inner(self.subject).ok_or_else(still)?.close().await;
        let journal = Arc::into_inner(self.journal).ok_or_else(still)?;
        let counts = journal.close(history).await?;
        Ok((counts, self.chronicle.pages()))
    }
}

/// The first Ctrl-C or SIGTERM ends the torture in order, the second one at once.
async fn listen(interrupted: Arc<AtomicBool>, netns: Option<Names>) {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    loop {
        tokio::select! {
            asked = tokio::signal::ctrl_c() => if asked.is_err() { return },
            asked = terminate.recv() => if asked.is_none() { return },
        }
        if interrupted.swap(true, Ordering::Relaxed) {
            if let Some(names) = netns {
                names.remove();
            }
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
