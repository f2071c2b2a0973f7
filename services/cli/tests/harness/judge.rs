//! What the checkers say about a history.

use understudy_history::{Operation, Verdict, check};

/// Nothing lost, nothing done twice, no order contradicted; gives the counts.
pub fn consistent(history: &[Operation]) -> Verdict {
    let verdict = check(history);
    assert!(verdict.is_ok(), "{:#?}", verdict.violations);
    assert_eq!((verdict.lost, verdict.duplicated), (0, 0));
    assert!(verdict.acknowledged > 0, "nothing was acknowledged");
    verdict
}

/// The same, and no request failed or ended with an unknown outcome.
pub fn flawless(history: &[Operation]) -> Verdict {
    let verdict = consistent(history);
    assert_eq!((verdict.failed, verdict.unknown), (0, 0));
    verdict
}
