//! Where each operation stands in the order of revisions.
//!
//! An acknowledged operation stands where its answer says. One of unknown outcome that wrote a
//! value which some answer shows was executed, at the revision shown: values are unique.

use std::collections::BTreeMap;

use crate::{Action, Found, Operation, Outcome, Reply};

/// A place in the order: after the change with this revision (`false`: the change itself; `true`:
/// something that saw the state after it).
pub type Place = (u64, bool);

/// What the answers tell about the whole history.
pub struct Evidence<'a> {
    /// The place of each operation, in the order of the history; `None` for those that failed
    /// or left no trace. One that found a revision forgotten stands there or later.
    pub places: Vec<Option<Place>>,
    /// The latest place that had been answered before each operation began, and by whom.
    pub floors: Vec<Option<(Place, usize)>>,
    /// Which operation wrote each value, and to which key.
    pub writers: BTreeMap<&'a str, (usize, &'a str)>,
    /// Each `(value, revision)` that was shown, the version, the key, and the operation that saw it.
    pub sightings: Vec<(&'a Found, &'a str, usize)>,
}

impl<'a> Evidence<'a> {
    /// Gathers it.
    pub fn of(history: &'a [Operation]) -> Self {
        let mut writers = BTreeMap::new();
        let mut sightings = Vec::new();
        for (i, operation) in history.iter().enumerate() {
            for (key, value) in operation.action.puts() {
                writers.entry(value).or_insert((i, key));
            }
            if let Some(answer) = operation.answer() {
                collect(operation, &answer.reply, i, &mut sightings);
            }
        }
        let mut places: Vec<Option<Place>> = history.iter().map(place).collect();
        for (found, _, _) in &sightings {
            if let Some((writer, _)) = writers.get(found.value.as_str())
                && matches!(history[*writer].outcome, Outcome::Unknown)
            {
                places[*writer] = Some((found.revision, false));
            }
        }
        let floors = floors(history, &places);
        Evidence { places, floors, writers, sightings }
    }

    /// The place of the state that an operation shows or makes: its own, but with a read at an old
    /// revision the one after that. `None` if it shows nothing.
    pub fn shows(&self, history: &[Operation], i: usize) -> Option<Place> {
        let Action::GetAt { revision, .. } = history[i].action else { return self.places[i] };
        matches!(history[i].answer()?.reply, Reply::Get { .. }).then_some((revision, true))
    }
}

fn place(operation: &Operation) -> Option<Place> {
    operation.answer().map(|answer| (answer.revision, !answer.reply.changed()))
}

fn collect<'a>(
    operation: &'a Operation,
    reply: &'a Reply,
    at: usize,
    into: &mut Vec<(&'a Found, &'a str, usize)>,
) {
    match (&operation.action, reply) {
        (Action::Get { key } | Action::GetAt { key, .. }, Reply::Get { found: Some(found) })
        | (Action::Put { key, .. }, Reply::Put { previous: Some(found), .. }) => {
            into.push((found, key, at));
        }
        (Action::Txn { then, otherwise, .. }, Reply::Txn { succeeded, replies }) => {
            let branch = if *succeeded { then } else { otherwise };
            for (step, reply) in branch.iter().zip(replies) {
                if let Reply::Get { found: Some(found) } = reply {
                    into.push((found, step.key(), at));
                }
            }
        }
        _ => {}
    }
}

/// For each operation the latest place among those that were answered before it began. One sweep
/// over begins and ends.
fn floors(history: &[Operation], places: &[Option<Place>]) -> Vec<Option<(Place, usize)>> {
    let mut begins: Vec<usize> = (0..history.len()).collect();
    begins.sort_by_key(|&i| history[i].begin);
    let mut ends: Vec<usize> =
        (0..history.len()).filter(|&i| history[i].answer().is_some()).collect();
    ends.sort_by_key(|&i| history[i].end);

    let mut floors = vec![None; history.len()];
    let mut latest: Option<(Place, usize)> = None;
    let mut ended = ends.into_iter().peekable();
    for i in begins {
        while let Some(&j) = ended.peek()
            && history[j].end < history[i].begin
        {
            if let Some(place) = places[j]
                && latest.is_none_or(|(highest, _)| place > highest)
            {
                latest = Some((place, j));
            }
            ended.next();
        }
        floors[i] = latest;
    }
    floors
}
