//! Themes: a part of the seeds does not draw everything anew but rehearses one dangerous situation.
//!
//! A mix in which everything happens shows what nobody thought of; what takes three coincidences at
//! one time it shows once in thousands of seeds. Each theme is such a coincidence, sought after.

use fastrand::Rng;

/// What a seed rehearses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Theme {
    /// A primary does not know whether its learner is named, and the learner takes over.
    DoubtfulJoin,
    /// A new primary has much to commit and a slow disk, and everybody reads.
    ReadsAtFailover,
    /// Old primaries come back with tails that must be cut, and die while they cut.
    DivergingTails,
    /// Copies are lost again and again, and the new ones catch up slowly.
    LostCopies,
    /// A primary that has lost the others keeps its clients, who read, while another one has stepped in.
    ReadsBehindTheTimes,
    /// Backups execute nothing, disks are slow, and primaries fail.
    DeferredBackups,
    /// A primary answers in `async` mode while it has lost the others, and another one has stepped in.
    PrimaryAlone,
}

/// All of them.
const THEMES: [Theme; 7] = [
    Theme::DoubtfulJoin,
    Theme::ReadsAtFailover,
    Theme::DivergingTails,
    Theme::LostCopies,
    Theme::ReadsBehindTheTimes,
    Theme::DeferredBackups,
    Theme::PrimaryAlone,
];

/// Each theme is played by one seed in this many.
const ONE_OF: usize = 16;

impl Theme {
    /// Most seeds have none.
    pub(crate) fn draw(rng: &mut Rng) -> Option<Self> {
        let drawn = rng.usize(0..ONE_OF);
        THEMES.get(drawn).copied()
    }

    /// Its name in the counts.
    pub fn name(self) -> &'static str {
        match self {
            Theme::DoubtfulJoin => "theme: doubtful join",
            Theme::ReadsAtFailover => "theme: reads at failover",
            Theme::DivergingTails => "theme: diverging tails",
            Theme::LostCopies => "theme: lost copies",
            Theme::ReadsBehindTheTimes => "theme: reads behind the times",
            Theme::DeferredBackups => "theme: deferred backups",
            Theme::PrimaryAlone => "theme: primary alone",
        }
    }
}
