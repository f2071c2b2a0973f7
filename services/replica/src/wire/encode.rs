//! From the protocol's messages to those of the peer port.

use bytes::Bytes;
use understudy_proto::replication::v1::{self as wire, replicate_request, replicate_response};
use understudy_protocol as core;

/// A follower's message; `None` for one that only a primary sends.
pub(crate) fn to_primary(message: core::Message) -> Option<wire::ReplicateRequest> {
    use core::Message;
    use replicate_request::Message as Out;
    let message = match message {
        Message::Hello(hello) => Out::Hello(wire::Hello {
            version: hello.version,
            cluster: hello.cluster.map(|id| id128(id.0)).unwrap_or_default(),
            member: Some(member(hello.member)),
            life: hello.life,
            epoch: hello.epoch,
            nonce: hello.nonce.map(|nonce| id128(nonce.0)).unwrap_or_default(),
            commit: (hello.commit.index > 0).then(|| position(hello.commit)),
            first: hello.first,
            runs: hello.runs.into_iter().map(|(epoch, last)| wire::Run { epoch, last }).collect(),
            full: hello.full,
            memory_bytes: hello.memory,
        }),
        Message::Ack(ack) => Out::Ack(wire::Ack {
            epoch: ack.epoch,
            verified: ack.verified,
            durable: ack.durable,
            round: ack.round,
            newer: ack.newer,
            full: ack.full,
        }),
        Message::SnapshotAck { position, offset } => {
            let position = Some(self::position(position));
            Out::SnapshotAck(wire::SnapshotAck { position, offset })
        }
        Message::TakeOverRefused(reason) => Out::TakeOverRefused(wire::TakeOverRefused { reason }),
        Message::Contradiction(found) => Out::Contradiction(contradiction(found)),
        Message::Leave => Out::Leave(wire::Leave {}),
        _ => return None,
    };
    Some(wire::ReplicateRequest { message: Some(message) })
}

/// A primary's message; `None` for one that only a follower sends.
pub(crate) fn to_follower(message: core::Message) -> Option<wire::ReplicateResponse> {
    use core::Message;
    use replicate_response::Message as Out;
    let message = match message {
        Message::Welcome { epoch, cluster, ordered, records } => Out::Welcome(wire::Welcome {
            epoch,
            cluster: id128(cluster.0),
            ordered,
            records: records
                .into_iter()
                .map(|(epoch, nonce)| wire::KnownRecord { epoch, nonce: id128(nonce.0) })
                .collect(),
        }),
        Message::Refused(refusal) => {
            Out::Refused(wire::Refused { refusal: Some(self::refusal(refusal)) })
        }
        Message::Append(append) => Out::Append(wire::Append {
            epoch: append.epoch,
            previous: Some(position(append.previous)),
            entries: append.entries.into_iter().map(entry).collect(),
            commit: append.commit,
            round: append.round,
            digest: Some(wire::Digest { index: append.digest.0, value: append.digest.1 }),
        }),
        Message::SnapshotPart(part) => Out::SnapshotPart(wire::SnapshotPart {
            epoch: part.epoch,
            position: Some(position(part.snapshot.position)),
            wall_ns: part.snapshot.time.wall,
            elapsed_ns: part.snapshot.time.elapsed,
            settings: part.snapshot.settings.encode().into(),
            offset: part.offset,
            data: part.data,
            last: part.last,
            background: part.background,
        }),
        Message::TakeOver { epoch, last, leaving } => {
            Out::TakeOver(wire::TakeOver { epoch, last: Some(position(last)), leaving })
        }
        Message::Dropped => Out::Dropped(wire::Dropped {}),
        _ => return None,
    };
    Some(wire::ReplicateResponse { message: Some(message) })
}

/// The answer to "are you blank?".
pub(crate) fn peer_state(state: core::PeerState) -> wire::PeerState {
    wire::PeerState {
        version: state.version,
        member: Some(member(state.member)),
        life: state.life,
        cluster: state.cluster.map(|id| id128(id.0)).unwrap_or_default(),
    }
}

fn refusal(refusal: core::Refusal) -> wire::refused::Refusal {
    use wire::refused::Refusal as Out;
    match refusal {
        core::Refusal::NotPrimary(epoch) => Out::NotPrimary(epoch),
        core::Refusal::WrongCluster(cluster) => Out::WrongCluster(id128(cluster.0)),
        core::Refusal::WrongVersion(version) => Out::WrongVersion(version),
        core::Refusal::OldLife(life) => Out::OldLife(life),
        core::Refusal::Contradiction(found) => Out::Contradiction(contradiction(found)),
        core::Refusal::Other(why) => Out::Other(why),
    }
}

fn contradiction(found: core::Contradiction) -> wire::Contradiction {
    use core::Contradiction;
    use wire::contradiction::Kind;
    let (kind, index, epoch) = match found {
        Contradiction::Record(epoch) => (Kind::Record, 0, epoch),
        Contradiction::Entry(index, epoch) => (Kind::Entry, index, epoch),
        Contradiction::Committed(index, epoch) => (Kind::Committed, index, epoch),
        Contradiction::Vanished(index) => (Kind::Vanished, index, 0),
    };
    wire::Contradiction { kind: kind.into(), index, epoch }
}

fn entry(entry: core::Entry) -> wire::Entry {
    wire::Entry {
        index: entry.index,
        epoch: entry.epoch,
        wall_ns: entry.time.wall,
        elapsed_ns: entry.time.elapsed,
        kind: i32::from(entry.kind as u8),
        payload: entry.payload,
        hash: entry.hash,
    }
}

fn member(member: core::Member) -> wire::Member {
    wire::Member {
        incarnation: id128(member.incarnation.0),
        name: member.name,
        peer_address: member.peer_address,
        client_address: member.client_address,
    }
}

fn position(position: core::Position) -> wire::Position {
    wire::Position { index: position.index, epoch: position.epoch, hash: position.hash }
}

fn id128(id: u128) -> Bytes {
    Bytes::copy_from_slice(&id.to_be_bytes())
}
