//! How long this replica's loop has run: what logged elapsed time counts (ADR 21).
//!
//! A process that was stopped takes no renewals, and must not end what their senders meant to keep. So a
//! gap between two steps counts no further than it was planned, and after a long absence time stands still
//! until what waited in the sockets has had its turn. What was planned does count: where a machine is so
//! busy that every step comes late, leases must end all the same.

use understudy_evidence::correct;

use crate::MS;

/// By as much a timer is late on a machine that is well.
const PUNCTUAL: u64 = 2 * MS;
/// Ticks by which a step is late after an absence that lets time stand still.
const LATE: u64 = 25;
/// Time stands still for no longer after an absence.
const LONGEST: u64 = 1000 * MS;

/// When the next step was due, and whether the loop was at work until it came.
#[derive(Clone, Copy)]
pub(crate) struct Planned {
    /// In [`crate::Now::mono`]'s terms.
    pub due: u64,
    /// The pause between two ticks.
    pub tick: u64,
    /// It has waited for its own disk or machine: no more than a tick of that counts.
    pub working: bool,
}

/// The clock that stands while the loop does.
pub(crate) struct Running {
    /// Counted so far, nanoseconds.
    ran: u64,
    /// Up to when, in [`crate::Now::mono`]'s terms.
    at: u64,
    /// So much of what comes is not counted.
    still: u64,
    /// Counted since it stood still last: it stands for no longer than that, so that time goes on even
    /// where one absence follows the other.
    free: u64,
}

impl Running {
    pub fn new(now: u64) -> Self {
        Running { ran: 0, at: now, still: 0, free: u64::MAX }
    }

    /// Nanoseconds that count, up to the last step.
    pub fn ran(&self) -> u64 {
        self.ran
    }

    /// The same, if a step came now.
    pub fn ran_at(&self, now: u64, planned: Planned) -> u64 {
        self.ran + self.counted(now, planned).saturating_sub(self.still)
    }

    /// A step begins.
    pub fn step(&mut self, now: u64, planned: Planned) {
        let gap = now.saturating_sub(self.at);
        let counted = self.counted(now, planned);
        let absent = self.is_absent(now, planned);
        self.at = now;
        let held = counted.min(self.still);
        self.still -= held;
        self.ran += counted - held;
        self.free = self.free.saturating_add(counted - held);
        if absent {
            let still = gap.min(LONGEST).min(self.free);
            if still > self.still {
                (self.still, self.free) = (still, 0);
            }
        }
    }

    /// What the gap up to now counts.
    fn counted(&self, now: u64, planned: Planned) -> u64 {
        let gap = now.saturating_sub(self.at);
        let wait = planned.due.saturating_sub(self.at);
        let counts = match planned.working {
            true => wait.max(planned.tick),
            false => wait + PUNCTUAL,
        };
        correct!(gap.min(counts), "pauses-count" => gap)
    }

    /// Whether the process was away in that gap.
    fn is_absent(&self, now: u64, planned: Planned) -> bool {
        let late = now.saturating_sub(self.at.max(planned.due));
        !planned.working && late > LATE * planned.tick
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: u64 = 20 * MS;

    /// Steps at these times, milliseconds, the last of them ticks unless they are early.
    struct Loop {
        running: Running,
        due: u64,
        now: u64,
    }

    impl Loop {
        fn begin() -> Self {
            Loop { running: Running::new(7), due: 7 + TICK, now: 7 }
        }

        fn step(&mut self, gap: u64, working: bool) -> u64 {
            self.now += gap;
            let planned = Planned { due: self.due, tick: TICK, working };
            let before = self.running.ran();
            let foretold = self.running.ran_at(self.now, planned);
            self.running.step(self.now, planned);
            assert_eq!(self.running.ran(), foretold);
            if self.now >= self.due {
                self.due = self.now + TICK;
            }
            self.running.ran() - before
        }

        /// Steps on time for a while; gives what counts of it.
        fn runs(&mut self, span: u64) -> u64 {
            (0..span / TICK).map(|_| self.step(TICK, false)).sum()
        }
    }

    #[test]
    fn a_loop_that_runs_counts_all_of_its_time() {
        let mut work = Loop::begin();
        assert_eq!(work.runs(1000 * MS), 1000 * MS);
        let busy: u64 = (0..1000).map(|_| work.step(MS, false)).sum();
        assert_eq!(busy, 1000 * MS);
        assert_eq!(work.step(TICK + MS, false), TICK + MS, "as late as timers are");
    }

    #[test]
    fn no_pause_counts_more_than_was_planned_to_be_waited() {
        for pause in [1, 5, 15, 25, 60, 200, 1300, 3_600_000] {
            let mut work = Loop::begin();
            work.runs(5000 * MS);
            work.step(11 * MS, false);
            let counted = work.step(pause * MS, false);
            assert!(counted <= 9 * MS + PUNCTUAL, "{pause} ms count {counted}");
        }
    }

    #[test]
    fn time_stands_still_after_an_absence_for_as_long_again_and_a_second_at_most() {
        let mut work = Loop::begin();
        work.runs(5000 * MS);
        work.step(600 * MS, false);
        assert_eq!((work.runs(600 * MS), work.runs(100 * MS)), (0, 100 * MS));
        work.runs(5000 * MS);
        work.step(3_600_000 * MS, false);
        assert_eq!((work.runs(1000 * MS), work.runs(100 * MS)), (0, 100 * MS));
    }

    #[test]
    fn time_goes_on_where_one_absence_follows_the_other() {
        for (gap, least) in [(60, 300), (90, 200), (400, 40), (900, 20)] {
            let mut work = Loop::begin();
            // Never on time, as on a machine that has far too much to do.
            let counted: u64 = (0..1000 / gap + 9).map(|_| work.step(gap * MS, false)).sum();
            assert!(counted >= least * MS, "gaps of {gap} ms: {counted} ns");
        }
    }

    #[test]
    fn a_loop_that_waits_for_its_disk_counts_a_tick_of_that() {
        let mut work = Loop::begin();
        let counted: u64 = (0..10).map(|_| work.step(300 * MS, true)).sum();
        assert_eq!(counted, 10 * TICK);
        assert_eq!(work.step(15 * MS, true), 15 * MS, "a quick one counts");
    }
}
