//! Length-prefixed messages under a running hash: what a snapshot consists of.

use std::io::{self, Read, Write};

use prost::Message;
use twox_hash::XxHash3_64;

use crate::RestoreError;

/// What a snapshot begins with.
const MARK: [u8; 8] = *b"UNDSTDKV";
/// The format's number. Raise it with every change; no other one is read.
pub(crate) const FORMAT: u32 = 5;
/// The longest frame: the longest value or response that a quota can allow, and its envelope.
const MAX_FRAME: u32 = 66 << 20;

/// Writes frames: a little-endian `u32` length, then the message.
pub(crate) struct FrameWriter<'a> {
    out: &'a mut dyn Write,
    hash: u64,
    buffer: Vec<u8>,
}

impl<'a> FrameWriter<'a> {
    pub fn begin(out: &'a mut dyn Write) -> io::Result<Self> {
        let head = head();
        out.write_all(&head)?;
        Ok(FrameWriter { out, hash: XxHash3_64::oneshot(&head), buffer: Vec::new() })
    }

    pub fn frame(&mut self, message: &impl Message) -> io::Result<()> {
        let length = message.encoded_len();
        let short = u32::try_from(length).ok().filter(|length| *length <= MAX_FRAME);
        let short = short.ok_or_else(|| io::Error::other("a frame of a snapshot is too long"))?;
        self.buffer.clear();
        self.buffer.extend_from_slice(&short.to_le_bytes());
        message.encode(&mut self.buffer)?;
        self.hash = XxHash3_64::oneshot_with_seed(self.hash, &self.buffer);
        self.out.write_all(&self.buffer)
    }

    /// Ends with the hash over all that was written, and returns it.
    pub fn finish(self) -> io::Result<u64> {
        self.out.write_all(&self.hash.to_le_bytes())?;
        Ok(self.hash)
    }
}

/// Reads what [`FrameWriter`] wrote.
pub(crate) struct FrameReader<'a> {
    source: &'a mut dyn Read,
    hash: u64,
    offset: u64,
    buffer: Vec<u8>,
}

impl<'a> FrameReader<'a> {
    pub fn begin(source: &'a mut dyn Read) -> Result<Self, RestoreError> {
        let mut reader = FrameReader { source, hash: 0, offset: 0, buffer: Vec::new() };
        let mark: [u8; 8] = reader.array()?;
        if mark != MARK {
            return Err(RestoreError::Foreign);
        }
        let found = u32::from_le_bytes(reader.array()?);
        if found != FORMAT {
            return Err(RestoreError::Format { found, supported: FORMAT });
        }
        reader.hash = XxHash3_64::oneshot(&head());
        Ok(reader)
    }

    pub fn frame<M: Message + Default>(&mut self) -> Result<M, RestoreError> {
        let length: [u8; 4] = self.array()?;
        let wanted = u32::from_le_bytes(length);
        self.check(wanted <= MAX_FRAME, "a length is impossible")?;
        self.buffer.clear();
        self.buffer.extend_from_slice(&length);
        // Grows with what is really there, not with what a damaged length claims.
        let read = (&mut *self.source).take(wanted.into()).read_to_end(&mut self.buffer)?;
        self.offset += read as u64;
        if read < wanted as usize {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        self.hash = XxHash3_64::oneshot_with_seed(self.hash, &self.buffer);
        M::decode(&self.buffer[4..]).map_err(|_| self.damaged("a message does not decode"))
    }

    /// The hash that ends the frames, and the end of the source.
    pub fn finish(mut self) -> Result<(), RestoreError> {
        let written = u64::from_le_bytes(self.array()?);
        self.check(written == self.hash, "the checksum differs")?;
        let trailing = self.source.take(1).read_to_end(&mut self.buffer)?;
        self.check(trailing == 0, "something follows its end")
    }

    /// Fails with what is wrong unless `sound`.
    pub fn check(&self, sound: bool, what: &'static str) -> Result<(), RestoreError> {
        if sound { Ok(()) } else { Err(self.damaged(what)) }
    }

    fn damaged(&self, what: &'static str) -> RestoreError {
        RestoreError::Damaged { offset: self.offset, what }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RestoreError> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        self.offset += N as u64;
        Ok(bytes)
    }
}

fn head() -> [u8; 12] {
    let mut head = [0; 12];
    head[..8].copy_from_slice(&MARK);
    head[8..].copy_from_slice(&FORMAT.to_le_bytes());
    head
}
