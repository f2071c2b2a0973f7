//! The machine against a model that is too simple to be wrong: a `BTreeMap`, a list of answers,
//! exact deadlines. A twin that was never frozen runs beside it, and a history of every version of
//! every key says what answers and states of any earlier moment must be.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
mod event;
mod history;
mod leases;
mod listing;
mod model;
mod shares;
mod store;
mod watching;

use bytes::Bytes;
use event::Event;
use history::History;
use model::Model;
use proptest::prelude::*;
use understudy_machine::{
    Command, FailureCode, Frozen, FrozenKv, Input, KeyRange, KeyValue, KvMachine, Machine, Moment,
    Usage,
};

/// A machine, its twin and the model, fed with the same.
struct Trio {
    machine: KvMachine,
    twin: KvMachine,
    model: Model,
    moment: Moment,
    given: Vec<Command>,
    history: History,
    /// When each revision was made, from 1 on.
    made: Vec<u64>,
    kept: Vec<FrozenKv>,
}

impl Trio {
    fn new() -> Self {
        let (machine, twin) = (KvMachine::new(), KvMachine::new());
        let (model, moment) = (Model::new(), Moment::default());
        let (given, history, kept) = (Vec::new(), History::default(), Vec::new());
        Trio { machine, twin, model, moment, given, history, made: Vec::new(), kept }
    }

    fn feed(&mut self, input: Input<'_>) {
        self.moment.index += 1;
        self.model.oldest = self.machine.oldest_revision();
        let expected = self.model.apply(self.moment, input);
        let found = self.machine.apply(self.moment, input);
        let twin = self.twin.apply(self.moment, input);
        assert_eq!(found, expected, "{input:?}");
        assert_eq!(found.to_bytes(), twin.to_bytes());
        assert_eq!(self.machine.digest(), self.twin.digest());
        assert_eq!(self.machine.deadline(), self.twin.deadline());
        self.check_deadline();
        self.check_leases();
        self.history.note(self.machine.revision(), keys(&self.machine));
        self.made.resize(self.machine.revision() as usize, self.moment.elapsed);
        self.history.check(&found);
        self.check_past();
    }

    /// The store as it stood at every revision that is kept, and none else.
    fn check_past(&self) {
        let (machine, oldest) = (&self.machine, self.machine.oldest_revision());
        assert!(oldest >= self.model.oldest, "what was forgotten does not come back");
        let refused = |revision| machine.at(revision).map(|_| ()).unwrap_err().code();
        assert_eq!(refused(machine.revision() + 1), FailureCode::FutureRevision);
        if oldest > 1 {
            assert_eq!(refused(oldest - 1), FailureCode::Compacted);
        }
        let (kept, quota) = ((machine.revision() - oldest) as u64, machine.quota());
        let age = self.made.get(oldest as usize).map(|made| self.moment.elapsed - made);
        let young = age.is_some_and(|age| age < quota.min_history_age);
        assert!(kept <= quota.max_history_revisions || young);
        assert!(machine.usage().history_bytes <= machine.quota().max_history_bytes);
        watching::check(machine.changes(), |revision| self.history.at(revision));
        watching::check_quiet(&machine.at(0).unwrap(), |revision| self.history.at(revision));
        for revision in oldest.max(1)..=machine.revision() {
            let reader = machine.at(revision).unwrap();
            let store = self.history.at(revision);
            listing::check(&reader, &store);
            assert!(reader.mark().is_some());
        }
    }

    fn check_leases(&self) {
        let (store, now) = (&self.model.store, self.moment.elapsed);
        let infos = store.leases.infos(|lease| store.keys_of(lease).len());
        assert_eq!(self.machine.leases(0, usize::MAX, now), infos);
        for info in infos {
            assert_eq!(self.machine.lease(info.lease, now), Ok(info.clone()));
            let keys = self.machine.lease_keys(info.lease, b"", usize::MAX, usize::MAX).unwrap();
            assert_eq!(keys, (store.keys_of(info.lease), false));
        }
    }

    fn check_deadline(&self) {
        if let Some(first) = self.model.first_deadline() {
            let deadline = self.machine.deadline().expect("a session or a lease waits to expire");
            assert!(deadline <= first, "{deadline} is after {first}");
        }
    }

    fn step(&mut self, event: &Event) {
        match event {
            Event::Command(command) => {
                let command = command.with_sessions(&self.model.issued);
                self.feed(Input::Command(&command.to_payload()));
                self.given.push(command);
            }
            Event::Retry(ago, received_below, owner) => {
                let Some(command) = self.given.iter().rev().nth(*ago) else { return };
                let mut command = command.clone();
                if let Some(stamp) = &mut command.stamp {
                    stamp.received_below = *received_below;
                }
                if let Some(owner) = owner {
                    command.owner = owner.clone();
                }
                self.feed(Input::Command(&command.to_payload()));
            }
            Event::Garbage(bytes) => self.feed(Input::Command(&Bytes::copy_from_slice(bytes))),
            Event::Pass(nanoseconds) => self.moment.elapsed += nanoseconds,
            Event::Tick => self.feed(Input::Tick),
            Event::Epoch => self.feed(Input::Open),
            Event::Restore => {
                self.machine = KvMachine::restore(&mut &bytes_of(&self.machine)[..]).unwrap()
            }
            Event::Freeze => self.kept.push(self.machine.freeze()),
            Event::LookBack(ago) => {
                if let Some(frozen) = self.kept.iter().rev().nth(*ago) {
                    self.look_back(frozen);
                }
            }
        }
    }

    /// What was frozen then has not heard of anything since.
    fn look_back(&self, frozen: &FrozenKv) {
        let mut bytes = Vec::new();
        frozen.write(&mut bytes).unwrap();
        let then = KvMachine::restore(&mut &bytes[..]).unwrap();
        assert_eq!(keys(&then), self.history.at(then.revision()));
        assert_eq!((then.index(), then.digest()), (frozen.index(), frozen.digest()));
    }

    fn check_end(&self) {
        assert_eq!(keys(&self.machine), self.model.store.keys());
        self.kept.iter().for_each(|frozen| self.look_back(frozen));
        let Usage { history_bytes, oldest_revision, memory, .. } = self.machine.usage();
        assert_eq!(oldest_revision, self.machine.oldest_revision());
        let expected = Usage { history_bytes, oldest_revision, memory, ..self.model.usage() };
        assert_eq!(self.machine.usage(), expected);
        assert_eq!(bytes_of(&self.machine), bytes_of(&self.twin));
        let reader = self.machine.at(0).unwrap();
        let alive = reader.sessions(0, None).map(|info| (info.session, info.owner));
        assert_eq!(self.model.owners(), alive.collect::<Vec<_>>());
        for session in 0..=self.moment.index + 1 {
            let found = self.machine.session(session);
            let left = found.map(|info| info.left).map_err(|failure| failure.code());
            assert_eq!(left, self.model.session_left(session), "{session}");
        }
    }
}

fn keys(machine: &KvMachine) -> Vec<KeyValue> {
    machine.range(&KeyRange::all(), usize::MAX, usize::MAX).keys
}

fn bytes_of(machine: &KvMachine) -> Vec<u8> {
    let mut bytes = Vec::new();
    machine.freeze().write(&mut bytes).unwrap();
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_machine_does_what_the_model_does(events in prop::collection::vec(event::any(), 1..80)) {
        let mut trio = Trio::new();
        for event in &events {
            trio.step(event);
        }
        trio.check_end();
    }
}
