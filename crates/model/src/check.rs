//! Explores a configuration and says what came of it.

use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model};

use crate::action::Action;
use crate::bounds::Bounds;
use crate::properties;
use crate::protocol::Protocol;
use crate::rules::Rules;
use crate::wrong::Wrongs;

/// How an exploration ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Every reachable state was seen and every safety property held in it.
    Holds {
        /// Names of what had to be reached and was not.
        missed: Vec<&'static str>,
    },
    /// A safety property does not hold at the end of these actions.
    Violated {
        /// The property.
        property: &'static str,
        /// From the first state on.
        actions: Vec<Action>,
    },
}

/// What an exploration found, and what it took.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// States generated, repetitions included.
    pub generated: usize,
    /// Different states.
    pub states: usize,
    /// Actions on the longest of the shortest paths to a state.
    pub depth: usize,
    /// Wall time.
    pub took: Duration,
    /// How it ended.
    pub verdict: Verdict,
}

/// Explores the correct rules to the end with `threads` threads.
pub fn explore(bounds: Bounds, reached: &[&'static str], threads: usize) -> Outcome {
    let model = Protocol { reached: reached.to_vec(), ..Protocol::right(bounds) };
    run(model, threads, None, None)
}

/// Looks for a way by which `wrongs` break `property`, or any property where none is given.
pub fn refute(bounds: Bounds, wrongs: Wrongs, property: Option<&'static str>) -> Outcome {
    run(Protocol { rules: Rules { bounds, wrongs }, reached: Vec::new() }, 1, property, None)
}

/// Looks for the shortest such way.
///
/// The search goes in blocks of states and reports the last violation of a block, so it is repeated
/// below the length found until nothing is.
pub fn shortest(bounds: Bounds, wrongs: Wrongs, property: Option<&'static str>) -> Outcome {
    let model = Protocol { rules: Rules { bounds, wrongs }, reached: Vec::new() };
    let mut best = refute(bounds, wrongs, property);
    while let Verdict::Violated { actions, .. } = &best.verdict {
        let shorter = run(model.clone(), 1, property, Some(actions.len()));
        if matches!(shorter.verdict, Verdict::Holds { .. }) {
            break;
        }
        best = shorter;
    }
    best
}

fn run(
    model: Protocol,
    threads: usize,
    wanted: Option<&'static str>,
    shorter_than: Option<usize>,
) -> Outcome {
    let began = Instant::now();
    let finish = match wanted {
        Some(property) => HasDiscoveries::AnyOf([property].into()),
        None => HasDiscoveries::AnyFailures,
    };
    let mut builder = model.clone().checker().threads(threads).finish_when(finish);
    if let Some(actions) = shorter_than {
        builder = builder.target_max_depth(actions + 1);
    }
    let checker = builder.spawn_bfs().join();
    let mut found = checker.discoveries();
    let violated = properties::SAFETY
        .into_iter()
        .filter(|name| wanted.is_none_or(|wanted| wanted == *name))
        .find_map(|property| Some((property, found.remove(property)?)));
    let verdict = match violated {
        Some((property, path)) => Verdict::Violated { property, actions: path.into_actions() },
        None => {
            let missed = model.reached.iter().filter(|name| !found.contains_key(*name));
            Verdict::Holds { missed: missed.copied().collect() }
        }
    };
    Outcome {
        generated: checker.state_count(),
        states: checker.unique_state_count(),
        // stateright counts the states of a path.
        depth: checker.max_depth() - 1,
        took: began.elapsed(),
        verdict,
    }
}
