//! What is kept of a round: `round.json` in its directory.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::judge::{Judgement, Met};
use crate::way::Way;

const FILE: &str = "round.json";

/// What is kept of a round. Moments are nanoseconds of the machine's monotonic clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Which fault.
    pub fault: String,
    /// Which round of it, from 1.
    pub round: u32,
    /// When it was inflicted.
    pub struck: u64,
    /// The primary then.
    pub primary: String,
    /// Acknowledged operations.
    pub acknowledged: u64,
    /// Acknowledged writes that are gone.
    pub lost: u64,
    /// Writes that were executed more than once.
    pub duplicated: u64,
    /// What clients of the library met with.
    pub library: Met,
    /// What clients of the Service met with.
    pub service: Met,
    /// From a replica's pod running again, or from the repair, to two members again, milliseconds; 0
    /// if there always were two.
    pub restored_ms: u64,
    /// The same from the fault itself.
    pub whole_ms: u64,
    /// What the checkers say against the history.
    pub violations: Vec<String>,
    /// What did not stand the fault, beside that; `None` if everything did.
    pub trouble: Option<String>,
}

impl Record {
    /// Takes in what was judged.
    pub fn judged(mut self, judgement: &Judgement) -> Self {
        let met = |way| judgement.met.get(&way).copied().unwrap_or_default();
        let verdict = &judgement.verdict;
        let say = |one: &understudy_history::Violation| {
            format!("{:?}: {}", one.property, one.explanation)
        };
        (self.library, self.service) = (met(Way::Library), met(Way::Service));
        self.acknowledged = verdict.acknowledged;
        self.lost = verdict.lost;
        self.duplicated = verdict.duplicated;
        self.violations = verdict.violations.iter().map(say).collect();
        self
    }

    /// Whether nothing is off.
    pub fn is_ok(&self) -> bool {
        self.lost + self.duplicated == 0 && self.violations.is_empty() && self.trouble.is_none()
    }

    /// Keeps it in its directory.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, dir: &Path) -> Result<()> {
        // In one instant: a run that is resumed must not find half of it.
        let unfinished = dir.join(format!("{FILE}.new"));
        fs::write(&unfinished, serde_json::to_vec_pretty(self)?)?;
        Ok(fs::rename(unfinished, dir.join(FILE))?)
    }

    /// What was kept in a round's directory; `None` if nothing was.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn kept(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read(&path).with_context(|| path.display().to_string())?;
        Ok(Some(serde_json::from_slice(&text).with_context(|| path.display().to_string())?))
    }

    /// One line for people.
    pub fn describe(&self) -> String {
        let seconds = |ms: u64| format!("{:.1} s", ms as f64 / 1e3);
        let mut text = format!(
            "pause {} ms, slowest {} ms; through the Service {} ms, {} ms; two members again after {}, {} from the fault; \
             {} acknowledged, {} failed, {} through the Service",
            self.library.pause_ms,
            self.library.slowest_ms,
            self.service.pause_ms,
            self.service.slowest_ms,
            seconds(self.restored_ms),
            seconds(self.whole_ms),
            self.acknowledged,
            self.library.failed,
            self.service.failed,
        );
        if !self.is_ok() {
            text += &format!(
                "; SOMETHING IS WRONG: {} lost, {} duplicated",
                self.lost, self.duplicated
            );
            for what in self.violations.iter().take(3).chain(&self.trouble) {
                text += &format!("; {what}");
            }
        }
        text
    }
}

/// The directory of a round.
pub fn dir(out: &Path, fault: &str, round: u32) -> PathBuf {
    out.join(fault).join(format!("{round:03}"))
}
