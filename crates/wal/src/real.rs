//! A directory of the operating system.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use crate::disk::{Disk, DiskFile, FileId, LockError};
use crate::listing::LOCK;

/// What is made here is its owner's alone, whatever the umask lets others have.
const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// A directory of the operating system. It and the files in it are made so that only their owner can read
/// them; a directory that exists keeps its mode.
#[derive(Clone, Debug)]
pub struct RealDisk {
    directory: PathBuf,
}

impl RealDisk {
    /// The directory at this path, which need not exist yet.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        RealDisk { directory: directory.into() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// Makes every change of names in a directory durable.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// The directory that holds this one.
pub(crate) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

impl Disk for RealDisk {
    type File = RealFile;
    type Lock = RealLock;

    fn place(&self) -> String {
        self.directory.display().to_string()
    }

    fn make(&self) -> io::Result<()> {
        if self.directory.is_dir() {
            return Ok(());
        }
        let parent = parent(&self.directory);
        if !parent.is_dir() {
            RealDisk::new(&parent).make()?;
        }
        fs::DirBuilder::new().mode(DIRECTORY_MODE).create(&self.directory)?;
        sync_directory(&parent)
    }

    fn lock(&self) -> Result<RealLock, LockError> {
        let path = self.path(LOCK);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
        let mut file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text)?;
                return Err(LockError::Held(text.trim().parse().ok()));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // The pid only helps people: a full disk must not keep a replica from starting.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(RealLock { _file: file })
    }

    fn list(&self) -> io::Result<Vec<String>> {
        fs::read_dir(&self.directory)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn create(&self, name: &str) -> io::Result<RealFile> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).mode(FILE_MODE);
        Ok(RealFile(options.open(self.path(name))?))
    }

    fn open(&self, name: &str) -> io::Result<RealFile> {
        Ok(RealFile(OpenOptions::new().read(true).write(true).open(self.path(name))?))
    }

    fn open_read(&self, name: &str) -> io::Result<RealFile> {
        Ok(RealFile(File::open(self.path(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn sync(&self) -> io::Result<()> {
        sync_directory(&self.directory)
    }
}

/// Holds a directory by `flock(2)`: the kernel lets go when the process ends or becomes another.
#[derive(Debug)]
pub struct RealLock {
    _file: File,
}

/// A file of the operating system.
#[derive(Debug)]
pub struct RealFile(File);

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match self.0.read_at(&mut buffer[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(data, offset)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn take_space(&self, from: u64, to: u64) -> io::Result<()> {
        match fallocate(&self.0, FallocateFlags::empty(), from, to - from) {
            // Not every file system can.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => self.write_zeros(from, to),
            done => Ok(done?),
        }
    }

    fn id(&self) -> io::Result<FileId> {
        let metadata = self.0.metadata()?;
        let born = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Ok(FileId { inode: metadata.ino(), born: born.map_or(0, |since| since.as_nanos() as u64) })
    }
}
