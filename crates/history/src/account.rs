//! What was acknowledged must stay, what was executed must have been executed once, and what
//! failed not at all.

use std::collections::BTreeMap;

use crate::evidence::Evidence;
use crate::{Action, Found, Operation, Outcome, Property, Reply, Step, Verdict};

/// Reports writes that are gone, doubled, or should not be there.
pub(crate) fn judge(history: &[Operation], evidence: &Evidence<'_>, verdict: &mut Verdict) {
    sightings(history, evidence, verdict);
    let keys = Key::all(history);
    for (name, key) in &keys {
        key.judge(name, verdict);
    }
}

/// Every value that was shown must have been written, to that key, by a request that did not
/// fail, and at one revision only.
fn sightings(history: &[Operation], evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let mut shown: BTreeMap<&str, u64> = BTreeMap::new();
    for &(found, key, by) in &evidence.sightings {
        let Some(&(writer, written_to)) = evidence.writers.get(found.value.as_str()) else {
            verdict.add(
                Property::Linearizable,
                format!("{} shows a value that nobody wrote", history[by].describe()),
            );
            continue;
        };
        if written_to != key {
            verdict.add(
                Property::Linearizable,
                format!("{} shows the value of {written_to}", history[by].describe()),
            );
        }
        let writer = &history[writer];
        if writer.outcome == Outcome::Failed {
            verdict.add(
                Property::FailedMeansNotExecuted,
                format!("{} was seen by {}", writer.describe(), history[by].describe()),
            );
        }
        let first = shown
            .entry(&found.value)
            .or_insert_with(|| writer.answer().map_or(found.revision, |answer| answer.revision));
        if *first != found.revision {
            *first = found.revision;
            verdict.duplicated += 1;
            verdict.add(
                Property::ExactlyOnce,
                format!(
                    "{} was executed again, as {} shows",
                    writer.describe(),
                    history[by].describe()
                ),
            );
        }
    }
}

/// What the history says about one key.
#[derive(Default)]
struct Key<'a> {
    acknowledged_puts: u64,
    unknown_puts: u64,
    deletes: bool,
    /// The acknowledged change with the highest revision: `(revision, end, whether it deletes)`.
    last_change: Option<(u64, u64, bool)>,
    /// Whether something of unknown outcome may have deleted it.
    unknown_delete: bool,
    /// The read that began last, and what it found.
    last_read: Option<(&'a Operation, Option<&'a Found>)>,
}

impl<'a> Key<'a> {
    fn all(history: &'a [Operation]) -> BTreeMap<&'a str, Key<'a>> {
        let mut keys: BTreeMap<&str, Key<'a>> = BTreeMap::new();
        for operation in history {
            match (&operation.action, &operation.outcome) {
                (Action::Txn { then, otherwise, .. }, Outcome::Ok(answer)) => {
                    let Reply::Txn { succeeded, replies } = &answer.reply else { continue };
                    let branch = if *succeeded { then } else { otherwise };
                    for (step, reply) in branch.iter().zip(replies) {
                        keys.entry(step.key()).or_default().answered(operation, reply);
                    }
                }
                (Action::Txn { then, otherwise, .. }, Outcome::Unknown) => {
                    for step in then.iter().chain(otherwise) {
                        let key = keys.entry(step.key()).or_default();
                        key.unknown_puts += u64::from(matches!(step, Step::Put { .. }));
                        key.unknown_delete |= matches!(step, Step::Delete { .. });
                    }
                }
                // What was, not what is: the replay judges it.
                (Action::GetAt { .. }, _) | (_, Outcome::Failed) => {}
                (action, Outcome::Ok(answer)) => {
                    for name in action.keys() {
                        keys.entry(name).or_default().answered(operation, &answer.reply);
                    }
                }
                (action, Outcome::Unknown) => {
                    for name in action.keys() {
                        let key = keys.entry(name).or_default();
                        key.unknown_puts += u64::from(matches!(action, Action::Put { .. }));
                        key.unknown_delete |= matches!(action, Action::Delete { .. });
                    }
                }
            }
        }
        keys
    }

    fn answered(&mut self, operation: &'a Operation, reply: &'a Reply) {
        let revision = operation.answer().map_or(0, |answer| answer.revision);
        match reply {
            Reply::Put { .. } | Reply::Delete { deleted: true } => {
                let deletes = matches!(reply, Reply::Delete { .. });
                self.acknowledged_puts += u64::from(!deletes);
                self.deletes |= deletes;
                if self.last_change.is_none_or(|(last, _, _)| last <= revision) {
                    self.last_change = Some((revision, operation.end, deletes));
                }
            }
            Reply::Get { found }
                if self.last_read.is_none_or(|(last, _)| last.begin <= operation.begin) =>
            {
                self.last_read = Some((operation, found.as_ref()));
            }
            _ => {}
        }
    }

    fn judge(&self, name: &str, verdict: &mut Verdict) {
        let Some((read, found)) = self.last_read else { return };
        self.last_change_stays(name, read, found, verdict);
        let Some(found) = found else { return };
        if found.version > self.acknowledged_puts + self.unknown_puts {
            verdict.duplicated += 1;
            verdict.add(
                Property::ExactlyOnce,
                format!(
                    "{name} has version {}, with {} puts acknowledged and {} unknown",
                    found.version, self.acknowledged_puts, self.unknown_puts
                ),
            );
        }
        let quiet = self.last_change.is_some_and(|(_, end, _)| end < read.begin);
        let never_deleted = !self.deletes && !self.unknown_delete;
        if quiet && never_deleted && found.version < self.acknowledged_puts {
            let missing = self.acknowledged_puts - found.version;
            verdict.lost += missing;
            verdict.add(
                Property::NothingLost,
                format!(
                    "{name} has version {}, with {} puts acknowledged",
                    found.version, self.acknowledged_puts
                ),
            );
        }
    }

    fn last_change_stays(
        &self,
        name: &str,
        read: &Operation,
        found: Option<&Found>,
        verdict: &mut Verdict,
    ) {
        let Some((revision, end, deletes)) = self.last_change else { return };
        let gone = match found {
            Some(found) => found.revision < revision,
            None => !deletes && !self.unknown_delete,
        };
        if gone && end < read.begin {
            verdict.lost += 1;
            verdict.add(
                Property::NothingLost,
                format!(
                    "{name} was changed at revision {revision}, which is gone in {}",
                    read.describe()
                ),
            );
        }
    }
}
