//! The sequential store that answers are compared with.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::{Action, Compare, Condition, Found, Relation, Reply, Step, Target};

/// A revision, as far as conditions can tell it from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revision {
    /// This one.
    At(u64),
    /// One that no answer shows: higher than this, lower than the next that any condition names, and equal to none.
    After(u64),
}

impl Ord for Revision {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = |revision: &Self| match revision {
            Revision::At(revision) => (*revision, false),
            Revision::After(revision) => (*revision, true),
        };
        order(self).cmp(&order(other))
    }
}

impl PartialOrd for Revision {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A key of the model.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Cell {
    /// Its value.
    pub value: String,
    /// The revision of its last change.
    pub revision: Revision,
    /// How often it was set since it was created.
    pub version: u64,
}

/// What [`Store::apply`] has replaced, to be given to [`Store::undo`].
pub type Undo = Vec<(String, Option<Cell>)>;

/// The plain key-value store.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Store {
    cells: BTreeMap<String, Cell>,
}

impl Store {
    /// Executes an action whose changes carry `revision`. Gives the reply and the way back.
    pub fn apply(&mut self, action: &Action, revision: Revision) -> (Reply, Undo) {
        let mut undo = Undo::new();
        let reply = match action {
            Action::Put { key, value, condition, want_previous } => {
                if self.holds(key, *condition) {
                    let previous = self.found(key).filter(|_| *want_previous);
                    let version = self.put(key, value, revision, &mut undo);
                    Reply::Put { version: Some(version), previous }
                } else {
                    Reply::Refused
                }
            }
            // Of the old revision, which the caller brings this store to.
            Action::Get { key } | Action::GetAt { key, .. } => {
                Reply::Get { found: self.found(key) }
            }
            Action::Delete { key, condition } => {
                if self.holds(key, *condition) {
                    Reply::Delete { deleted: self.delete(key, &mut undo) }
                } else {
                    Reply::Refused
                }
            }
            Action::Txn { compares, then, otherwise } => {
                let succeeded = compares.iter().all(|compare| self.compares(compare));
                let branch = if succeeded { then } else { otherwise };
                let replies =
                    branch.iter().map(|step| self.step(step, revision, &mut undo)).collect();
                Reply::Txn { succeeded, replies }
            }
        };
        (reply, undo)
    }

    /// Takes back what one [`Store::apply`] did; only in reverse order.
    pub fn undo(&mut self, undo: Undo) {
        for (key, cell) in undo.into_iter().rev() {
            match cell {
                Some(cell) => self.cells.insert(key, cell),
                None => self.cells.remove(&key),
            };
        }
    }

    fn step(&mut self, step: &Step, revision: Revision, undo: &mut Undo) -> Reply {
        match step {
            Step::Put { key, value } => {
                Reply::Put { version: Some(self.put(key, value, revision, undo)), previous: None }
            }
            Step::Get { key } => Reply::Get { found: self.found(key) },
            Step::Delete { key } => Reply::Delete { deleted: self.delete(key, undo) },
        }
    }

    fn put(&mut self, key: &str, value: &str, revision: Revision, undo: &mut Undo) -> u64 {
        let version = self.cells.get(key).map_or(0, |cell| cell.version) + 1;
        let cell = Cell { value: value.to_owned(), revision, version };
        undo.push((key.to_owned(), self.cells.insert(key.to_owned(), cell)));
        version
    }

    fn delete(&mut self, key: &str, undo: &mut Undo) -> bool {
        match self.cells.remove(key) {
            Some(cell) => {
                undo.push((key.to_owned(), Some(cell)));
                true
            }
            None => false,
        }
    }

    fn found(&self, key: &str) -> Option<Found> {
        self.cells.get(key).map(|cell| Found {
            value: cell.value.clone(),
            revision: match cell.revision {
                Revision::At(revision) => revision,
                Revision::After(_) => u64::MAX,
            },
            version: cell.version,
        })
    }

    fn holds(&self, key: &str, condition: Condition) -> bool {
        match condition {
            Condition::Always => true,
            Condition::Absent => !self.cells.contains_key(key),
            Condition::Revision(revision) => {
                self.cells.get(key).is_some_and(|cell| cell.revision == Revision::At(revision))
            }
        }
    }

    fn compares(&self, compare: &Compare) -> bool {
        let cell = self.cells.get(&compare.key);
        let order = match &compare.target {
            Target::Value(value) => match cell {
                Some(cell) => cell.value.cmp(value),
                None => return false,
            },
            Target::Revision(revision) => {
                let found = cell.map_or(Revision::At(0), |cell| cell.revision);
                found.cmp(&Revision::At(*revision))
            }
            Target::Version(version) => cell.map_or(0, |cell| cell.version).cmp(version),
        };
        match compare.relation {
            Relation::Equal => order.is_eq(),
            Relation::NotEqual => order.is_ne(),
            Relation::Less => order.is_lt(),
            Relation::Greater => order.is_gt(),
        }
    }
}

/// Whether a recorded reply is the model's, where the recording tells.
pub fn agrees(recorded: &Reply, model: &Reply) -> bool {
    match (recorded, model) {
        (
            Reply::Put { version, previous },
            Reply::Put { version: model_version, previous: model_previous },
        ) => (version.is_none() || version == model_version) && previous == model_previous,
        (
            Reply::Txn { succeeded, replies },
            Reply::Txn { succeeded: model_succeeded, replies: model_replies },
        ) => {
            succeeded == model_succeeded
                && replies.len() == model_replies.len()
                && replies.iter().zip(model_replies).all(|(a, b)| agrees(a, b))
        }
        (recorded, model) => recorded == model,
    }
}
