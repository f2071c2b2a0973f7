//! The state, frozen, on its way to disk.

use std::io::{self, Write};

use bytes::Bytes;
use understudy_evidence::correct;

use super::deadlines::Life;
use super::deletions::Deletions;
use super::frame::FrameWriter;
use super::held::Held;
use super::key::Key;
use super::leases::Lease;
use super::record::Record;
use super::snapshot::{
    ChangeFrame, DeletionFrame, GeneratorFrame, Header, HeldFrame, LeaseFrame, RevisionFrame,
    SessionFrame, TermFrame,
};
use super::state::State;
use crate::Frozen;

/// The key-value machine's state at one moment. It shares memory with the machine, which goes on.
#[derive(Clone, Debug)]
pub struct FrozenKv {
    state: State,
}

impl FrozenKv {
    pub(crate) fn new(state: State) -> Self {
        FrozenKv { state }
    }

    /// The running digest as of this state.
    pub fn digest(&self) -> u64 {
        self.state.digest
    }

    /// Log index of the last input in this state.
    pub fn index(&self) -> u64 {
        self.state.index
    }

    /// A hash over the whole state; see [`crate::KvMachine::state_hash`].
    pub fn hash(&self) -> u64 {
        self.write_frames(&mut io::sink()).expect("writing to a sink does not fail")
    }

    fn write_frames(&self, out: &mut dyn Write) -> io::Result<u64> {
        let State { keyspace, sessions, history, .. } = &self.state;
        let mut frames = FrameWriter::begin(out)?;
        frames.frame(&self.header())?;
        for (key, record) in keyspace.iter() {
            frames.frame(&record.with_key(key))?;
        }
        for (&id, session) in &sessions.alive {
            frames.frame(&SessionFrame {
                id,
                ttl: session.life.ttl,
                used: session.life.used,
                due: session.life.due,
                trim: session.trim,
                held: session.held.len() as u64,
                owner: owner(&session.owner),
            })?;
            for (&sequence, Held { operation, response }) in &session.held {
                let response = response.clone();
                frames.frame(&HeldFrame { sequence, response, operation: *operation })?;
            }
        }
        for revision in history.changes().iter() {
            let changes = revision.changes.len() as u64;
            let (mark, elapsed) = (revision.mark, revision.elapsed);
            frames.frame(&RevisionFrame { mark, changes, elapsed })?;
            for change in revision.changes.iter() {
                frames.frame(&ChangeFrame {
                    key: change.key.to_bytes(),
                    before: kept(change.before.as_ref())
                        .map(|record| record.with_bytes(Bytes::new())),
                })?;
            }
        }
        for (key, revision) in remembered(history.deletions()) {
            frames.frame(&DeletionFrame { key: key.to_bytes(), revision })?;
        }
        for term in history.changes().terms() {
            frames.frame(&TermFrame { mark: term.mark, revision: term.revision })?;
        }
        for (name, generator) in self.state.generators.iter() {
            let (words, position) = generator.twister.state();
            let position = correct!(position, "generator-restored-anew" => 0);
            let name = String::from_utf8_lossy(name.as_slice()).into_owned();
            let (words, owner) = (words.to_vec(), owner(&generator.owner));
            frames.frame(&GeneratorFrame { name, words, position, owner })?;
        }
        for (id, lease) in self.state.leases.iter() {
            let Lease { life: Life { ttl, used, due }, ended, .. } = lease;
            let used = correct!(*used, "leases-restored-anew" => self.state.elapsed);
            let (ttl, due, ended, owner) = (*ttl, *due, *ended, owner(&lease.owner));
            frames.frame(&LeaseFrame { id, ttl, used, due, ended, owner })?;
        }
        frames.finish()
    }

    fn header(&self) -> Header {
        let State { keyspace, sessions, history, .. } = &self.state;
        let changes = history.changes();
        Header {
            index: self.state.index,
            elapsed: self.state.elapsed,
            digest: self.state.digest,
            revision: self.state.revision,
            quota: Some(self.state.quota),
            keys: keyspace.len(),
            sessions: sessions.len(),
            opened: sessions.deadlines.opened(),
            highest_session: sessions.highest,
            revisions: changes.kept(),
            floor: changes.floor(),
            mark: changes.mark(changes.forgotten()).unwrap_or_default(),
            generators: self.state.generators.len(),
            leases: self.state.leases.len(),
            highest_lease: self.state.leases.highest,
            deletions: remembered(history.deletions()).count() as u64,
            deletions_since: history.deletions().known_since(),
            terms: changes.terms().count() as u64,
            memory: self.state.budget.0,
        }
    }
}

fn owner(owner: &Bytes) -> Bytes {
    correct!(owner.clone(), "snapshot-without-owners" => Bytes::new())
}

fn remembered(deletions: &Deletions) -> impl Iterator<Item = (&Key, i64)> {
    deletions.iter().filter(|_| correct!(true, "snapshot-without-deletions" => false))
}

fn kept(before: Option<&Record>) -> Option<&Record> {
    correct!(before, "snapshot-without-old-values" => None)
}

impl Frozen for FrozenKv {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_frames(out).map(|_| ())
    }
}
