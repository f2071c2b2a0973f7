//! Where the plan is played: faults at their times, and a rest behind each round.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::chronicle::{Chronicle, Pages};
use super::journal::{Counts, Journal};
use super::over::Over;
use super::plan::{Planned, Round};
use super::subject::Subject;
use super::text;
use crate::failure::Failure;
use crate::print::{self, Feed, Where, grouped};

const BEAT: Duration = Duration::from_millis(200);

/// The pair, the journal of its clients, and the chronicle of its faults.
pub struct Stage {
    subject: Arc<Subject>,
    chronicle: Chronicle,
    /// The history.
    pub journal: Arc<Journal>,
    over: Over,
    /// Where there is no terminal.
    feed: Arc<Feed>,
    bar: ProgressBar,
}

impl Stage {
    pub fn new(subject: Subject, chronicle: Chronicle, journal: Journal, plan: &[Round]) -> Self {
        let faults = plan.iter().map(|round| round.faults.len() as u64).sum();
        let over = Over::new();
        let netns = match &subject {
            Subject::Own(world) => world.netns(),
            Subject::Yours(_) => None,
        };
        tokio::spawn(over.clone().listen(netns));
        Stage {
            subject: Arc::new(subject),
            chronicle,
            journal: Arc::new(journal),
            over,
            feed: Arc::new(Feed::start(Where::Err)),
            bar: bar(faults),
        }
    }

    /// Whether somebody wants it to end.
    pub fn interrupted(&self) -> bool {
        self.over.is_asked()
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

    /// Plays one round, until `end` at the latest, and waits until the pair is whole again.
    ///
    /// # Errors
    /// As for [`Stage::whole`].
    pub async fn round(&self, round: &Round, clock: Instant, end: Instant) -> Result<(), String> {
        let begin = Instant::now();
        let mut deeds = JoinSet::new();
        for planned in &round.faults {
            self.wait(end.min(begin + Duration::from_millis(planned.at_ms))).await;
            if self.over.is_over() || Instant::now() >= end {
                break;
            }
            self.say(&planned.fault.to_string());
            deeds.spawn(self.deed(planned, clock));
        }
        self.wait(end.min(begin + Duration::from_millis(round.length_ms))).await;
        let done = async { while deeds.join_next().await.is_some() {} };
        if tokio::time::timeout_at(end.into(), done).await.is_err() {
            self.over.end();
            while deeds.join_next().await.is_some() {}
        }
        self.whole().await.map_err(|why| format!("after round {}: {why}", round.number))
    }

    fn deed(&self, planned: &Planned, clock: Instant) -> impl Future<Output = ()> + use<> {
        let (subject, chronicle, journal) =
            (self.subject.clone(), self.chronicle.clone(), self.journal.clone());
        let (bar, feed, over) = (self.bar.clone(), self.feed.clone(), self.over.clone());
        let planned = planned.clone();
        async move {
            let begin = Instant::now();
            let result = subject.inflict(&planned, &over).await;
            let deed = chronicle.deed(&planned.fault, result, begin, clock, &journal, &over).await;
            bar.inc(1);
            let line = text::deed(&deed);
            // The bar prints nothing where there is no terminal.
            if bar.is_hidden() { feed.line(line) } else { bar.println(print::lines(&line)) }
        }
    }

    async fn wait(&self, until: Instant) {
        while Instant::now() < until && !self.over.is_over() {
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
        Arc::into_inner(self.feed).ok_or_else(still)?.close();
        let journal = Arc::into_inner(self.journal).ok_or_else(still)?;
        let counts = journal.close(history).await?;
        Ok((counts, self.chronicle.pages()))
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
