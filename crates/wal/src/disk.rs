//! What the store needs of a file system: one flat directory.

use std::io;

/// One directory. A handle is cheap to clone, and clones mean the same directory.
///
/// What was written to a file survives a power loss only after [`DiskFile::sync`]; that a name
/// exists, changed or went only after [`Disk::sync`].
pub trait Disk: Clone + Send + 'static {
    /// An open file.
    type File: DiskFile;
    /// Holds the directory for one store; dropping it lets go.
    type Lock: Send;

    /// Where it is, for messages.
    fn place(&self) -> String;
    /// Makes the directory, durably, unless it exists.
    fn make(&self) -> io::Result<()>;
    /// Takes the directory for one store.
    fn lock(&self) -> Result<Self::Lock, LockError>;
    /// The names in it, in any order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Makes an empty file, in place of one of that name, to read and write.
    fn create(&self, name: &str) -> io::Result<Self::File>;
    /// Opens a file to read and write.
    fn open(&self, name: &str) -> io::Result<Self::File>;
    /// Opens a file to read only.
    fn open_read(&self, name: &str) -> io::Result<Self::File>;
    /// Gives a file another name, in place of one of that name, atomically.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes every change of names durable.
    fn sync(&self) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile: Send + 'static {
    /// Reads at `offset`; fewer bytes than asked for only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `data` at `offset`. After an error any part of it may be there.
    fn write_at(&self, data: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts the file, or extends it with a hole.
    fn set_len(&self, bytes: u64) -> io::Result<()>;
    /// Its length, bytes.
    fn len(&self) -> io::Result<u64>;
    /// Makes its content and length durable. After an error nothing is known about what was
    /// written since the last success, and trying again proves nothing.
    fn sync(&self) -> io::Result<()>;
    /// What tells it from every copy of it.
    fn id(&self) -> io::Result<FileId>;

    /// Whether nothing is in it.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Reads `bytes` at `offset`, or up to the end of the file.
    fn read_vec(&self, offset: u64, bytes: usize) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; bytes];
        let read = self.read_at(&mut buffer, offset)?;
        buffer.truncate(read);
        Ok(buffer)
    }

    /// Takes space from `from`, the file's end, to `to`, whatever it then holds. After an error any part of it may
    /// be taken.
    fn take_space(&self, from: u64, to: u64) -> io::Result<()> {
        self.write_zeros(from, to)
    }

    /// Writes zeros from `from` to `to`.
    fn write_zeros(&self, from: u64, to: u64) -> io::Result<()> {
        static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
        let mut at = from;
        while at < to {
            let piece = (to - at).min(ZEROS.len() as u64);
            self.write_at(&ZEROS[..piece as usize], at)?;
            at += piece;
        }
        Ok(())
    }
}

/// What stays with a file when it moves within its file system, and what no copy shares.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FileId {
    /// Its inode number.
    pub inode: u64,
    /// When it was made, nanoseconds since 1970; 0 where the file system does not say.
    pub born: u64,
}

impl FileId {
    /// Whether both can be the same file.
    pub fn agrees(&self, other: &FileId) -> bool {
        let born = self.born == other.born || self.born == 0 || other.born == 0;
        self.inode == other.inode && born
    }
}

/// Why the directory could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another store has it.
    #[error("held by {}", holder(.0))]
    Held(Option<u32>),
    /// It could not be tried.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// "process 7", or "another process" where the pid is not known.
pub(crate) fn holder(pid: &Option<u32>) -> String {
    pid.map_or("another process".into(), |pid| format!("process {pid}"))
}
