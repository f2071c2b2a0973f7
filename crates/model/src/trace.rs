//! A counterexample as one reads it.

use stateright::Model;

use crate::action::{Action, Then};
use crate::names::slot_name;
use crate::protocol::Protocol;
use crate::state::State;

/// The actions one by one, each with what it brought about.
pub fn lines(model: &Protocol, actions: &[Action]) -> Vec<String> {
    let mut state = start(model);
    let mut lines = Vec::new();
    for &action in actions {
        let Some(after) = model.next_state(&state, action) else { continue };
        let mut line = match action {
            Action::Land(_) => format!("register: {:?}", after.register.now()),
            Action::Look { .. } => format!("{action} (epoch {})", state.register.epoch),
            _ => action.to_string(),
        };
        let consequences = consequences(&state, &after);
        if !consequences.is_empty() {
            line = format!("{line} => {}", consequences.join("; "));
        }
        lines.push(line);
        state = after;
    }
    lines
}

fn consequences(before: &State, after: &State) -> Vec<String> {
    let mut out = Vec::new();
    for (slot, (old, new)) in before.replicas.iter().zip(&after.replicas).enumerate() {
        let name = slot_name(slot);
        if new.acting > old.acting {
            out.push(format!("{name} acts in epoch {}", new.acting));
        } else if new.acting > 0 && new.record.epoch > old.record.epoch {
            out.push(format!("{name} acts on in epoch {}", new.record.epoch));
        } else if old.acting > 0 && new.acting == 0 {
            out.push(format!("{name} acts no more"));
        }
        if new.halted && !old.halted {
            out.push(format!("{name} stops permanently"));
        }
        if new.log != old.log {
            out.push(format!("{name} has {}", new.log));
        }
        if new.commit > old.commit {
            out.push(format!("{name} commits {}", new.commit));
        }
        if old.read.is_some() && new.read.is_none() && new.acting > 0 {
            out.push(format!("{name} answers the read as of {}", new.commit));
        }
    }
    // A read that is answered at once never waits.
    if after.ghost.stale_read && !before.ghost.stale_read {
        out.push(format!("a client misses the write at {}", after.ghost.told));
    }
    if after.ghost.cut && !before.ghost.cut {
        out.push("something committed is cut".to_string());
    }
    out
}

fn start(model: &Protocol) -> State {
    model.init_states()[0]
}

/// The same counterexample without attempts that do not matter to it: of all that are as short, the
/// search returns any.
pub fn plain(model: &Protocol, property: &str, actions: Vec<Action>) -> Vec<Action> {
    let mut best = actions;
    for at in 0..best.len() {
        let mut simpler = best.clone();
        match &mut simpler[at] {
            Action::Look { then, .. }
            | Action::LateAnswer { then, .. }
            | Action::StaleAnswer { then, .. } => *then = Then::Nothing,
            _ => continue,
        }
        if breaks(model, property, &simpler) {
            best = simpler;
        }
    }
    best
}

/// Whether these actions are possible one after the other, and `property` does not hold at the end.
pub fn breaks(model: &Protocol, property: &str, actions: &[Action]) -> bool {
    let mut state = start(model);
    for action in actions {
        let mut possible = Vec::new();
        model.actions(&state, &mut possible);
        let Some(next) =
            possible.contains(action).then(|| model.next_state(&state, *action)).flatten()
        else {
            return false;
        };
        state = next;
    }
    model.properties().iter().any(|p| p.name == property && !(p.condition)(model, &state))
}
