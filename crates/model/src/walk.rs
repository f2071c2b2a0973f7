//! Random walks: no exploration, but they get where none can.

use std::time::Instant;

use stateright::Model;

use crate::check::{Outcome, Verdict};
use crate::properties;
use crate::protocol::Protocol;

/// Walks from the first state until nothing can happen any more, again and again, until `steps` steps
/// are done or a safety property is violated. The same seed walks the same way.
pub fn walk(model: &Protocol, seed: u64, steps: usize) -> Outcome {
    let began = Instant::now();
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut done, mut depth) = (0, 0);
    let mut verdict = Verdict::Holds { missed: Vec::new() };
    'walks: while done < steps {
        let mut state = model.init_states()[0];
        let mut path = Vec::new();
        loop {
            let mut actions = Vec::new();
            model.actions(&state, &mut actions);
            let next = loop {
                if actions.is_empty() {
                    break None;
                }
                let action = actions.swap_remove(random.usize(..actions.len()));
                if let Some(next) = model.next_state(&state, action) {
                    path.push(action);
                    break Some(next);
                }
            };
            let Some(next) = next else { break };
            state = next;
            if let Some(property) = properties::violated(model, &state) {
                verdict = Verdict::Violated { property, actions: path };
                break 'walks;
            }
        }
        done += path.len();
        depth = depth.max(path.len());
    }
    Outcome { generated: done, states: done, depth, took: began.elapsed(), verdict }
}
