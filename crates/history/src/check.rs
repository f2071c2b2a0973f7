//! All checkers on one history.

use crate::evidence::Evidence;
use crate::{Beginning, Operation, Outcome, Verdict, account, kept, order, replay};

/// Judges a history. Memory and time are those of a few sorted copies of it, unless there are many
/// operations of unknown outcome on keys that transactions join.
pub fn check(history: &[Operation]) -> Verdict {
    check_from(history, Beginning::default())
}

/// The same for a history of a store in which others write, other keys than those of the history:
/// revisions that no operation explains are theirs.
pub fn check_among_others(history: &[Operation]) -> Verdict {
    check_from(history, Beginning { others: true, ..Beginning::default() })
}

/// The same for a history that says where it begins.
pub fn check_from(history: &[Operation], beginning: Beginning) -> Verdict {
    let mut verdict = Verdict::default();
    for operation in history {
        match operation.outcome {
            Outcome::Ok(_) => verdict.acknowledged += 1,
            Outcome::Failed => verdict.failed += 1,
            Outcome::Unknown => verdict.unknown += 1,
        }
    }
    let evidence = Evidence::of(history);
    account::judge(history, &evidence, &mut verdict);
    order::judge(history, &evidence, beginning, &mut verdict);
    kept::judge(history, &mut verdict);
    replay::judge(history, &evidence, &mut verdict);
    verdict
}
