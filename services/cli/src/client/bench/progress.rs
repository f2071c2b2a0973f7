//! The progress bar, on standard error and only on a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::tally::Tally;

const STEP: Duration = Duration::from_millis(200);

/// Shows the time and the current rate until the time is up, or `ended` says so.
pub async fn show(tally: &Tally, began: Instant, until: Instant, ended: impl Fn() -> bool) {
    let total = until.duration_since(began);
    let bar = ProgressBar::new(total.as_millis() as u64);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {msg}") {
        bar.set_style(style);
    }
    let mut before = 0;
    while Instant::now() < until && !ended() {
        tokio::time::sleep(STEP.min(until.saturating_duration_since(Instant::now()))).await;
        let answers = tally.lock().answers();
        let rate = (answers - before) as f64 / STEP.as_secs_f64();
        before = answers;
        bar.set_position(began.elapsed().as_millis() as u64);
        bar.set_message(format!("{rate:>8.0}/s"));
    }
    bar.finish_and_clear();
}
