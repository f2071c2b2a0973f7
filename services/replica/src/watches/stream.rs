//! One watch, as its client reads it.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tonic::Status;
use understudy_machine::{Changes, KeyChange, Passed, Watch};
use understudy_proto::kv::v1::{Event, EventType, WatchResponse};

use super::Subscription;
use super::subscription::Told;
use crate::clients::{Admitted, Answer, Cursor, Read, key_value};
use crate::refusal::Refusal;

/// Bytes at which a message is closed.
const MESSAGE: usize = 1 << 20;

/// A watch that is followed: makes the next message when it is asked for one, and holds none.
pub(crate) struct Following {
    call: Admitted,
    subscription: Subscription,
    watch: Watch,
    /// Every revision up to here is looked at; after it only those of which the hub tells.
    through: i64,
    /// After so much silence a message tells how far the watch has come.
    patience: Duration,
    /// Stands for what is watched in cursors.
    target: u64,
    state: State,
}

enum State {
    /// The first message is due.
    Begun,
    Going,
    /// What ends it, after the changes before that.
    Ending(Refusal),
    Over,
}

/// What a message holds.
#[derive(Default)]
struct Gathered {
    events: Vec<Event>,
    /// The last revision is not complete.
    more: bool,
    /// All that there is now.
    is_all: bool,
    /// What comes next is forgotten.
    passed: bool,
}

impl Following {
    /// Follows from where `watch` stands; everything up to `newest` is looked at first.
    pub fn new(
        call: Admitted,
        subscription: Subscription,
        watch: Watch,
        newest: i64,
        patience: Duration,
        target: u64,
    ) -> Self {
        let state = State::Begun;
        Following { call, subscription, watch, through: newest, patience, target, state }
    }

    /// The next message, or how the watch ends; `None` after that.
    pub async fn next(mut self) -> Option<(Result<WatchResponse, Status>, Self)> {
        match std::mem::replace(&mut self.state, State::Going) {
            State::Begun => {
                let changes = self.subscription.changes();
                let message = self.message(&changes, Vec::new(), false);
                return Some((Ok(message), self));
            }
            State::Going => {}
            State::Ending(refusal) => {
                self.state = State::Over;
                return Some((Err(refusal.into()), self));
            }
            State::Over => return None,
        }
        let silent = Instant::now() + self.patience;
        loop {
            let changes = self.subscription.changes();
            let Gathered { events, more, is_all, passed } = self.gather(&changes);
            if !events.is_empty() {
                let message = self.message(&changes, events, more);
                return Some((Ok(message), self));
            }
            if let State::Ending(refusal) = std::mem::replace(&mut self.state, State::Going) {
                self.state = State::Over;
                return Some((Err(refusal.into()), self));
            }
            if passed {
                if let Err(refusal) = self.pass_over().await {
                    self.state = State::Over;
                    return Some((Err(refusal.into()), self));
                }
                continue;
            }
            if !is_all {
                // Others have their turn while a long history is looked at.
                tokio::task::yield_now().await;
                continue;
            }
            // Whatever touches the range has been told, and looked at.
            self.watch.skip(changes.newest());
            tokio::select! {
                told = self.subscription.told() => self.take(told, &changes),
                () = sleep_until(silent) => {
                    let message = self.message(&changes, Vec::new(), false);
                    return Some((Ok(message), self));
                }
            }
        }
    }

    /// What a message holds that is sent now.
    fn gather(&mut self, changes: &Changes) -> Gathered {
        let mut gathered = Gathered::default();
        let mut room = MESSAGE;
        loop {
            while self.watch.position() >= self.through {
                let known = self.watch.position() >= changes.newest();
                let told = if known { None } else { self.subscription.try_told() };
                let Some(told) = told else {
                    gathered.is_all = true;
                    return gathered;
                };
                self.take(told, changes);
                if let State::Ending(_) = self.state {
                    return gathered;
                }
            }
            let before = self.watch.position();
            // What does not fit the rest of a message begins one of its own.
            let next = match gathered.events.is_empty() {
                true => self.watch.next(changes, self.through, room),
                false => self.watch.next_within(changes, self.through, room),
            };
            match next {
                Ok(batch) => {
                    gathered.events.extend(batch.changes.into_iter().map(event));
                    gathered.more = batch.more;
                    room = room.saturating_sub(batch.bytes);
                    // Nothing found, or nothing that fits, is a rest, and so is what was published after
                    // these changes.
                    let rest = batch.bytes == 0 || self.watch.position() == before;
                    if batch.more || room < MESSAGE / 2 || rest {
                        return gathered;
                    }
                }
                Err(Passed) => {
                    gathered.passed = true;
                    return gathered;
                }
            }
        }
    }

    /// Watches again after what was given, as its client could: that is all of what is forgotten if nothing in
    /// the range changed since.
    async fn pass_over(&mut self) -> Result<(), Refusal> {
        let read = Read::Watch(self.subscription.range().clone());
        let (_, Answer::Watch(subscription, reader)) = self.call.read(read, false).await? else {
            return Err(Refusal::mismatch());
        };
        self.through = reader.changes().newest();
        self.watch = subscription.pass_over(&self.call, self.watch.clone(), reader).await?;
        self.subscription = subscription;
        Ok(())
    }

    /// Takes note of what was told. Only as far as these changes reach may be skipped: what is told may be
    /// newer.
    fn take(&mut self, told: Told, changes: &Changes) {
        match told {
            Told::Touched(revision) => {
                self.watch.skip((revision - 1).min(changes.newest()));
                self.through = self.through.max(revision);
            }
            Told::TooMany => self.through = self.through.max(self.subscription.changes().newest()),
            Told::Closed => self.state = State::Ending(self.call.admission().not_primary()),
        }
    }

    fn message(&self, changes: &Changes, events: Vec<Event>, more: bool) -> WatchResponse {
        let complete = self.watch.position();
        WatchResponse {
            header: Some(self.call.admission().header(changes.newest())),
            events,
            revision: complete + i64::from(more),
            more,
            cursor: Cursor::after(complete, changes, &self.call.admission().cluster(), self.target)
                .text(),
        }
    }
}

fn event(change: KeyChange) -> Event {
    let r#type = if change.deleted { EventType::Delete } else { EventType::Put };
    Event {
        r#type: r#type.into(),
        kv: Some(key_value(change.now)),
        previous: change.before.map(key_value),
    }
}
