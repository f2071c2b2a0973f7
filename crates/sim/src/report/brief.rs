//! Events and effects in one short line each.

use understudy_protocol::{
    Append, Effect, Entry, Event, Hello, Message, Observed, Record, SnapshotPart,
};

/// An event that somebody wants to read about.
pub fn event(event: &Event) -> Option<String> {
    Some(match event {
        Event::Tick => return None,
        Event::Received(conn, message) => format!("{} on stream {}", say(message), conn.0),
        Event::Requests { proposals, reads } => {
            format!("{} writes, {} reads", proposals.len(), reads.len())
        }
        Event::Durable(position) => format!("durable up to {}", position.index),
        Event::Applied { first, digests } => {
            format!("applied {first}..={}", first + digests.len() as u64 - 1)
        }
        Event::RegisterRead(Ok(observed)) => format!("register: {}", see(observed)),
        Event::LogRead { entries: Ok(entries), conn, .. } => {
            format!("log read: {} for stream {}", range(entries), conn.0)
        }
        Event::SnapshotRead { conn, snapshot, offset, data, last } => format!(
            "snapshot {} read: {} bytes at {offset}, last: {last}, for stream {}",
            snapshot.position.index,
            data.len(),
            conn.0
        ),
        Event::SnapshotMade(position) => format!("snapshot {} made", position.index),
        Event::Connected(conn) => format!("connected: stream {}", conn.0),
        Event::Closed(conn) => format!("closed: stream {}", conn.0),
        other => format!("{other:?}"),
    })
}

/// An effect, the same way.
pub fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Send(conn, message) => format!("{} on stream {}", say(message), conn.0),
        Effect::Close(conn) => format!("close stream {}", conn.0),
        Effect::Dial { address } => format!("dial {address}"),
        Effect::SaveState(state) => format!(
            "save epoch {}, commit {}, replaying {}, halted {:?}",
            state.epoch, state.commit, state.replaying, state.halted
        ),
        Effect::Append(entries) => format!("append {}", range(entries)),
        Effect::SetAside(entries) => format!("set aside {} entries", entries.len()),
        Effect::Truncate { after } => format!("truncate after {after}"),
        Effect::StoreSnapshot(_, part) => format!("store {}", piece(part)),
        Effect::Apply(batch) => match (batch.first(), batch.last()) {
            (Some((first, _)), Some((last, _))) => {
                format!("apply {}..={}", first.index, last.index)
            }
            _ => "apply nothing".into(),
        },
        Effect::WriteRegister { base, record } => {
            format!("write register: {} over version {}", tell(record), base.version)
        }
        Effect::Serve(ids) => format!("serve {} reads", ids.len()),
        Effect::Reject(ids, why) => format!("reject {} requests: {why:?}", ids.len()),
        Effect::Evict { member } => format!("evict {}", member.name),
        Effect::Note(text) => format!("note: {text}"),
        other => format!("{other:?}"),
    }
}

fn say(message: &Message) -> String {
    match message {
        Message::Append(append) => {
            let Append { epoch, previous, entries, commit, round, .. } = append;
            format!(
                "Append epoch {epoch} {} after {}, commit {commit}, round {round}",
                range(entries),
                previous.index
            )
        }
        Message::Ack(ack) => format!(
            "Ack epoch {} verified {} durable {} round {}{}",
            ack.epoch,
            ack.verified,
            ack.durable,
            ack.round,
            ack.newer.map_or(String::new(), |newer| format!(" newer {newer}"))
        ),
        Message::Hello(hello) => {
            let Hello { member, life, epoch, runs, first, .. } = &**hello;
            format!("Hello {} life {life} epoch {epoch} first {first} runs {runs:?}", member.name)
        }
        Message::SnapshotPart(part) => piece(part),
        other => format!("{other:?}"),
    }
}

fn piece(part: &SnapshotPart) -> String {
    let SnapshotPart { snapshot, offset, data, last, .. } = part;
    let (index, bytes) = (snapshot.position.index, data.len());
    format!("part of snapshot {index}: {bytes} bytes at {offset}, last: {last}")
}

fn range(entries: &[Entry]) -> String {
    match (entries.first(), entries.last()) {
        (Some(first), Some(last)) => {
            format!("{}..={} (epoch {})", first.index, last.index, last.epoch)
        }
        _ => "nothing".into(),
    }
}

fn see(observed: &Observed) -> String {
    match &observed.record {
        Some(record) => format!("version {}, {}", observed.version, tell(record)),
        None => format!("version {}, blank", observed.version),
    }
}

fn tell(record: &Record) -> String {
    let members: Vec<String> = record
        .members
        .iter()
        .map(|member| {
            let star = if member.incarnation == record.primary { "*" } else { "" };
            format!("{}{star}({:?})", member.name, member.incarnation)
        })
        .collect();
    format!("epoch {} {} floor {}", record.epoch, members.join(" "), record.floor)
}
