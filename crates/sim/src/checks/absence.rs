//! Whether logged time counts what it may: time in which the primary's process ran.

use understudy_protocol::{Effect, Entry, Kind, MS};

use crate::checks::violation::Property;
use crate::checks::watch::acts;
use crate::world::World;
use crate::world::happening::{HostId, Run};
use crate::world::host::Process;

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

impl World {
    /// What a primary appends in this step carries the time for which it has run.
    pub(crate) fn judge_elapsed(&mut self, host: HostId, run: Run) {
        let mono = self.hosts[host].clock.read(self.time).mono;
        let tick = self.hosts[host].config.timing.tick;
        let Some(process) = self.hosts[host].running(run) else { return };
        let Process { driver, absence, .. } = process;
        let appended = driver.effects().filter_map(|effect| match effect {
            Effect::Append(entries) => Some(entries),
            _ => None,
        });
        let mut appended = appended.flatten().peekable();
        if appended.peek().is_none() || !acts(&driver.replica().status()) {
            return;
        }
        let judged = appended.try_for_each(|entry| absence.judge(entry, mono, tick));
        drop(appended);
        if let Err(explanation) = judged {
            let explanation = format!("{}: {explanation}", self.name(host));
            self.guilty(Property::PausesDoNotCount, explanation);
        }
    }
}
