//! What takes long and needs no replica: it runs on any thread.

use std::io::{self, BufWriter};

use understudy_machine::{Frozen, Machine};
use understudy_protocol::{ConnId, Position, Snapshot};
use understudy_wal::{Disk, Finished, Incoming, SnapshotReader, SnapshotWriter, WriteError};

/// Bytes that are handed to the disk at once.
const BUFFER: usize = 64 << 10;

/// Something that takes long. At most one of each kind is under way.
pub struct Work<D: Disk, M: Machine>(pub(crate) Kind<D, M>);

/// The kinds of work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WorkKind {
    /// A snapshot of the machine is written.
    Snapshot,
    /// A snapshot that came in the background is checked.
    Check,
    /// A machine is made of a snapshot.
    Restore,
}

impl WorkKind {
    /// For the thread that does it.
    pub fn name(self) -> &'static str {
        match self {
            WorkKind::Snapshot => "snapshot",
            WorkKind::Check => "check",
            WorkKind::Restore => "restore",
        }
    }
}

pub(crate) enum Kind<D: Disk, M: Machine> {
    /// Write a state that stands still.
    Save(M::Frozen, Box<SnapshotWriter<D>>),
    /// Complete and check a snapshot that came in the background.
    Check(Received, Box<Incoming<D>>),
    /// Make a machine of the newest snapshot.
    Restore(Box<Option<SnapshotReader<D::File>>>, Snapshot),
}

/// What came of it.
pub struct Done<D: Disk, M: Machine>(pub(crate) Outcome<D, M>);

pub(crate) enum Outcome<D: Disk, M: Machine> {
    Saved(io::Result<Finished<D>>),
    Checked(Received, Result<Finished<D>, WriteError>),
    Restored(Result<M, String>, Snapshot),
}

/// A snapshot that came in the background: on which stream, which one, and how many bytes.
#[derive(Clone, Copy)]
pub(crate) struct Received {
    pub conn: ConnId,
    pub position: Position,
    pub offset: u64,
}

impl<D: Disk, M: Machine> Work<D, M> {
    /// Which it is.
    pub fn kind(&self) -> WorkKind {
        match &self.0 {
            Kind::Save(..) => WorkKind::Snapshot,
            Kind::Check(..) => WorkKind::Check,
            Kind::Restore(..) => WorkKind::Restore,
        }
    }

    /// Does it.
    pub fn run(self) -> Done<D, M> {
        Done(match self.0 {
            Kind::Save(frozen, writer) => Outcome::Saved(save(&frozen, *writer)),
            Kind::Check(received, incoming) => Outcome::Checked(received, incoming.finish()),
            Kind::Restore(source, at) => Outcome::Restored(restore(*source), at),
        })
    }
}

impl<D: Disk, M: Machine> Done<D, M> {
    /// Whether nothing came of it.
    pub fn has_failed(&self) -> bool {
        match &self.0 {
            Outcome::Saved(saved) => saved.is_err(),
            Outcome::Checked(_, checked) => checked.is_err(),
            Outcome::Restored(machine, _) => machine.is_err(),
        }
    }
}

impl<D: Disk, M: Machine> std::fmt::Debug for Done<D, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Done {{ failed: {} }}", self.has_failed())
    }
}

fn save<D: Disk>(frozen: &impl Frozen, writer: SnapshotWriter<D>) -> io::Result<Finished<D>> {
    let mut buffered = BufWriter::with_capacity(BUFFER, writer);
    frozen.write(&mut buffered)?;
    buffered.into_inner().map_err(|error| error.into_error())?.finish()
}

/// The machine of a snapshot, or a new one where there is none.
pub(crate) fn restore<M: Machine>(source: Option<impl io::Read>) -> Result<M, String> {
    match source {
        Some(mut source) => M::restore(&mut source).map_err(|error| error.to_string()),
        None => Ok(M::default()),
    }
}
