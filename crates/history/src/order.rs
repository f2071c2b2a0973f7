//! The order of revisions against real time.
//!
//! Every answer carries the store's revision, so the order of all changes is given, and each
//! other operation stands between two of them. With the order of writes given, linearizability can be
//! decided in O(n log n) (P. Gibbons, E. Korach: *Testing Shared Memories*, SIAM J. Comput. 26(4),
//! 1997): no operation may stand before one that had been answered when it began. What the
//! operations saw at their places is [`crate::replay`]'s part.

use std::collections::BTreeMap;

use crate::evidence::Evidence;
use crate::{Beginning, Operation, Outcome, Property, Reply, Verdict};

/// Reports operations out of order, and revisions given twice or to nobody.
pub(crate) fn judge(
    history: &[Operation],
    evidence: &Evidence<'_>,
    beginning: Beginning,
    verdict: &mut Verdict,
) {
    real_time(history, evidence, verdict);
    before(history, evidence, beginning, verdict);
    let owners = given_twice(history, evidence, verdict);
    if !beginning.others {
        given_to_nobody(history, evidence, beginning, &owners, verdict);
    }
}

/// Nothing stands before the history's beginning, and no change at it.
fn before(
    history: &[Operation],
    evidence: &Evidence<'_>,
    beginning: Beginning,
    verdict: &mut Verdict,
) {
    for (operation, place) in history.iter().zip(&evidence.places) {
        let Some(place) = *place else { continue };
        if place >= (beginning.revision, true) || forgotten(operation) {
            continue;
        }
        match (place, beginning.revision) {
            ((0, false), 0) => {
                let explanation = format!("{} changed nothing", operation.describe());
                verdict.add(Property::Revisions, explanation);
            }
            (_, revision) => verdict.add(
                Property::Linearizable,
                format!(
                    "{} stands before the history's beginning, revision {revision}",
                    operation.describe()
                ),
            ),
        }
    }
}

fn real_time(history: &[Operation], evidence: &Evidence<'_>, verdict: &mut Verdict) {
    for (i, operation) in history.iter().enumerate() {
        if let (Some(place), Some((floor, earlier))) = (evidence.places[i], evidence.floors[i])
            && place < floor
            && !forgotten(operation)
        {
            verdict.add(
                Property::Linearizable,
                format!(
                    "{} stands before {}, which was answered before it began",
                    operation.describe(),
                    history[earlier].describe()
                ),
            );
        }
    }
}

/// Whether it was told where the kept history begins, and not where the store is.
fn forgotten(operation: &Operation) -> bool {
    operation.answer().is_some_and(|answer| answer.reply == Reply::Compacted)
}

/// Each revision's operation.
fn given_twice(
    history: &[Operation],
    evidence: &Evidence<'_>,
    verdict: &mut Verdict,
) -> BTreeMap<u64, usize> {
    let mut owners: BTreeMap<u64, usize> = BTreeMap::new();
    for (i, place) in evidence.places.iter().enumerate() {
        let Some((revision, false)) = *place else { continue };
        if let Some(other) = owners.insert(revision, i) {
            verdict.add(
                Property::Revisions,
                format!(
                    "revision {revision} was given twice: {}; {}",
                    history[other].describe(),
                    history[i].describe()
                ),
            );
            let both = [other, i].iter().all(|&i| history[i].answer().is_some());
            verdict.lost += u64::from(both);
        }
    }
    owners
}

/// Revisions that no answer explains were made by operations of unknown outcome, each at most one,
/// and each after what had been answered when it began (Hall's condition, for intervals that
/// are open at one end).
fn given_to_nobody(
    history: &[Operation],
    evidence: &Evidence<'_>,
    beginning: Beginning,
    owners: &BTreeMap<u64, usize>,
    verdict: &mut Verdict,
) {
    let highest = evidence.places.iter().flatten().map(|place| place.0).max().unwrap_or(0);
    let mut hidden: Vec<u64> = history
        .iter()
        .enumerate()
        .filter(|(i, operation)| {
            matches!(operation.outcome, Outcome::Unknown)
                && operation.action.mutates()
                && evidence.places[*i].is_none()
        })
        .map(|(i, _)| evidence.floors[i].map_or(beginning.revision, |(floor, _)| floor.0))
        .collect();
    hidden.sort_unstable();
    let mut free = 0u64;
    let mut hidden = hidden.into_iter().peekable();
    for revision in beginning.revision + 1..=highest {
        while hidden.next_if(|&floor| floor < revision).is_some() {
            free += 1;
        }
        if owners.contains_key(&revision) {
            continue;
        }
        if free == 0 {
            verdict.add(
                Property::Revisions,
                format!("revision {revision} belongs to no operation of the history"),
            );
            return;
        }
        free -= 1;
    }
}
