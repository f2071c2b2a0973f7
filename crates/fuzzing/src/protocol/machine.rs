//! A machine that counts. Any bytes are a snapshot of it: what peers send is not its concern here.

use std::io::{self, Read, Write};

use bytes::Bytes;
use understudy_machine::{Frozen, Input, Machine, Moment, RestoreError};
use understudy_protocol::Snapshot;

#[derive(Clone, Default)]
pub struct Counter(u64);

impl From<Snapshot> for Counter {
    fn from(snapshot: Snapshot) -> Self {
        Counter(snapshot.position.index)
    }
}

impl Machine for Counter {
    type Output = ();
    type Frozen = Counter;

    fn apply(&mut self, _: Moment, _: Input<'_>) {
        self.0 += 1;
    }

    fn digest(&self) -> u64 {
        self.0
    }

    fn deadline(&self) -> Option<u64> {
        None
    }

    fn freeze(&self) -> Counter {
        self.clone()
    }

    fn snapshot_bytes(&self) -> u64 {
        8
    }

    fn memory(&self) -> u64 {
        8
    }

    fn copied_bytes(&self, _: u64) -> u64 {
        0
    }

    fn limit_memory(&self, _: u64) -> Option<Bytes> {
        None
    }

    fn restore(source: &mut dyn Read) -> Result<Self, RestoreError> {
        let bytes = io::copy(source, &mut io::sink())?;
        Ok(Counter(bytes))
    }
}

impl Frozen for Counter {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.0.to_le_bytes())
    }
}
