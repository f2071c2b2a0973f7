//! What one client did and what it was told.

use serde::{Deserialize, Serialize};

/// One operation of one client. One line of the history format.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Operation {
    /// Who.
    pub client: u64,
    /// Unique within the client.
    pub id: u64,
    /// What was asked.
    pub action: Action,
    /// When the call began, nanoseconds on a clock that all clients of the history share.
    pub begin: u64,
    /// When it ended; for an unknown outcome, when the client gave up.
    pub end: u64,
    /// How.
    pub outcome: Outcome,
}

/// What was asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Sets a key.
    Put {
        /// The key.
        key: String,
        /// Unique in the history.
        value: String,
        /// Must hold, or nothing is done.
        #[serde(default, skip_serializing_if = "Condition::is_always")]
        condition: Condition,
        /// Whether the reply carries what was there before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        want_previous: bool,
    },
    /// Reads a key, linearizably.
    Get {
        /// The key.
        key: String,
    },
    /// Reads a key as it stood at an old revision, from 1 on; linearizably, too, since whether the
    /// store has got to that revision, and still keeps it, depends on when it is asked.
    GetAt {
        /// The key.
        key: String,
        /// Which revision.
        revision: u64,
    },
    /// Removes a key.
    Delete {
        /// The key.
        key: String,
        /// Must hold, or nothing is done.
        #[serde(default, skip_serializing_if = "Condition::is_always")]
        condition: Condition,
    },
    /// All compares are evaluated, then one of the branches is executed, all at one revision.
    Txn {
        /// All must hold for `then`; otherwise `otherwise` is executed.
        compares: Vec<Compare>,
        /// Executed when they hold.
        then: Vec<Step>,
        /// Executed when they do not.
        otherwise: Vec<Step>,
    },
}

/// When a write is to be executed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// In any case.
    #[default]
    Always,
    /// Only if the key is absent.
    Absent,
    /// Only if the key was last changed at this revision.
    Revision(u64),
}

impl Condition {
    fn is_always(&self) -> bool {
        *self == Condition::Always
    }
}

/// One compare of a transaction.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Compare {
    /// Of which key. An absent key has no value, revision 0 and version 0.
    pub key: String,
    /// What of it, and with what it is compared.
    pub target: Target,
    /// How the key's (left) must relate to the target's (right).
    pub relation: Relation,
}

/// What a compare looks at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The value; a compare of an absent key's value never holds.
    Value(String),
    /// The revision of the last change.
    Revision(u64),
    /// The number of changes since the key was created.
    Version(u64),
}

/// How two sides of a compare relate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Left = right.
    Equal,
    /// Left ≠ right.
    NotEqual,
    /// Left < right.
    Less,
    /// Left > right.
    Greater,
}

/// One step of a transaction's branch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Sets a key.
    Put {
        /// The key.
        key: String,
        /// Unique in the history.
        value: String,
    },
    /// Reads a key, as it stands after the steps before.
    Get {
        /// The key.
        key: String,
    },
    /// Removes a key.
    Delete {
        /// The key.
        key: String,
    },
}

/// How an operation ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Executed, with this answer.
    Ok(Answer),
    /// Definitely not executed.
    Failed,
    /// It may have been executed, or may be executed later, at most once.
    Unknown,
}

/// What the store answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The store's revision right after execution: every operation that changes something raises
    /// it by one, so this is the operation's own revision if it changed something, and otherwise
    /// that of the state it saw. With [`Reply::Compacted`] it is the oldest revision that is kept.
    pub revision: u64,
    /// The answer itself.
    pub reply: Reply,
}

/// The answer to one action or step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It is set.
    Put {
        /// The key's version now, if the store tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u64>,
        /// What was there before, if it was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous: Option<Found>,
    },
    /// It is read.
    Get {
        /// What is there; `None` for an absent key.
        found: Option<Found>,
    },
    /// It is gone.
    Delete {
        /// Whether there was something.
        deleted: bool,
    },
    /// The condition did not hold, or the store had not got to the revision; nothing was done.
    Refused,
    /// The revision is not kept any more.
    Compacted,
    /// The transaction is executed.
    Txn {
        /// Whether the compares held.
        succeeded: bool,
        /// One reply per step of the branch.
        replies: Vec<Reply>,
    },
}

/// A key as an answer shows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Found {
    /// Its value.
    pub value: String,
    /// The revision of its last change.
    pub revision: u64,
    /// How often it was set since it was created.
    pub version: u64,
}

impl Reply {
    /// Whether the store has changed.
    pub fn changed(&self) -> bool {
        match self {
            Reply::Put { .. } => true,
            Reply::Delete { deleted } => *deleted,
            Reply::Get { .. } | Reply::Refused | Reply::Compacted => false,
            Reply::Txn { replies, .. } => replies.iter().any(Reply::changed),
        }
    }
}

impl Action {
    /// Every key that the action reads or writes, in the order of mention, with repetitions.
    pub fn keys(&self) -> Vec<&str> {
        match self {
            Action::Put { key, .. }
            | Action::Get { key }
            | Action::GetAt { key, .. }
            | Action::Delete { key, .. } => vec![key],
            Action::Txn { compares, then, otherwise } => compares
                .iter()
                .map(|compare| compare.key.as_str())
                .chain(then.iter().chain(otherwise).map(Step::key))
                .collect(),
        }
    }

    /// Every `(key, value)` that the action may write.
    pub fn puts(&self) -> Vec<(&str, &str)> {
        match self {
            Action::Put { key, value, .. } => vec![(key, value)],
            Action::Get { .. } | Action::GetAt { .. } | Action::Delete { .. } => Vec::new(),
            Action::Txn { then, otherwise, .. } => {
                then.iter().chain(otherwise).filter_map(Step::put).collect()
            }
        }
    }

    /// Every revision that its conditions name: of which key, and whether they tell lower from higher ones
    /// by it, not only equal ones from others.
    pub fn revisions(&self) -> Vec<(&str, u64, bool)> {
        match self {
            Action::Put { key, condition: Condition::Revision(revision), .. }
            | Action::Delete { key, condition: Condition::Revision(revision), .. } => {
                vec![(key, *revision, false)]
            }
            Action::Txn { compares, .. } => compares
                .iter()
                .filter_map(|compare| match compare.target {
                    Target::Revision(revision) => {
                        let orders = matches!(compare.relation, Relation::Less | Relation::Greater);
                        Some((compare.key.as_str(), revision, orders))
                    }
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it may change the store.
    pub fn mutates(&self) -> bool {
        match self {
            Action::Put { .. } | Action::Delete { .. } => true,
            Action::Get { .. } | Action::GetAt { .. } => false,
            Action::Txn { then, otherwise, .. } => {
                then.iter().chain(otherwise).any(|step| !matches!(step, Step::Get { .. }))
            }
        }
    }
}

impl Step {
    /// Its key.
    pub fn key(&self) -> &str {
        match self {
            Step::Put { key, .. } | Step::Get { key } | Step::Delete { key } => key,
        }
    }

    fn put(&self) -> Option<(&str, &str)> {
        match self {
            Step::Put { key, value } => Some((key, value)),
            _ => None,
        }
    }
}

impl Operation {
    /// The answer of an acknowledged operation.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.outcome {
            Outcome::Ok(answer) => Some(answer),
            _ => None,
        }
    }

    /// The operation in one short line, for explanations.
    pub fn describe(&self) -> String {
        let what = match &self.action {
            Action::Put { key, value, .. } => format!("put {key}={value}"),
            Action::Get { key } => format!("get {key}"),
            Action::GetAt { key, revision } => format!("get {key} as of revision {revision}"),
            Action::Delete { key, .. } => format!("delete {key}"),
            Action::Txn { .. } => format!("txn on {}", self.action.keys().join(",")),
        };
        let how = match &self.outcome {
            Outcome::Ok(answer) => format!("{:?} at revision {}", answer.reply, answer.revision),
            Outcome::Failed => "failed".into(),
            Outcome::Unknown => "unknown".into(),
        };
        format!("client {}#{} [{}..{}] {what}: {how}", self.client, self.id, self.begin, self.end)
    }
}
