//! The state, standing still, on its way to disk.

use std::io::{self, Write};

use super::frame::FrameWriter;
use super::held::Held;
use super::snapshot::{Header, HeldFrame, SessionFrame};
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
        let State { keyspace, sessions, .. } = &self.state;
        let mut frames = FrameWriter::begin(out)?;
        frames.frame(&self.header())?;
        for (key, record) in keyspace.iter() {
            frames.frame(&record.with_key(key))?;
        }
        for (&id, session) in &sessions.alive {
            frames.frame(&SessionFrame {
                id,
                ttl: session.ttl,
                used: session.used,
                due: session.due,
                trim: session.trim,
                held: session.held.len() as u64,
            })?;
            for (&sequence, Held { operation, response }) in &session.held {
                let response = response.clone();
                frames.frame(&HeldFrame { sequence, response, operation: *operation })?;
            }
        }
        frames.finish()
    }

    fn header(&self) -> Header {
        let State { keyspace, sessions, .. } = &self.state;
        Header {
            index: self.state.index,
            elapsed: self.state.elapsed,
            digest: self.state.digest,
            revision: self.state.revision,
            quota: Some(self.state.quota),
            keys: keyspace.len(),
            sessions: sessions.len(),
            opened: sessions.opened,
            highest_session: sessions.highest,
        }
    }
}

impl Frozen for FrozenKv {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_frames(out).map(|_| ())
    }
}
