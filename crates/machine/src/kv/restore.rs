//! Reading a state back; everything read is checked.

use std::collections::BTreeMap;
use std::io::Read;

use bytes::Bytes;
use imbl::OrdSet;
use prost::Message;

use super::change::Change;
use super::changes::Term;
use super::deadlines::{Deadlines, Life};
use super::deletions::Deletions;
use super::frame::FrameReader;
use super::generators::{Generator, Generators};
use super::held::Held;
use super::history::History;
use super::key::Key;
use super::keyspace::Keyspace;
use super::leases::{Lease, Leases};
use super::memory::Budget;
use super::mt19937::Mt19937;
use super::quota::Quota;
use super::record::Record;
use super::session::{Session, WINDOW};
use super::sessions::Sessions;
use super::snapshot::{
    ChangeFrame, DeletionFrame, GeneratorFrame, Header, HeldFrame, LeaseFrame, RevisionFrame,
    SessionFrame, TermFrame,
};
use super::state::State;
use crate::command::MAX_OWNER;
use crate::{KeyValue, Response, RestoreError};

/// Reads the state that [`super::FrozenKv`] wrote.
pub(crate) fn restore(source: &mut dyn Read) -> Result<State, RestoreError> {
    let mut frames = FrameReader::begin(source)?;
    let header: Header = frames.frame()?;
    let quota = header.quota.filter(|quota: &Quota| quota.is_valid());
    frames.check(quota.is_some(), "the quota is impossible")?;
    // Each entry makes at most one revision, and each revision at most one version of a key.
    let revision = u64::try_from(header.revision).is_ok_and(|revision| revision <= header.index);
    frames.check(revision, "the revision is impossible")?;
    let keyspace = keys(&mut frames, &header)?;
    let sessions = sessions(&mut frames, &header)?;
    let history = history(&mut frames, &header, &keyspace)?;
    let generators = generators(&mut frames, &header)?;
    let leases = leases(&mut frames, &header, &keyspace)?;
    frames.finish()?;
    Ok(State {
        index: header.index,
        elapsed: header.elapsed,
        digest: header.digest,
        revision: header.revision,
        keyspace,
        history,
        sessions,
        leases,
        generators,
        quota: quota.unwrap_or(Quota::INITIAL),
        budget: Budget(header.memory),
    })
}

fn keys(frames: &mut FrameReader<'_>, header: &Header) -> Result<Keyspace, RestoreError> {
    let mut keyspace = Keyspace::default();
    let mut previous = bytes::Bytes::new();
    for _ in 0..header.keys {
        let key: KeyValue = frames.frame()?;
        frames.check(key.key > previous, "the keys are not in order")?;
        previous = key.key.clone();
        keyspace.set(Key::new(key.key.clone()), record(frames, header.revision, key)?);
    }
    Ok(keyspace)
}

/// A version of a key that was made at `newest` or before.
fn record(frames: &FrameReader<'_>, newest: i64, key: KeyValue) -> Result<Record, RestoreError> {
    let revisions = 1 <= key.create_revision
        && key.create_revision <= key.mod_revision
        && key.mod_revision <= newest;
    let versions = (1..=newest).contains(&key.version);
    frames.check(revisions && versions, "a key's revisions are impossible")?;
    Ok(Record {
        value: key.value,
        create_revision: key.create_revision,
        mod_revision: key.mod_revision,
        version: key.version,
        lease: key.lease,
    })
}

fn history(
    frames: &mut FrameReader<'_>,
    header: &Header,
    keyspace: &Keyspace,
) -> Result<History, RestoreError> {
    let kept = i64::try_from(header.revisions).ok().filter(|kept| *kept <= header.revision);
    frames.check(kept.is_some(), "the history is impossible")?;
    let forgotten = header.revision - kept.unwrap_or(0);
    let floor = (forgotten..=header.revision).contains(&header.floor);
    frames.check(floor, "the history is impossible")?;
    let since = header.deletions_since;
    frames.check((0..=forgotten).contains(&since), "the history is impossible")?;
    let mut revisions = Vec::new();
    for revision in forgotten + 1..=header.revision {
        let frame: RevisionFrame = frames.frame()?;
        frames.check(frame.changes > 0, "a revision changes nothing")?;
        let mut changes: Vec<Change> = Vec::new();
        for _ in 0..frame.changes {
            let frame: ChangeFrame = frames.frame()?;
            let key = Key::new(frame.key);
            let in_order = changes.last().is_none_or(|last| last.key < key);
            frames.check(in_order && key.len() > 0, "a revision's keys are not in order")?;
            let before = frame.before.map(|kv| record(frames, revision - 1, kv)).transpose()?;
            changes.push(Change { key, before, after: None });
        }
        frames.check(frame.elapsed <= header.elapsed, "a revision is of the future")?;
        revisions.push((changes, frame));
    }
    let made = tell_what_was_made(&mut revisions, header.revision, keyspace);
    frames.check(made, "a change is impossible")?;
    let mut history = History::after(forgotten, header.mark, Deletions::since(since));
    for (mut changes, RevisionFrame { mark, elapsed, .. }) in revisions {
        history.push(&mut changes, mark, elapsed);
    }
    history.compact(header.floor);
    deletions(frames, header, &mut history)?;
    terms(frames, header, &mut history)?;
    Ok(history)
}

/// Fills in what each change made of its key: what that was before the next change of it, or is now. They show one
/// value then, not two. Gives whether the changes are possible.
fn tell_what_was_made(
    revisions: &mut [(Vec<Change>, RevisionFrame)],
    newest: i64,
    keyspace: &Keyspace,
) -> bool {
    let mut next: BTreeMap<Key, Option<Record>> = BTreeMap::new();
    (1..=newest).rev().zip(revisions.iter_mut().rev()).all(|(revision, (changes, _))| {
        changes.iter_mut().all(|Change { key, before, after }| {
            *after = next
                .insert(key.clone(), before.clone())
                .unwrap_or_else(|| keyspace.record(key.as_slice()).cloned());
            match after {
                Some(after) => after.mod_revision == revision,
                None => before.is_some(),
            }
        })
    })
}

fn deletions(
    frames: &mut FrameReader<'_>,
    header: &Header,
    history: &mut History,
) -> Result<(), RestoreError> {
    let mut previous = bytes::Bytes::new();
    for _ in 0..header.deletions {
        let DeletionFrame { key, revision } = frames.frame()?;
        frames.check(key > previous, "the deletions are not in order")?;
        previous = key.clone();
        // Of a revision that deleted many keys some may have been dropped.
        let known = header.deletions_since.max(1)..=history.changes().forgotten();
        frames.check(known.contains(&revision), "a deletion is impossible")?;
        history.remember(&Key::new(key), revision);
    }
    let all = history.deletions().len() == header.deletions;
    frames.check(all, "there are too many deletions")
}

fn terms(
    frames: &mut FrameReader<'_>,
    header: &Header,
    history: &mut History,
) -> Result<(), RestoreError> {
    let mut previous = 0;
    for _ in 0..header.terms {
        let TermFrame { mark, revision } = frames.frame()?;
        let in_order = previous <= revision && revision <= header.revision;
        frames.check(in_order, "the terms are not in order")?;
        previous = revision;
        history.push_term(Term { mark, revision });
    }
    Ok(())
}

fn sessions(frames: &mut FrameReader<'_>, header: &Header) -> Result<Sessions, RestoreError> {
    let known = header.highest_session <= header.index && header.opened <= header.elapsed;
    frames.check(known, "the table of sessions is impossible")?;
    let mut sessions = Sessions::default();
    sessions.deadlines = Deadlines::since(header.opened);
    sessions.highest = header.highest_session;
    let mut previous = 0;
    for _ in 0..header.sessions {
        let frame: SessionFrame = frames.frame()?;
        let in_order = previous < frame.id && frame.id <= header.highest_session;
        frames.check(in_order, "the sessions are not in order")?;
        previous = frame.id;
        let session = session(frames, header, &frame)?;
        sessions.insert(frame.id, session);
    }
    Ok(sessions)
}

fn session(
    frames: &mut FrameReader<'_>,
    header: &Header,
    frame: &SessionFrame,
) -> Result<Session, RestoreError> {
    let life = Life { ttl: frame.ttl, used: frame.used, due: frame.due };
    let sound = is_possible(&life, header) && frame.held <= WINDOW;
    frames.check(sound, "a session is impossible")?;
    let owner = owner(frames, &frame.owner)?;
    let mut session = Session::new(life, owner);
    session.trim = frame.trim;
    let mut previous = frame.trim;
    for _ in 0..frame.held {
        let held: HeldFrame = frames.frame()?;
        let in_window =
            previous < held.sequence && held.sequence <= Session::window_end(frame.trim);
        frames.check(in_window, "a held response lies outside its window")?;
        frames.check(Response::decode(&held.response[..]).is_ok(), "a held response is damaged")?;
        previous = held.sequence;
        let answer = Held { operation: held.operation, response: held.response };
        session.hold(held.sequence, answer);
    }
    Ok(session)
}

fn leases(
    frames: &mut FrameReader<'_>,
    header: &Header,
    keyspace: &Keyspace,
) -> Result<Leases, RestoreError> {
    let mut leases = Leases::default();
    leases.deadlines = Deadlines::since(header.opened);
    leases.highest = header.highest_lease;
    let mut previous = 0;
    for _ in 0..header.leases {
        let LeaseFrame { id, ttl, used, due, ended, owner: of } = frames.frame()?;
        let in_order = previous < id && id <= header.highest_lease;
        frames.check(in_order, "the leases are not in order")?;
        previous = id;
        let life = Life { ttl, used, due };
        frames.check(is_possible(&life, header), "a lease is impossible")?;
        let owner = owner(frames, &of)?;
        leases.insert(id, Lease { life, keys: OrdSet::new(), ended, owner });
    }
    for (key, record) in keyspace.iter() {
        let hangs = record.lease == 0 || leases.attach(record.lease, key);
        frames.check(hangs, "a key is attached to a lease that is not there")?;
    }
    let ended = leases.iter().all(|(_, lease)| !lease.ended || !lease.keys.is_empty());
    frames.check(ended, "a lease has ended and has no keys")?;
    Ok(leases)
}

/// An owner's name, in memory of its own.
fn owner(frames: &FrameReader<'_>, name: &[u8]) -> Result<Bytes, RestoreError> {
    frames.check(name.len() <= MAX_OWNER, "an owner is impossible")?;
    Ok(Bytes::copy_from_slice(name))
}

fn is_possible(life: &Life, header: &Header) -> bool {
    life.used <= header.elapsed && life.due <= Deadlines::since(header.opened).end(life)
}

fn generators(frames: &mut FrameReader<'_>, header: &Header) -> Result<Generators, RestoreError> {
    let mut generators = Generators::default();
    let mut previous = String::new();
    for _ in 0..header.generators {
        let GeneratorFrame { name, words, position, owner: of } = frames.frame()?;
        frames.check(name > previous, "the generators are not in order")?;
        let twister = Mt19937::in_state(&words, position);
        frames.check(twister.is_some(), "a generator's state is impossible")?;
        let (twister, owner) = (twister.unwrap_or(Mt19937::seeded(&[])), owner(frames, &of)?);
        generators.insert(Key::new(name.clone().into()), Generator { twister, owner });
        previous = name;
    }
    Ok(generators)
}
