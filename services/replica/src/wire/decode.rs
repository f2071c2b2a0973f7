//! From the messages of the peer port to the protocol's. Anything may arrive here.

use bytes::Bytes;
use understudy_proto::replication::v1::{self as wire, replicate_request, replicate_response};
use understudy_protocol as core;

use crate::refusal::Refusal;

/// A message that cannot be understood: its stream ends with INVALID_ARGUMENT.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("undecodable message: {0}; check that all replicas run the same version")]
pub(crate) struct Undecodable(&'static str);

impl From<Undecodable> for tonic::Status {
    fn from(why: Undecodable) -> Self {
        Refusal::undecodable(why).into()
    }
}

/// Characters of the longest text for people that is repeated here.
const LONGEST_TEXT: usize = 500;

type Decoded<T> = Result<T, Undecodable>;

/// What a follower sent.
pub(crate) fn from_follower(request: wire::ReplicateRequest) -> Decoded<core::Message> {
    use core::Message;
    use replicate_request::Message as In;
    Ok(match request.message.ok_or(Undecodable("no message in it"))? {
        In::Hello(hello) => Message::Hello(Box::new(self::hello(hello)?)),
        In::Ack(ack) => Message::Ack(core::Ack {
            epoch: ack.epoch,
            verified: ack.verified,
            durable: ack.durable,
            round: ack.round,
            newer: ack.newer,
            full: ack.full,
        }),
        In::SnapshotAck(ack) => {
            let position = position(ack.position)?;
            Message::SnapshotAck { position, offset: ack.offset }
        }
        In::TakeOverRefused(refused) => Message::TakeOverRefused(clipped(refused.reason)),
        In::Contradiction(found) => Message::Contradiction(contradiction(found)?),
        In::Leave(wire::Leave {}) => Message::Leave,
    })
}

/// What a primary sent.
pub(crate) fn from_primary(response: wire::ReplicateResponse) -> Decoded<core::Message> {
    use core::Message;
    use replicate_response::Message as In;
    Ok(match response.message.ok_or(Undecodable("no message in it"))? {
        In::Welcome(welcome) => Message::Welcome {
            epoch: welcome.epoch,
            cluster: core::ClusterId(id128(&welcome.cluster)?),
            ordered: welcome.ordered,
            records: known_records(welcome.records)?,
        },
        In::Refused(refused) => Message::Refused(refusal(refused)?),
        In::Append(append) => Message::Append(self::append(append)?),
        In::SnapshotPart(part) => Message::SnapshotPart(self::part(part)?),
        In::TakeOver(order) => Message::TakeOver {
            epoch: order.epoch,
            last: position(order.last)?,
            leaving: order.leaving,
        },
        In::Dropped(wire::Dropped {}) => Message::Dropped,
    })
}

/// What a peer answered to "are you blank?".
pub(crate) fn peer_state_from_wire(state: wire::PeerState) -> Decoded<core::PeerState> {
    Ok(core::PeerState {
        version: state.version,
        member: member(state.member)?,
        life: state.life,
        cluster: cluster(&state.cluster)?,
    })
}

fn hello(hello: wire::Hello) -> Decoded<core::Hello> {
    Ok(core::Hello {
        version: hello.version,
        cluster: cluster(&hello.cluster)?,
        member: member(hello.member)?,
        life: hello.life,
        epoch: hello.epoch,
        nonce: match hello.nonce.is_empty() {
            true => None,
            false => Some(core::Nonce(id128(&hello.nonce)?)),
        },
        commit: match hello.commit {
            None => core::Position::default(),
            Some(none) if none.index == 0 => return Err(Undecodable("a commit index of 0")),
            some => position(some)?,
        },
        first: hello.first,
        runs: hello.runs.into_iter().map(|run| (run.epoch, run.last)).collect(),
        full: hello.full,
        memory: hello.memory_bytes,
    })
}

fn known_records(records: Vec<wire::KnownRecord>) -> Decoded<Vec<(core::Epoch, core::Nonce)>> {
    if records.len() > core::KNOWN_RECORDS {
        return Err(Undecodable("more records than a replica remembers"));
    }
    let record = |known: wire::KnownRecord| Ok((known.epoch, core::Nonce(id128(&known.nonce)?)));
    records.into_iter().map(record).collect()
}

fn append(append: wire::Append) -> Decoded<core::Append> {
    let digest = append.digest.ok_or(Undecodable("an append without a digest"))?;
    Ok(core::Append {
        epoch: append.epoch,
        previous: position(append.previous)?,
        entries: append.entries.into_iter().map(entry).collect::<Decoded<_>>()?,
        commit: append.commit,
        round: append.round,
        digest: (digest.index, digest.value),
    })
}

fn part(part: wire::SnapshotPart) -> Decoded<core::SnapshotPart> {
    let settings = core::Settings::decode(&part.settings);
    Ok(core::SnapshotPart {
        epoch: part.epoch,
        snapshot: core::Snapshot {
            position: position(part.position)?,
            time: core::Time { wall: part.wall_ns, elapsed: part.elapsed_ns },
            settings: settings.ok_or(Undecodable("unknown settings in a snapshot part"))?,
        },
        offset: part.offset,
        data: part.data,
        last: part.last,
        background: part.background,
    })
}

fn entry(entry: wire::Entry) -> Decoded<core::Entry> {
    let kind = u8::try_from(entry.kind).ok().and_then(core::Kind::from_u8);
    Ok(core::Entry {
        index: index(entry.index)?,
        epoch: entry.epoch,
        time: core::Time { wall: entry.wall_ns, elapsed: entry.elapsed_ns },
        kind: kind.ok_or(Undecodable("an entry of unknown kind"))?,
        // A copy, so that one small entry that is kept does not pin the message it came in.
        payload: Bytes::copy_from_slice(&entry.payload),
        hash: entry.hash,
    })
}

fn refusal(refused: wire::Refused) -> Decoded<core::Refusal> {
    use wire::refused::Refusal as In;
    Ok(match refused.refusal {
        Some(In::NotPrimary(epoch)) => core::Refusal::NotPrimary(epoch),
        Some(In::WrongCluster(cluster)) => {
            core::Refusal::WrongCluster(core::ClusterId(id128(&cluster)?))
        }
        Some(In::WrongVersion(version)) => core::Refusal::WrongVersion(version),
        Some(In::OldLife(life)) => core::Refusal::OldLife(life),
        Some(In::Other(why)) => core::Refusal::Other(clipped(why)),
        Some(In::Contradiction(found)) => core::Refusal::Contradiction(contradiction(found)?),
        None => core::Refusal::Other("a reason that this version does not know".into()),
    })
}

fn contradiction(found: wire::Contradiction) -> Decoded<core::Contradiction> {
    use core::Contradiction;
    use wire::contradiction::Kind;
    let wire::Contradiction { index, epoch, .. } = found;
    Ok(match found.kind() {
        Kind::Record => Contradiction::Record(epoch),
        Kind::Entry => Contradiction::Entry(index, epoch),
        Kind::Committed => Contradiction::Committed(index, epoch),
        Kind::Vanished => Contradiction::Vanished(index),
        Kind::Unspecified => return Err(Undecodable("a contradiction of an unknown kind")),
    })
}

fn member(member: Option<wire::Member>) -> Decoded<core::Member> {
    let member = member.ok_or(Undecodable("a missing member"))?;
    if !core::is_name(&member.name) {
        return Err(Undecodable("an invalid replica name"));
    }
    if ![&member.peer_address, &member.client_address].into_iter().all(|a| core::is_address(a)) {
        return Err(Undecodable("an invalid replica address"));
    }
    Ok(core::Member {
        incarnation: core::Incarnation(id128(&member.incarnation)?),
        name: member.name,
        peer_address: member.peer_address,
        client_address: member.client_address,
    })
}

/// What a peer says for people: as much as fits into a line of the log, and without control characters.
fn clipped(text: String) -> String {
    text.chars().take(LONGEST_TEXT).map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn position(position: Option<wire::Position>) -> Decoded<core::Position> {
    let position = position.ok_or(Undecodable("a missing position"))?;
    let index = index(position.index)?;
    Ok(core::Position { index, epoch: position.epoch, hash: position.hash })
}

/// The protocol counts on from an entry or a position; other indices are only compared.
fn index(index: core::Index) -> Decoded<core::Index> {
    match index <= core::MAX_INDEX {
        true => Ok(index),
        false => Err(Undecodable("an index that no log reaches")),
    }
}

fn cluster(id: &Bytes) -> Decoded<Option<core::ClusterId>> {
    match id.is_empty() {
        true => Ok(None),
        false => Ok(Some(core::ClusterId(id128(id)?))),
    }
}

fn id128(id: &Bytes) -> Decoded<u128> {
    let bytes: [u8; 16] =
        id[..].try_into().map_err(|_| Undecodable("an id that is not 16 bytes"))?;
    Ok(u128::from_be_bytes(bytes))
}
