//! What happened, for people, and for comparing two runs.

/// How much of it is kept. Lines cost time, so they are made only when somebody wants them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Detail {
    /// Nothing.
    #[default]
    Nothing,
    /// What an operator would notice: roles, the register, processes, answers.
    Story,
    /// Every event and effect.
    Everything,
}

/// The lines of one run.
#[derive(Default)]
pub struct Trace {
    wanted: Detail,
    lines: Vec<String>,
}

impl Trace {
    /// A trace that keeps so much.
    pub fn new(wanted: Detail) -> Self {
        Trace { wanted, lines: Vec::new() }
    }

    /// Whether lines of this kind are kept.
    pub fn wants(&self, detail: Detail) -> bool {
        self.wanted >= detail
    }

    /// Adds a line; `time` in nanoseconds.
    pub fn line(&mut self, detail: Detail, time: u64, text: impl FnOnce() -> String) {
        if self.wants(detail) {
            let time = time as f64 / 1e9;
            let text = text();
            self.lines.push(match self.wanted {
                Detail::Everything => format!("{time:>13.6} {text}"),
                _ => format!("{time:.3} {text}"),
            });
        }
    }

    /// All of it.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}
