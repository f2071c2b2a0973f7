//! Situations in which a rule of docs/protocol.md is put to use.

use crate::index_of;

/// One situation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Its name, unique.
    pub name: &'static str,
    /// The rule that it exercises, 1 to 12, and the name.
    pub label: &'static str,
}

macro_rules! at {
    ($rule:literal, $name:literal) => {
        Mark { name: $name, label: concat!("rule ", $rule, ": ", $name) }
    };
}

/// All of them, by rule.
pub const MARKS: &[Mark] = &[
    at!(1, "attempt won"),
    at!(1, "attempt lost"),
    at!(1, "attempt unknown"),
    at!(1, "attempt won though unanswered"),
    at!(1, "attempt not landed yet, repeated"),
    at!(1, "attempt met a conflict"),
    at!(2, "entry waits for a backup"),
    at!(2, "commit moved by a backup's ack"),
    at!(2, "executed ahead of the commit"),
    at!(2, "async waited for a long tail"),
    at!(2, "async waited for an old tail"),
    at!(2, "async waited for evidence"),
    at!(2, "commit by receipt"),
    at!(3, "drop won"),
    at!(4, "learner obliged"),
    at!(4, "join won"),
    at!(4, "join let go"),
    at!(5, "promoted: the primary was silent"),
    at!(5, "promoted: its process was gone"),
    at!(5, "promoted: it began another life"),
    at!(5, "promoted: it handed over"),
    at!(5, "takeover based on an earlier read"),
    at!(5, "not promoted: not named"),
    at!(5, "a newer epoch followed"),
    at!(6, "loser failed itself"),
    at!(6, "handed over and follows"),
    at!(6, "full primary handed over"),
    at!(6, "followed on a stream dialed ahead"),
    at!(7, "restarted primary did not act"),
    at!(8, "opening entry committed"),
    at!(8, "read waited for the opening entry"),
    at!(8, "backlog executed by a new primary"),
    at!(8, "backlog executed for its size"),
    at!(9, "conflicting tail cut"),
    at!(9, "tail set aside"),
    at!(9, "stopped by a contradiction"),
    at!(9, "ack held back for the disk"),
    at!(9, "commit held back for the disk"),
    at!(9, "log matched after an older epoch"),
    at!(9, "log let go where room was scarce"),
    at!(9, "snapshot took the log's place"),
    at!(9, "snapshot taken on in the background"),
    at!(10, "read round confirmed"),
    at!(10, "read answered alone"),
    at!(11, "cluster founded"),
    at!(11, "copy begun anew"),
    at!(11, "another copy after a crash in received mode"),
    at!(12, "overtaken read repeated"),
    at!(12, "epoch rose"),
];

const NAMES: [&str; MARKS.len()] = {
    let mut names = [""; MARKS.len()];
    let mut at = 0;
    while at < MARKS.len() {
        names[at] = MARKS[at].name;
        at += 1;
    }
    names
};

/// Where a mark stands in [`MARKS`].
///
/// # Panics
/// When there is none of that name; in a constant, as [`crate::reached!`] uses it, that is a compile
/// error.
pub const fn mark(name: &str) -> usize {
    index_of(name, &NAMES)
}
