//! Whether logged time counts what it may: time in which the primary's process ran.

pub(crate) mod check;

use understudy_protocol::{Entry, Kind, MS};

/// What a process has missed while it was stopped, by its own monotonic clock, and where its term's logged
/// time began.
#[derive(Default)]
pub struct Absence {
    /// Nanoseconds.
    missed: u64,
    /// How often.
    times: u64,
    /// By the clock, when it was stopped.
    since: Option<u64>,
    term: Option<Begun>,
}

struct Begun {
    elapsed: u64,
    ran: u64,
    times: u64,
}

impl Absence {
    /// The process is stopped.
    pub fn begins(&mut self, mono: u64) {
        self.since.get_or_insert(mono);
    }

    /// It goes on.
    pub fn ends(&mut self, mono: u64) {
        if let Some(since) = self.since.take() {
            self.missed += mono - since;
            self.times += 1;
        }
    }

    /// An entry was appended by a primary; `tick` is the longest that it meant to wait.
    fn judge(&mut self, entry: &Entry, mono: u64, tick: u64) -> Result<(), String> {
        let ran = mono - self.missed;
        let elapsed = entry.time.elapsed;
        if entry.kind == Kind::Open || self.term.is_none() {
            self.term = Some(Begun { elapsed, ran, times: self.times });
        }
        let Some(begun) = &self.term else { return Ok(()) };
        let (logged, ran) = (elapsed - begun.elapsed, ran - begun.ran);
        // A stop that falls into a wait that was planned cannot be noticed.
        let unnoticed = (self.times - begun.times) * (tick + 2 * MS);
        if logged <= ran + unnoticed {
            return Ok(());
        }
        Err(format!(
            "entry {} is {logged} ns of logged time into a term in which the primary ran for {ran} ns",
            entry.index
        ))
    }
}
