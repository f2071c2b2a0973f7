//! The rules as a transition system that stateright explores.

use stateright::{Model, Property};

use crate::action::Action;
use crate::properties;
use crate::protocol::Protocol;
use crate::rules::{ahead, faults, follow, gone_back, lead, register_client, settle};
use crate::state::State;
use crate::stream::Stream;
use crate::wrong::Wrong;

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        self.rules.bounds.check();
        vec![State::born(&self.rules.bounds)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.replicas.iter().any(|replica| replica.halted) {
            // Somebody says it, and an operator must choose.
            return;
        }
        actions.extend(gone_back::earlier(&self.rules, state).map(Action::RewindRegister));
        for slot in 0..self.rules.bounds.replicas {
            if gone_back::may_rewind(&self.rules, state, slot) {
                actions.push(Action::RewindDisk(slot));
            }
            self.clients(state, slot, actions);
            self.register(state, slot, actions);
            self.faults(state, slot, actions);
            for other in 0..self.rules.bounds.replicas {
                self.stream(state, slot, other, actions);
            }
            if lead::may_let_go(state, slot) {
                actions.push(Action::LetGo(slot));
            }
            if ahead::may_ask(&self.rules, state, slot) {
                actions.push(Action::Ask(slot));
            }
            if ahead::may_lapse(&self.rules, state, slot) {
                actions.push(Action::Lapse(slot));
            }
        }
        for (number, request) in state.register.requests.iter().enumerate() {
            let unconditional = self.rules.has(Wrong::WriteUnconditionally);
            if request.is_some() && (request.base() == state.register.epoch || unconditional) {
                actions.push(Action::Land(number));
            }
        }
        if self.rules.has(Wrong::ForgetHighest) && state.register.epoch > 1 {
            actions.push(Action::Forget);
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = *before;
        self.apply(&mut state, action);
        settle::settle(&self.rules, &mut state);
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(&self.reached)
    }

    fn format_action(&self, action: &Action) -> String {
        action.to_string()
    }
}

impl Protocol {
    fn clients(&self, state: &State, slot: usize, actions: &mut Vec<Action>) {
        let (bounds, replica) = (&self.rules.bounds, &state.replicas[slot]);
        if replica.acting == 0 {
            return;
        }
        if state.spent.writes < bounds.writes {
            actions.push(Action::Write(slot));
        }
        if state.spent.reads < bounds.reads && replica.read.is_none() {
            actions.push(Action::Read(slot));
        }
        if replica.durable < replica.log.last() {
            actions.push(Action::Sync(slot));
        }
    }

    fn register(&self, state: &State, slot: usize, actions: &mut Vec<Action>) {
        let (rules, replica) = (&self.rules, &state.replicas[slot]);
        let now = state.register.epoch;
        let options = |epoch: u8| {
            let mut options = Vec::new();
            let seen = state.register.at(epoch);
            if seen.is_some() {
                register_client::options(rules, state, slot, seen, &mut options);
            }
            options
        };
        if replica.attempt.is_some() {
            actions.push(Action::NoAnswer(slot));
            if now >= replica.attempt.epoch {
                actions.push(Action::LearnConflict(slot));
            }
        }
        if replica.reading > 0 {
            for epoch in replica.reading..=now {
                let answers = options(epoch).into_iter();
                actions.extend(answers.map(|then| Action::LateAnswer { slot, epoch, then }));
            }
            return;
        }
        actions.extend(options(now).into_iter().map(|then| Action::Look { slot, then }));
        if replica.attempt.is_some() && state.register.at(replica.attempt.epoch) == replica.attempt
        {
            actions.push(Action::LearnWon(slot));
        }
        if state.spent.late_answers < rules.bounds.late_answers {
            actions.push(Action::AskLate(slot));
        }
        if rules.has(Wrong::StaleCache) {
            for epoch in 1..now {
                let answers = options(epoch).into_iter();
                actions.extend(answers.map(|then| Action::StaleAnswer { slot, epoch, then }));
            }
        }
    }

    fn faults(&self, state: &State, slot: usize, actions: &mut Vec<Action>) {
        let bounds = &self.rules.bounds;
        if state.spent.crashes < bounds.crashes {
            actions.push(Action::Crash(slot));
        }
        if state.spent.wipes < bounds.wipes && faults::may_wipe(state, slot) {
            actions.push(Action::Wipe(slot));
        }
        if state.replicas[slot].epoch_on_disk < state.replicas[slot].epoch {
            actions.push(Action::SaveEpoch(slot));
        }
    }

    fn stream(&self, state: &State, slot: usize, other: usize, actions: &mut Vec<Action>) {
        if follow::may_dial(&self.rules, state, slot, other) {
            actions.push(Action::Dial { follower: slot, primary: other });
        }
        let (follower, primary) = (slot, other);
        let stream = &state.streams[follower][primary];
        if *stream == Stream::default() {
            return;
        }
        if stream.follower_open && stream.primary_open && stream.append.is_none() {
            let last = state.replicas[primary].log.last();
            let least = if self.rules.bounds.split { stream.verified } else { last };
            let ends = (least..=last).filter(|end| lead::has_news(state, primary, follower, *end));
            actions.extend(ends.map(|end| Action::Send { primary, follower, end }));
        }
        if stream.append.is_some() {
            actions.push(Action::DeliverAppend { follower, primary });
        }
        if stream.ack.is_some() {
            actions.push(Action::DeliverAck { primary, follower });
        }
        if state.spent.breaks < self.rules.bounds.breaks {
            actions.push(Action::Break { follower, primary });
        }
        if lead::may_oblige(&self.rules, state, primary, follower) {
            actions.push(Action::Oblige { primary, learner: follower });
        }
    }

    fn apply(&self, state: &mut State, action: Action) {
        let rules = &self.rules;
        match action {
            Action::Write(slot) => lead::write(rules, state, slot),
            Action::Sync(slot) => {
                state.replicas[slot].durable = state.replicas[slot].log.last();
                lead::advance(rules, state, slot);
            }
            Action::Read(slot) => lead::read(rules, state, slot),
            Action::Dial { follower, primary } => follow::dial(rules, state, follower, primary),
            Action::Send { primary, follower, end } => {
                lead::send(state, primary, follower, end);
            }
            Action::DeliverAppend { follower, primary } => {
                follow::on_append(rules, state, follower, primary);
            }
            Action::DeliverAck { primary, follower } => {
                lead::on_ack(rules, state, primary, follower);
            }
            Action::Break { follower, primary } => {
                state.spent.breaks += 1;
                state.streams[follower][primary] = Stream::default();
                state.replicas[primary].peers[follower].confirmed = 0;
            }
            Action::Oblige { primary, learner } => lead::oblige(rules, state, primary, learner),
            Action::Ask(slot) => {
                ahead::ask(state, slot);
                lead::advance(rules, state, slot);
            }
            Action::Lapse(slot) => ahead::lapse(state, slot),
            Action::LetGo(slot) => {
                state.replicas[slot].joining = None;
                lead::advance(rules, state, slot);
            }
            Action::Look { slot, then } => {
                register_client::on_read(rules, state, slot, state.register.now(), then);
            }
            Action::AskLate(slot) => {
                state.spent.late_answers += 1;
                state.replicas[slot].reading = state.register.epoch;
            }
            Action::LateAnswer { slot, epoch, then }
            | Action::StaleAnswer { slot, epoch, then } => {
                state.replicas[slot].reading = 0;
                register_client::on_read(rules, state, slot, state.register.at(epoch), then);
            }
            Action::Land(number) => {
                faults::land(rules, state, state.register.requests[number]);
            }
            Action::LearnWon(slot) => register_client::won(rules, state, slot),
            Action::LearnConflict(slot) => self.take_for(
                state,
                slot,
                rules.has(Wrong::ConflictForWon),
                rules.has(Wrong::ConflictForLost),
            ),
            Action::NoAnswer(slot) => self.take_for(
                state,
                slot,
                rules.has(Wrong::UnknownForWon),
                rules.has(Wrong::UnknownForLost),
            ),
            Action::SaveEpoch(slot) => {
                state.replicas[slot].epoch_on_disk = state.replicas[slot].epoch;
            }
            Action::Crash(slot) => {
                state.spent.crashes += 1;
                state.begin_life(slot);
            }
            Action::Wipe(slot) => {
                state.spent.wipes += 1;
                faults::wipe(rules, state, slot);
            }
            Action::Forget => faults::forget(state),
            Action::RewindRegister(epoch) => gone_back::rewind_register(rules, state, epoch),
            Action::RewindDisk(slot) => gone_back::rewind_disk(rules, state, slot),
        }
    }

    /// A conflict and a missing answer mean the same: unknown, read again. `Action::Look` does.
    fn take_for(&self, state: &mut State, slot: usize, won: bool, lost: bool) {
        if won {
            register_client::won(&self.rules, state, slot);
        } else if lost {
            register_client::lost(&self.rules, state, slot);
        }
    }
}
