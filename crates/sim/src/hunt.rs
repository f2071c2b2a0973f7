//! Hunts wrong versions: each of [`understudy_evidence::MUTANTS`] must be caught, by a property that
//! it breaks.

use std::fmt;

use understudy_evidence::Mutant;

use crate::checks::violation::Violation;
use crate::fleet::{self, Plan};
use crate::report::Report;

/// How a hunt ended.
#[derive(Debug)]
pub struct Hunt {
    /// The wrong version.
    pub mutant: &'static Mutant,
    /// Seeds run.
    pub seeds: u64,
    /// The first seed that failed, and how.
    pub caught: Option<(u64, Violation)>,
}

impl Hunt {
    /// Whether it was caught by a property that it breaks, and not by some other accident.
    pub fn is_good(&self) -> bool {
        self.caught
            .as_ref()
            .is_some_and(|(_, violation)| self.mutant.breaks.contains(&violation.property.name()))
    }
}

impl fmt::Display for Hunt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, seeds) = (self.mutant.name, self.seeds);
        match &self.caught {
            None => write!(f, "{name}: survived {seeds} seeds"),
            Some((seed, violation)) => {
                let Violation { property, explanation } = violation;
                let by = property.name();
                write!(
                    f,
                    "{name}: caught by {by} at seed {seed}, the {seeds}. run: {explanation}"
                )?;
                if !self.is_good() {
                    write!(f, " (it was expected to break {})", self.mutant.breaks.join(", "))?;
                }
                Ok(())
            }
        }
    }
}

/// Runs seeds of the plan with that wrong version until one of them fails.
pub fn hunt(mutant: &'static Mutant, plan: &Plan, mut told: impl FnMut(&Report)) -> Hunt {
    let plan = Plan { mutant: Some(mutant), ..*plan };
    let mut hunt = Hunt { mutant, seeds: 0, caught: None };
    fleet::run(&plan, |report| {
        told(&report);
        hunt.seeds += 1;
        hunt.caught = report.violation.map(|violation| (report.seed, violation));
        hunt.caught.is_none()
    });
    hunt
}
