//! The model's answers along the order of revisions.
//!
//! Keys that some transaction joins form a group; each group is searched alone, since
//! linearizability is local (Herlihy and Wing). Within a group the places of the evidence
//! give the order of everything that left a trace. Open is only which of the operations of unknown
//! outcome that left none were executed, and where: a depth-first search (J. Wing, C. Gong: *Testing
//! and Verifying Concurrent Objects*, 1993) that remembers dead ends (G. Lowe: *Testing for
//! Linearizability*, 2017), tries to do without them first, and puts one in at the first revision
//! that is free after the last use of its keys and after what had been answered when it began.
//! A read at an old revision stands after that revision, whenever it was asked: the search meets it there
//! like any other read, so it must show the same store. A revision may be lent to several groups, so the search can accept what a cleverer one would
//! refuse, never the reverse; [`crate::order`] counts the revisions.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::{Evidence, Place};
use crate::model::{Revision, Undo, agrees};
use crate::{Action, Operation, Outcome, Property, Store, Verdict};

/// Steps after which the search of one group is given up.
pub const BUDGET: u64 = 20_000_000;

/// Reports the groups that no placement explains.
pub(crate) fn judge(history: &[Operation], evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let taken: BTreeSet<u64> =
        evidence.places.iter().flatten().filter(|place| !place.1).map(|place| place.0).collect();
    for group in groups(history) {
        let mut search = Search::new(history, evidence, &taken, &group);
        match search.run() {
            Ok(()) => {}
            Err(Stuck::Refuted(at)) => verdict.add(
                match history[at].action {
                    Action::GetAt { .. } => Property::OldRevisions,
                    _ => Property::Linearizable,
                },
                format!("no order of the operations explains {}", history[at].describe()),
            ),
            Err(Stuck::Tired) => verdict.add(
                Property::Undecided,
                format!("gave up a group of {} operations after {BUDGET} steps", group.len()),
            ),
        }
    }
}

/// The operations by group, in the order of the history.
fn groups(history: &[Operation]) -> Vec<Vec<usize>> {
    let mut parents: BTreeMap<&str, &str> = BTreeMap::new();
    for operation in history {
        let keys = operation.action.keys();
        for key in &keys {
            parents.entry(key).or_insert(key);
        }
        for pair in keys.windows(2) {
            let (a, b) = (root(&parents, pair[0]), root(&parents, pair[1]));
            parents.insert(a, b);
        }
    }
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, operation) in history.iter().enumerate() {
        if let Some(key) = operation.action.keys().first() {
            groups.entry(root(&parents, key)).or_default().push(i);
        }
    }
    groups.into_values().collect()
}

fn root<'a>(parents: &BTreeMap<&'a str, &'a str>, mut key: &'a str) -> &'a str {
    while parents[key] != key {
        key = parents[key];
    }
    key
}

/// The hidden operations that can matter to operation `i`: they touch one of its keys, or one that
/// such a hidden one touches. Any other may as well be put in later, right before the next use of
/// one of its keys: until then nothing tells the difference, and no fewer revisions are free.
fn related(history: &[Operation], hidden: &[usize], i: usize) -> BTreeSet<usize> {
    let mut keys: BTreeSet<&str> = history[i].action.keys().into_iter().collect();
    let mut found = BTreeSet::new();
    loop {
        let touch = |&&h: &&usize| history[h].action.keys().iter().any(|key| keys.contains(key));
        let more: Vec<usize> =
            hidden.iter().filter(|h| !found.contains(*h)).filter(touch).copied().collect();
        if more.is_empty() {
            return found;
        }
        keys.extend(more.iter().flat_map(|&h| history[h].action.keys()));
        found.extend(more);
    }
}

/// One of the hidden operations may have been executed next.
struct Alternative {
    hidden: usize,
    /// At the first free revision from here
    from: u64,
    /// to here
    to: u64,
    /// that is none of these.
    not: BTreeSet<u64>,
}

/// In which ways the hidden operations that can matter to the placed ones from `at` on may have been executed
/// before these: each in one for each set of revisions that conditions can tell apart. Only conditions on its
/// keys count, of hidden operations, and of placed ones as long as the keys are not written again.
fn alternatives(
    history: &[Operation],
    placed: &[(Place, usize)],
    hidden: &[usize],
    taken: &BTreeSet<u64>,
    at: usize,
) -> Vec<Alternative> {
    let mut ways = Vec::new();
    for h in related(history, hidden, placed[at].1) {
        let (mut named, mut bounds) = (BTreeSet::new(), BTreeSet::new());
        let mut keys: BTreeSet<&str> = history[h].action.keys().into_iter().collect();
        let mut note = |operation: &Operation, keys: &BTreeSet<&str>| {
            for (key, revision, orders) in operation.action.revisions() {
                if revision > 0 && keys.contains(key) {
                    named.extend((!taken.contains(&revision)).then_some(revision));
                    bounds.extend(orders.then_some(revision));
                }
            }
        };
        hidden.iter().for_each(|&other| note(&history[other], &keys));
        for &(_, i) in &placed[at..] {
            note(&history[i], &keys);
            if let (Action::Put { key, .. }, Some(answer)) =
                (&history[i].action, history[i].answer())
                && answer.reply.changed()
            {
                keys.remove(key.as_str());
            }
            if keys.is_empty() {
                break;
            }
        }
        let from = std::iter::once(0).chain(bounds.iter().map(|b| b.saturating_add(1)));
        let to = bounds.iter().map(|bound| bound.saturating_sub(1)).chain([u64::MAX]);
        ways.extend(from.zip(to).map(|(from, to)| Alternative {
            hidden: h,
            from,
            to,
            not: named.clone(),
        }));
        let named = named.iter().map(|&named| (named, named));
        ways.extend(named.map(|(from, to)| Alternative {
            hidden: h,
            from,
            to,
            not: BTreeSet::new(),
        }));
    }
    ways
}

enum Stuck {
    /// No placement gets past this operation; the search got no further than it.
    Refuted(usize),
    Tired,
}

/// One decision, with the way back.
struct Frame {
    /// Operations placed before it.
    at: usize,
    /// The next alternative: 0 takes the next placed operation, the others put in a hidden one.
    next: usize,
    /// The way back from the alternative that was taken last.
    back: Option<Back>,
}

struct Back {
    undo: Undo,
    uses: Vec<(String, Option<u64>)>,
    hidden: Option<usize>,
}

/// What decides whether the search can succeed from here: how many operations are placed, which
/// hidden ones are put in, the store, and where each key was used last.
type State = (usize, Vec<usize>, Store, BTreeMap<String, u64>);

struct Search<'a> {
    history: &'a [Operation],
    evidence: &'a Evidence<'a>,
    taken: &'a BTreeSet<u64>,
    /// The group's operations that have a place, in order.
    placed: Vec<(Place, usize)>,
    /// Those of unknown outcome that have none, by begin.
    hidden: Vec<usize>,
    /// What may come before a placed one, by its place in `placed`.
    alternatives: Vec<Vec<Alternative>>,
    /// Which hidden operations are put in.
    used: Vec<usize>,
    /// This many may be.
    most: usize,
    /// Another one was not tried for that reason.
    cut: bool,
    store: Store,
    /// The revision at which each key was last read or written.
    last_use: BTreeMap<String, u64>,
    dead: BTreeSet<State>,
}

impl<'a> Search<'a> {
    fn new(
        history: &'a [Operation],
        evidence: &'a Evidence<'a>,
        taken: &'a BTreeSet<u64>,
        group: &[usize],
    ) -> Self {
        let mut placed: Vec<(Place, usize)> =
            group.iter().filter_map(|&i| Some((evidence.shows(history, i)?, i))).collect();
        placed.sort_by_key(|&(place, i)| (place, history[i].begin));
        let mut hidden: Vec<usize> = group
            .iter()
            .copied()
            .filter(|&i| {
                matches!(history[i].outcome, Outcome::Unknown)
                    && history[i].action.mutates()
                    && evidence.places[i].is_none()
            })
            .collect();
        hidden.sort_by_key(|&i| history[i].begin);
        let alternatives = (0..placed.len())
            .map(|at| alternatives(history, &placed, &hidden, taken, at))
            .collect();
        Search {
            history,
            evidence,
            taken,
            placed,
            hidden,
            alternatives,
            used: Vec::new(),
            most: 0,
            cut: false,
            store: Store::default(),
            last_use: BTreeMap::new(),
            dead: BTreeSet::new(),
        }
    }

    /// Tries with none of the hidden operations, then with one of them at most, then with two: few
    /// are needed as a rule, and each more multiplies the ways.
    fn run(&mut self) -> Result<(), Stuck> {
        let mut steps = 0;
        loop {
            self.cut = false;
            match self.run_with(&mut steps) {
                Err(Stuck::Refuted(_)) if self.cut => {
                    self.most += 1;
                    self.dead.clear();
                }
                decided => return decided,
            }
        }
    }

    fn run_with(&mut self, steps: &mut u64) -> Result<(), Stuck> {
        let mut stack = vec![Frame { at: 0, next: 0, back: None }];
        let mut furthest = 0;
        while let Some(mut frame) = stack.pop() {
            if frame.at == self.placed.len() {
                return Ok(());
            }
            *steps += 1;
            if *steps > BUDGET + self.placed.len() as u64 {
                return Err(Stuck::Tired);
            }
            furthest = furthest.max(frame.at);
            if let Some(back) = frame.back.take() {
                self.take_back(back);
            }
            let Some((back, at)) = self.advance(&mut frame) else {
                if !self.hidden.is_empty() {
                    self.dead.insert(self.state(frame.at));
                }
                continue;
            };
            frame.back = Some(back);
            stack.push(frame);
            let known = !self.dead.is_empty() && self.dead.contains(&self.state(at));
            // A dead end again: the frame's next alternative comes next.
            if !known {
                stack.push(Frame { at, next: 0, back: None });
            }
        }
        Err(Stuck::Refuted(self.placed[furthest].1))
    }

    /// Takes the frame's next alternative that is possible.
    fn advance(&mut self, frame: &mut Frame) -> Option<(Back, usize)> {
        while frame.next <= self.alternatives[frame.at].len() {
            if frame.next > 0 && self.used.len() == self.most {
                self.cut = true;
                return None;
            }
            let alternative = frame.next;
            frame.next += 1;
            let taken = match alternative.checked_sub(1) {
                None => self.take_placed(frame.at).map(|back| (back, frame.at + 1)),
                Some(n) => self.put_in(n, frame.at).map(|back| (back, frame.at)),
            };
            if taken.is_some() {
                return taken;
            }
        }
        None
    }

    fn take_placed(&mut self, at: usize) -> Option<Back> {
        let ((revision, _), i) = self.placed[at];
        let operation = &self.history[i];
        let (reply, undo) = self.store.apply(&operation.action, Revision::At(revision));
        let explained = match &operation.outcome {
            Outcome::Ok(answer) => agrees(&answer.reply, &reply),
            _ => reply.changed(),
        };
        if !explained {
            self.store.undo(undo);
            return None;
        }
        Some(Back { undo, uses: self.touch(i, revision), hidden: None })
    }

    /// Puts in a hidden operation before a placed one.
    fn put_in(&mut self, alternative: usize, at: usize) -> Option<Back> {
        let &Alternative { hidden: i, from, to, ref not } = &self.alternatives[at][alternative];
        if self.used.contains(&i) {
            return None;
        }
        let operation = &self.history[i];
        let last_use =
            operation.action.keys().iter().filter_map(|key| self.last_use.get(*key)).max();
        let floor = self.evidence.floors[i].map_or(0, |(floor, _)| floor.0);
        let first = from.max(floor.max(last_use.copied().unwrap_or(0)) + 1);
        let is_free = |revision: &u64| !self.taken.contains(revision) && !not.contains(revision);
        let revision = (first..=to).find(is_free)?;
        if (revision, false) > self.placed[at].0 {
            return None;
        }
        // Which one it is makes no difference but to conditions: two ways that these cannot tell apart are one.
        let shown =
            if from == to { Revision::At(from) } else { Revision::After(from.saturating_sub(1)) };
        let (reply, undo) = self.store.apply(&operation.action, shown);
        if !reply.changed() {
            self.store.undo(undo);
            return None;
        }
        self.used.push(i);
        Some(Back { undo, uses: self.touch(i, revision), hidden: Some(i) })
    }

    fn touch(&mut self, i: usize, revision: u64) -> Vec<(String, Option<u64>)> {
        if self.hidden.is_empty() {
            return Vec::new();
        }
        self.history[i]
            .action
            .keys()
            .into_iter()
            .map(|key| (key.to_owned(), self.last_use.insert(key.to_owned(), revision)))
            .collect()
    }

    fn take_back(&mut self, back: Back) {
        self.store.undo(back.undo);
        for (key, last) in back.uses.into_iter().rev() {
            match last {
                Some(last) => self.last_use.insert(key, last),
                None => self.last_use.remove(&key),
            };
        }
        if back.hidden.is_some() {
            self.used.pop();
        }
    }

    fn state(&self, at: usize) -> State {
        let mut used = self.used.clone();
        used.sort_unstable();
        (at, used, self.store.clone(), self.last_use.clone())
    }
}
