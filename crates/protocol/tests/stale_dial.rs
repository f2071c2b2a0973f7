//! Three replicas, of which the register names another primary while a dial is under way.
#![allow(clippy::unwrap_used, missing_docs)]

use understudy_protocol::*;

mod common;
use common::{config, member, state};

/// Replica c, driven by hand: a and b exist in the register only.
struct Copy {
    replica: Replica,
    mono: u64,
}

impl Copy {
    /// Named in epoch 1, whose primary a it dials.
    fn dialing_a() -> Self {
        let settings = Settings { sync_backups: 2, min_copies: 1, ..Settings::default() };
        let config = Config { settings, ..config("c", &["a", "b"]) };
        let state = state(1, 0);
        let recovered = Recovered {
            incarnation: Incarnation(3),
            life: 2,
            state,
            first: 1,
            ..Recovered::default()
        };
        let mut copy = Copy { replica: Replica::new(config, recovered, Now::default()), mono: 0 };
        copy.step(Event::Tick);
        let effects = copy.reads_register(1, 1);
        assert_eq!(dialled(&effects), ["a"]);
        copy
    }

    fn step(&mut self, event: Event) -> Vec<Effect> {
        self.mono += MS;
        self.replica.step(Now { mono: self.mono, wall: self.mono }, event)
    }

    /// The register says: this epoch, this primary, and all three are members.
    fn reads_register(&mut self, epoch: Epoch, primary: u128) -> Vec<Effect> {
        let record = Record {
            cluster: ClusterId(1),
            epoch,
            primary: Incarnation(primary),
            members: vec![member(1, "a"), member(2, "b"), member(3, "c")],
            floor: 0,
            nonce: Nonce(epoch.into()),
        };
        let version = epoch.to_string();
        let observed = Observed { uid: RegisterUid(5), version, record: Some(record) };
        self.step(Event::RegisterRead(Ok(observed)))
    }

    /// The register names b while the dial to a is under way.
    fn hears_of_b(&mut self) {
        self.step(Event::RegisterChanged);
        let effects = self.reads_register(2, 2);
        assert!(dialled(&effects).is_empty(), "one dial at a time");
    }
}

fn dialled(effects: &[Effect]) -> Vec<&str> {
    let mut found = Vec::new();
    for effect in effects {
        if let Effect::Dial { address } = effect {
            found.push(address.as_str());
        }
    }
    found
}

#[test]
fn a_refusal_by_the_old_primarys_port_deposes_nobody_and_the_new_one_is_dialled() {
    let mut copy = Copy::dialing_a();
    copy.hears_of_b();
    let effects = copy.step(Event::DialFailed(ProbeResult::Refused));
    assert_eq!(dialled(&effects), ["b"]);
    let effects = copy.reads_register(2, 2);
    let writes = effects.iter().any(|effect| matches!(effect, Effect::WriteRegister { .. }));
    assert!(!writes, "b is well: {effects:?}");
}

#[test]
fn a_stream_to_the_old_primary_is_closed_and_the_new_one_is_dialled() {
    let mut copy = Copy::dialing_a();
    copy.hears_of_b();
    let effects = copy.step(Event::Connected(ConnId(1)));
    assert!(effects.contains(&Effect::Close(ConnId(1))), "{effects:?}");
    assert_eq!(dialled(&effects), ["b"]);
}
