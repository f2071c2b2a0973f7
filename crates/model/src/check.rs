//! Explores a configuration and says what came of it.

use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model, Path};

use crate::action::Action;
use crate::bounds::Bounds;
use crate::model::Protocol;
use crate::properties;
use crate::rules::Rules;
use crate::state::State;
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
        /// From the first state on, with the state that each leads to.
        actions: Vec<(Action, State)>,
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
    let rules = Rules { bounds, wrongs: Wrongs::default() };
    let model = Protocol { rules, reached: reached.to_vec() };
    run(model, threads, HasDiscoveries::AnyFailures, None)
}

/// Looks for the shortest way by which `wrongs` break `property`, on one thread: only so is the
/// search breadth-first to the letter.
pub fn refute(bounds: Bounds, wrongs: Wrongs, property: &'static str) -> Outcome {
    let model = Protocol { rules: Rules { bounds, wrongs }, reached: Vec::new() };
    let finish = HasDiscoveries::AnyOf([property].into());
    run(model, 1, finish, Some(property))
}

fn run(
    model: Protocol,
    threads: usize,
    finish: HasDiscoveries,
    wanted: Option<&'static str>,
) -> Outcome {
    let began = Instant::now();
    let checker = model.clone().checker().threads(threads).finish_when(finish).spawn_bfs().join();
    let mut found = checker.discoveries();
    let violated = properties::SAFETY
        .into_iter()
        .filter(|name| wanted.is_none_or(|wanted| wanted == *name))
        .find_map(|property| Some((property, found.remove(property)?)));
    let verdict = match violated {
        Some((property, path)) => Verdict::Violated { property, actions: steps(path) },
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

fn steps(path: Path<State, Action>) -> Vec<(Action, State)> {
    let path = path.into_vec();
    let states = path.iter().skip(1).map(|(state, _)| *state);
    let actions = path.iter().filter_map(|(_, action)| *action);
    actions.zip(states).collect()
}
