//! Which copy of the log a directory is: made with it, and bound to the very file that says so.
//!
//! That finds copies made file by file (`cp`, `tar`, a restored backup). The clone of a whole volume
//! keeps inode numbers and is not found: operations must not start both.

use bytes::{Buf, BufMut};
use understudy_protocol::Incarnation;

use crate::disk::{Disk, DiskFile, FileId};
use crate::error::OpenError;
use crate::listing::{IDENTITY, TEMPORARY};
use crate::seal::{Broken, seal, unseal};

const MAGIC: &[u8; 8] = b"USTDIDEN";

/// The content of the file `identity`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    pub incarnation: Incarnation,
    /// The file that this was written to. A copy of the directory has another one.
    pub file: FileId,
}

impl Identity {
    /// Reads it, and whether it is still in the file that it was written to.
    pub fn read<D: Disk>(disk: &D) -> Result<(Self, bool), OpenError> {
        let io = || OpenError::io(format!("read {IDENTITY} in {}", disk.place()));
        let file = disk.open_read(IDENTITY).map_err(io())?;
        let bytes = file.read_vec(0, 4096).map_err(io())?;
        let identity = Self::decode(&bytes).map_err(|broken| broken.of(IDENTITY))?;
        let original = file.id().map_err(io())?.agrees(&identity.file);
        Ok((identity, original))
    }

    /// Writes it, durably and at once, in place of any earlier one.
    pub fn write<D: Disk>(disk: &D, incarnation: Incarnation) -> Result<Self, OpenError> {
        let io = || OpenError::io(format!("write {IDENTITY} in {}", disk.place()));
        let name = format!("{IDENTITY}{TEMPORARY}");
        let file = disk.create(&name).map_err(io())?;
        let identity = Identity { incarnation, file: file.id().map_err(io())? };
        file.write_at(&identity.encode(), 0).map_err(io())?;
        file.sync().map_err(io())?;
        disk.rename(&name, IDENTITY).map_err(io())?;
        disk.sync().map_err(io())?;
        Ok(identity)
    }

    fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        body.put_u128_le(self.incarnation.0);
        body.put_u64_le(self.file.inode);
        body.put_u64_le(self.file.born);
        seal(MAGIC, &body)
    }

    fn decode(bytes: &[u8]) -> Result<Self, Broken> {
        let short = |_| Broken::Bad("it is too short");
        let mut body = unseal(MAGIC, bytes)?;
        let incarnation = Incarnation(body.try_get_u128_le().map_err(short)?);
        let inode = body.try_get_u64_le().map_err(short)?;
        let born = body.try_get_u64_le().map_err(short)?;
        Ok(Identity { incarnation, file: FileId { inode, born } })
    }
}
