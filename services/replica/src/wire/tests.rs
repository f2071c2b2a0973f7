//! Whatever a message says survives the way over the wire; whatever else arrives is turned away.

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message as _;
use understudy_proto::replication::v1 as wire;
use understudy_protocol::{
    Ack, Append, ClusterId, Contradiction, Entry, Hello, Incarnation, Kind, Member, Message, Nonce,
    PeerState, Position, Refusal, Settings, Snapshot, SnapshotPart, Time,
};

use super::{decode_peer_state, encode_peer_state, from_follower, from_primary};
use super::{to_follower, to_primary};

fn member() -> Member {
    Member {
        incarnation: Incarnation(u128::MAX - 7),
        name: "a".into(),
        peer_address: "a:1".into(),
        client_address: "a:2".into(),
    }
}

fn position() -> Position {
    Position { index: 7, epoch: 3, hash: u64::MAX }
}

fn follower_messages() -> Vec<Message> {
    let hello = |cluster, nonce, memory| {
        Message::Hello(Box::new(Hello {
            version: 9,
            cluster,
            member: member(),
            life: 4,
            epoch: 5,
            nonce,
            commit: position(),
            first: 6,
            runs: vec![(1, 10), (2, 20)],
            full: true,
            memory,
        }))
    };
    let ack = |newer| {
        Message::Ack(Ack { epoch: 1, verified: 2, durable: 3, round: 4, newer, full: true })
    };
    vec![
        hello(None, None, None),
        hello(Some(ClusterId(1)), Some(Nonce(9)), Some(1 << 40)),
        ack(None),
        ack(Some(0)),
        Message::SnapshotAck { position: position(), offset: 99 },
        Message::TakeOverRefused("no".into()),
        Message::Contradiction(Contradiction::Record(3)),
        Message::Contradiction(Contradiction::Entry(4, 3)),
        Message::Leave,
    ]
}

fn primary_messages() -> Vec<Message> {
    let time = Time { wall: 11, elapsed: 12 };
    let first = Entry::after(position(), 3, time, Kind::Open, Bytes::new());
    let second = Entry::after(first.position(), 3, time, Kind::Command, "payload".into());
    let snapshot = Snapshot {
        position: position(),
        time,
        settings: Settings { sync_backups: 2, min_copies: 2, ..Settings::default() },
    };
    let refusals = [
        Refusal::NotPrimary(8),
        Refusal::WrongCluster(ClusterId(2)),
        Refusal::WrongVersion(3),
        Refusal::OldLife(4),
        Refusal::Other("look".into()),
    ];
    let mut messages: Vec<Message> = refusals.into_iter().map(Message::Refused).collect();
    messages.extend([
        Message::Welcome {
            epoch: 2,
            cluster: ClusterId(3),
            ordered: 4,
            records: vec![(1, Nonce(5)), (2, Nonce(6))],
        },
        Message::Append(Append {
            epoch: 3,
            previous: position(),
            entries: vec![first, second],
            commit: 5,
            round: 6,
            digest: (7, u64::MAX),
        }),
        Message::SnapshotPart(SnapshotPart {
            epoch: 3,
            snapshot,
            offset: 5,
            data: "bytes".into(),
            last: true,
            background: true,
        }),
        Message::TakeOver { epoch: 3, last: position(), leaving: true },
        Message::Dropped,
        Message::Refused(Refusal::Contradiction(Contradiction::Committed(4, 3))),
        Message::Refused(Refusal::Contradiction(Contradiction::Vanished(4))),
    ]);
    messages
}

#[test]
fn every_message_survives_in_its_direction_and_has_none_in_the_other() {
    for message in follower_messages() {
        let sent = to_primary(message.clone()).unwrap().encode_to_vec();
        let arrived = wire::ReplicateRequest::decode(&sent[..]).unwrap();
        assert_eq!(from_follower(arrived).unwrap(), message);
        assert!(to_follower(message).is_none());
    }
    for message in primary_messages() {
        let sent = to_follower(message.clone()).unwrap().encode_to_vec();
        let arrived = wire::ReplicateResponse::decode(&sent[..]).unwrap();
        assert_eq!(from_primary(arrived).unwrap(), message);
        assert!(to_primary(message).is_none());
    }
}

#[test]
fn a_peers_state_survives() {
    for cluster in [None, Some(ClusterId(77))] {
        let state = PeerState { version: 1, member: member(), life: 3, cluster };
        assert_eq!(decode_peer_state(encode_peer_state(state.clone())), Ok(state));
    }
}

#[test]
fn what_nobody_could_have_written_is_turned_away() {
    let mut welcome = to_follower(primary_messages().remove(5)).unwrap();
    let Some(wire::replicate_response::Message::Welcome(inner)) = &mut welcome.message else {
        panic!("{welcome:?}");
    };
    inner.cluster = vec![0; 15].into();
    assert!(from_primary(welcome).unwrap_err().to_string().contains("16 bytes"));

    let mut append = to_follower(primary_messages().remove(6)).unwrap();
    let Some(wire::replicate_response::Message::Append(inner)) = &mut append.message else {
        panic!("{append:?}");
    };
    inner.entries[0].kind = 256 + 1;
    assert!(from_primary(append).unwrap_err().to_string().contains("kind"));

    let mut order = to_follower(primary_messages().remove(8)).unwrap();
    let Some(wire::replicate_response::Message::TakeOver(inner)) = &mut order.message else {
        panic!("{order:?}");
    };
    inner.last.as_mut().unwrap().index = u64::MAX;
    assert!(from_primary(order).unwrap_err().to_string().contains("no log reaches"));

    let mut part = to_follower(primary_messages().remove(7)).unwrap();
    let Some(wire::replicate_response::Message::SnapshotPart(inner)) = &mut part.message else {
        panic!("{part:?}");
    };
    inner.settings = vec![9].into();
    assert!(from_primary(part).unwrap_err().to_string().contains("settings"));
}

proptest! {
    #[test]
    fn any_bytes_give_a_message_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        if let Ok(request) = wire::ReplicateRequest::decode(&bytes[..]) {
            let _ = from_follower(request);
        }
        if let Ok(response) = wire::ReplicateResponse::decode(&bytes[..]) {
            let _ = from_primary(response);
        }
    }

    #[test]
    fn a_message_with_some_bytes_changed_gives_a_message_or_a_reason(
        which in 0usize..12,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let message = primary_messages().remove(which);
        let mut bytes = to_follower(message).unwrap().encode_to_vec();
        if !bytes.is_empty() {
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
        }
        if let Ok(response) = wire::ReplicateResponse::decode(&bytes[..]) {
            let _ = from_primary(response);
        }
    }
}
