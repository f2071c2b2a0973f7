//! What the tests share that drive a replica by hand.
#![allow(dead_code, missing_docs)]

use understudy_protocol::*;

/// A replica whose addresses are its name.
pub fn member(incarnation: u128, name: &str) -> Member {
    Member {
        incarnation: Incarnation(incarnation),
        name: name.into(),
        peer_address: name.into(),
        client_address: name.into(),
    }
}

/// The same as it is told when it starts.
pub fn config(name: &str, peers: &[&str]) -> Config {
    Config {
        name: name.into(),
        peer_address: name.into(),
        client_address: name.into(),
        peers: peers.iter().map(|&peer| (peer.into(), peer.into())).collect(),
        fresh_cluster: ClusterId(9),
        settings: Settings::default(),
        timing: Timing::default(),
        limits: Limits::default(),
        memory: None,
    }
}

/// The register of cluster 1, which names a, copy 1, as primary, and b, copy 2.
pub fn pair(epoch: Epoch) -> Observed {
    let record = Record {
        cluster: ClusterId(1),
        epoch,
        primary: Incarnation(1),
        members: vec![member(1, "a"), member(2, "b")],
        floor: 0,
        nonce: Nonce(1),
    };
    Observed { uid: RegisterUid(5), version: epoch.to_string(), record: Some(record) }
}

/// What a copy remembers that belongs to it.
pub fn state(epoch: Epoch, commit: Index) -> HardState {
    HardState {
        cluster: Some(ClusterId(1)),
        register: Some(RegisterUid(5)),
        epoch,
        commit,
        ..HardState::default()
    }
}

/// What a register, a disk and a machine answer that need no time; `None` to whatever asks others.
pub fn answer(effect: Effect, register: &mut Observed, log: &mut Vec<Entry>) -> Option<Event> {
    Some(match effect {
        Effect::ReadRegister => Event::RegisterRead(Ok(register.clone())),
        Effect::WriteRegister { base, record } => {
            assert_eq!(base.version, register.version);
            assert!(record.epoch < 100, "the register is written again and again");
            register.version = record.epoch.to_string();
            register.record = Some(record);
            Event::RegisterWritten(WriteAnswer::Written)
        }
        Effect::Append(entries) => {
            log.extend(entries);
            Event::Durable(log.last()?.position())
        }
        Effect::Apply(batch) => Event::Applied {
            first: batch[0].0.index,
            digests: batch.iter().map(|(entry, _)| entry.hash).collect(),
        },
        _ => return None,
    })
}
