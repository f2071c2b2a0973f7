//! Runs the plan: faults at their times, and a rest after each round.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::fault_log::{FaultLog, Records};
use super::journal::{Counts, Journal};
use super::plan::{Planned, Round};
use super::stop::StopSignal;
use super::subject::Subject;
use super::text;
use crate::failure::Failure;
use crate::print::{self, Feed, Where, grouped};

const BEAT: Duration = Duration::from_millis(200);

/// The pair, the journal of its clients, and the log of its faults.
pub struct Runner {
    subject: Arc<Subject>,
    fault_log: FaultLog,
    /// The history.
    pub journal: Arc<Journal>,
    stop: StopSignal,
    /// Where there is no terminal.
    feed: Arc<Feed>,
    bar: ProgressBar,
}

impl Runner {
    pub fn new(subject: Subject, fault_log: FaultLog, journal: Journal, plan: &[Round]) -> Self {
        let faults = plan.iter().map(|round| round.faults.len() as u64).sum();
        let stop = StopSignal::new();
        let netns = match &subject {
            Subject::Own(injector) => injector.netns(),
            Subject::Yours(_) => None,
        };
        tokio::spawn(stop.clone().listen(netns));
        Runner {
            subject: Arc::new(subject),
            fault_log,
            journal: Arc::new(journal),
            stop,
            feed: Arc::new(Feed::start(Where::Err)),
            bar: bar(faults),
        }
    }

    /// Whether somebody wants it to end.
    pub fn interrupted(&self) -> bool {
        self.stop.is_asked()
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

    /// Runs one round, until `end` at the latest, and waits until the pair is whole again.
    ///
    /// # Errors
    /// As for [`Runner::whole`].
    pub async fn round(&self, round: &Round, clock: Instant, end: Instant) -> Result<(), String> {
        let begin = Instant::now();
        let mut faults = JoinSet::new();
        for planned in &round.faults {
            self.wait(end.min(begin + Duration::from_millis(planned.at_ms))).await;
            if self.stop.is_over() || Instant::now() >= end {
                break;
            }
            self.say(&planned.fault.to_string());
            faults.spawn(self.fault(planned, clock));
        }
        self.wait(end.min(begin + Duration::from_millis(round.length_ms))).await;
        let done = async { while faults.join_next().await.is_some() {} };
        if tokio::time::timeout_at(end.into(), done).await.is_err() {
            self.stop.end();
            while faults.join_next().await.is_some() {}
        }
        self.whole().await.map_err(|why| format!("after round {}: {why}", round.number))
    }

    fn fault(&self, planned: &Planned, clock: Instant) -> impl Future<Output = ()> + use<> {
        let (subject, fault_log, journal) =
            (self.subject.clone(), self.fault_log.clone(), self.journal.clone());
        let (bar, feed, stop) = (self.bar.clone(), self.feed.clone(), self.stop.clone());
        let planned = planned.clone();
        async move {
            let begin = Instant::now();
            let result = subject.inject(&planned, &stop).await;
            let record =
                fault_log.record(&planned.fault, result, begin, clock, &journal, &stop).await;
            bar.inc(1);
            let line = text::fault(&record);
            // The bar prints nothing where there is no terminal.
            if bar.is_hidden() { feed.line(line) } else { bar.println(print::lines(&line)) }
        }
    }

    async fn wait(&self, until: Instant) {
        while Instant::now() < until && !self.stop.is_over() {
            self.bar.set_prefix(format!("{} requests", grouped(self.journal.operations())));
            let left = until.saturating_duration_since(Instant::now());
            tokio::time::sleep(left.min(BEAT)).await;
        }
    }

    /// Ends the pair and the journal.
    ///
    /// # Errors
    /// When the history could not be written.
    pub async fn close(self, history: &Path) -> Result<(Counts, Records), Failure> {
        self.bar.finish_and_clear();
        // Faults that hold them have ended with their rounds.
        let still = || Failure::new("a fault has not ended");
        Arc::into_inner(self.subject).ok_or_else(still)?.close().await;
        Arc::into_inner(self.feed).ok_or_else(still)?.close();
        let journal = Arc::into_inner(self.journal).ok_or_else(still)?;
        let counts = journal.close(history).await?;
        Ok((counts, self.fault_log.records()))
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
