//! The machine under any log.

use arbitrary::{Arbitrary, Unstructured};
use understudy_machine::{
    Frozen, FrozenKv, Input, KeyRange, KvMachine, Machine, Moment, Outcome, Response,
};

use crate::draft::Draft;

#[derive(Arbitrary, Debug)]
enum Event {
    Command(Draft),
    /// The payload given this many commands ago, once more.
    Again(u8),
    Open,
    Tick,
    Settings,
    Pass(u32),
    Leap(u64),
    Restore,
}

struct Pair {
    machine: KvMachine,
    /// Never frozen.
    twin: KvMachine,
    moment: Moment,
    issued: Vec<u64>,
    given: Vec<bytes::Bytes>,
}

/// Whatever the log says, no entry makes the machine panic, two machines stay equal, also when one
/// is frozen and restored on the way, and what it counts is what it holds.
pub fn machine_commands(data: &[u8]) {
    let (machine, twin) = (KvMachine::new(), KvMachine::new());
    let (issued, given) = (Vec::new(), Vec::new());
    let mut pair = Pair { machine, twin, moment: Moment::default(), issued, given };
    let mut source = Unstructured::new(data);
    while let (false, Ok(event)) = (source.is_empty(), Event::arbitrary(&mut source)) {
        pair.step(event);
    }
    assert_eq!(frozen(pair.machine.freeze()), frozen(pair.twin.freeze()));
}

impl Pair {
    fn step(&mut self, event: Event) {
        match event {
            Event::Command(draft) => {
                let payload = draft.payload(&self.issued);
                self.given.push(payload.clone());
                self.feed(Input::Command(&payload));
            }
            Event::Again(ago) => {
                let Some(payload) = self.given.iter().rev().nth(ago.into()).cloned() else {
                    return;
                };
                self.feed(Input::Command(&payload));
            }
            Event::Open => self.feed(Input::Open),
            Event::Tick => self.feed(Input::Tick),
            Event::Settings => self.feed(Input::Settings),
            Event::Pass(ns) => self.pass(u64::from(ns) << 4),
            Event::Leap(ns) => self.pass(ns),
            Event::Restore => {
                let bytes = frozen(self.machine.freeze());
                self.machine =
                    KvMachine::restore(&mut &bytes[..]).expect("what was frozen is restored");
            }
        }
    }

    fn pass(&mut self, ns: u64) {
        self.moment.elapsed = self.moment.elapsed.saturating_add(ns);
    }

    fn feed(&mut self, input: Input<'_>) {
        self.moment.index += 1;
        let before = self.machine.revision();
        let response = self.machine.apply(self.moment, input);
        let twin = self.twin.apply(self.moment, input);
        assert_eq!(response.to_bytes(), twin.to_bytes());
        assert_eq!(self.machine.digest(), self.twin.digest());
        assert_eq!(self.machine.deadline(), self.twin.deadline());
        self.check(before, &response);
        if let Some(Outcome::SessionOpened(opened)) = response.result {
            self.issued.push(opened.session);
        }
    }

    fn check(&self, before: i64, response: &Response) {
        let after = self.machine.revision();
        assert!(after == before || after == before + 1, "revision {before}, then {after}");
        if let Some(Outcome::Failure(_)) = response.result {
            // A held failure may be of any earlier revision; nothing changed in any case.
            assert_eq!(after, before, "a failure changes nothing");
        }
        let (usage, all) = (self.machine.usage(), KeyRange::all());
        let keys = self.machine.range(&all, usize::MAX, usize::MAX).keys;
        assert_eq!(usage.keys, keys.len() as u64);
        let bytes: usize = keys.iter().map(|kv| kv.key.len() + kv.value.len()).sum();
        assert_eq!(usage.bytes, bytes as u64);
        let reader = self.machine.at(0).expect("the newest revision is kept");
        for owner in reader.owners(b"", usize::MAX) {
            let sessions = reader.sessions(0, Some(&owner.owner)).count();
            assert_eq!(owner.sessions, sessions as u64, "{owner:?}");
        }
        assert!(keys.iter().all(|kv| kv.mod_revision <= after && kv.version >= 1));
    }
}

pub(crate) fn frozen(frozen: FrozenKv) -> Vec<u8> {
    let mut bytes = Vec::new();
    frozen.write(&mut bytes).expect("a vector takes everything");
    bytes
}
