//! A disk in memory that forgets what was not synced: every choice comes from a seed.
//!
//! [`SimDisk`] is a cloneable handle of one directory. Reads see every write at once, as a page
//! cache does; a [`SimDisk::crash`] keeps what was synced and, sector by sector, some of the rest.

mod crash;
mod directory;
mod fault_counts;
mod file;
mod random;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::disk::{Disk, DiskFile, FileId, LockError};
use directory::Directory;
pub use fault_counts::FaultCounts;

/// A handle of a simulated directory. It survives the store that works on it.
#[derive(Clone, Default)]
pub struct SimDisk {
    shared: Arc<Mutex<Directory>>,
}

impl SimDisk {
    /// An empty directory.
    pub fn new() -> Self {
        SimDisk { shared: Arc::new(Mutex::new(Directory::new())) }
    }

    /// Power loss, and the machine starts again: what was not synced may be there, in part or not
    /// at all; open files and locks are void; faults that were ordered are over.
    pub fn crash(&self, seed: u64) {
        self.lock_shared().crash(seed);
    }

    /// The process is killed, but not the machine: what it wrote stays, synced or not; open files
    /// and locks are void; faults that were ordered are over.
    pub fn kill(&self) {
        self.lock_shared().reboot();
    }

    /// How many operations that change something there have been: writes, syncs, names.
    pub fn operations(&self) -> u64 {
        self.lock_shared().operations
    }

    /// After this many more operations that change something the next one fails, and then everything
    /// else, as if the process had died there, until [`SimDisk::crash`] or [`SimDisk::kill`]. A write that it hits may be done in
    /// part.
    pub fn stop_after(&self, operations: u64) {
        let mut directory = self.lock_shared();
        directory.stop_at = Some(directory.operations + operations);
    }

    /// The sync after `syncs` more fails, and what it should have made durable is treated as
    /// Linux does: still to be read, and never written.
    pub fn fail_sync_after(&self, syncs: u64) {
        self.lock_shared().fail_sync_in = Some(syncs);
    }

    /// How often it did what disks do at times.
    pub fn fault_counts(&self) -> FaultCounts {
        self.lock_shared().faults
    }

    /// Whether an ordered [`SimDisk::stop_after`] has struck: nothing works any more.
    pub fn has_stopped(&self) -> bool {
        self.lock_shared().check_running().is_err()
    }

    /// The disk holds this many bytes; `None` for no limit.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.lock_shared().capacity = bytes;
    }

    /// Whether a full disk refuses to overwrite, too, as file systems that copy on write do.
    pub fn set_copy_on_write(&self, copies: bool) {
        self.lock_shared().copies_on_write = copies;
    }

    /// Whether others on the same disk take whatever becomes free while it is full.
    pub fn set_shared(&self, shared: bool) {
        self.lock_shared().shared = shared;
    }

    /// Bytes in use.
    pub fn used(&self) -> u64 {
        self.lock_shared().used()
    }

    /// Flips a bit of the byte at `offset`, on the disk itself.
    pub fn corrupt(&self, name: &str, offset: u64) {
        self.lock_shared().corrupt(name, offset as usize);
    }

    /// Another directory with the same content, as `cp -a` makes it.
    pub fn copy(&self) -> SimDisk {
        SimDisk { shared: Arc::new(Mutex::new(self.lock_shared().copy())) }
    }

    /// The directory as it is now, to be put back in its place later, as a volume's snapshot: the files stay
    /// the ones they are.
    pub fn image(&self) -> SimDisk {
        SimDisk { shared: Arc::new(Mutex::new(self.lock_shared().image())) }
    }

    /// A file's whole content as it is to be read now; `None` if there is no such file.
    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        let directory = self.lock_shared();
        let inode = directory.names.get(name)?;
        Some(directory.inodes[inode].content.clone())
    }

    /// Every file with its content as it is to be read now.
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let names: Vec<_> = self.lock_shared().names.keys().cloned().collect();
        names.into_iter().filter_map(|name| Some((name.clone(), self.content(&name)?))).collect()
    }

    fn lock_shared(&self) -> MutexGuard<'_, Directory> {
        self.shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn file(&self, directory: &Directory, inode: u64) -> SimFile {
        SimFile { disk: self.clone(), inode, boot: directory.boot, writable: true }
    }
}

/// Holds a [`SimDisk`] for one store.
pub struct SimLock {
    disk: SimDisk,
    boot: u64,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut directory = self.disk.lock_shared();
        if directory.boot == self.boot {
            directory.locked = false;
        }
    }
}

/// An open file of a [`SimDisk`]; void after a crash.
pub struct SimFile {
    disk: SimDisk,
    inode: u64,
    boot: u64,
    writable: bool,
}

impl Disk for SimDisk {
    type File = SimFile;
    type Lock = SimLock;

    fn place(&self) -> String {
        "simulated".into()
    }

    fn make(&self) -> io::Result<()> {
        self.lock_shared().check_running()
    }

    fn lock(&self) -> Result<SimLock, LockError> {
        let mut directory = self.lock_shared();
        directory.check_running()?;
        if directory.locked {
            return Err(LockError::Held(None));
        }
        directory.locked = true;
        Ok(SimLock { disk: self.clone(), boot: directory.boot })
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let directory = self.lock_shared();
        directory.check_running()?;
        Ok(directory.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<SimFile> {
        let mut directory = self.lock_shared();
        let inode = directory.create(name)?;
        Ok(self.file(&directory, inode))
    }

    fn open(&self, name: &str) -> io::Result<SimFile> {
        let directory = self.lock_shared();
        directory.check_running()?;
        let inode = *directory.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.file(&directory, inode))
    }

    fn open_read(&self, name: &str) -> io::Result<SimFile> {
        Ok(SimFile { writable: false, ..self.open(name)? })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.lock_shared().rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.lock_shared().remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.lock_shared().sync_names()
    }
}

impl SimFile {
    fn with<T>(&self, work: impl FnOnce(&mut Directory) -> io::Result<T>) -> io::Result<T> {
        let mut directory = self.disk.lock_shared();
        if directory.boot != self.boot {
            return Err(io::Error::other("the process that opened this file is gone"));
        }
        directory.check_running()?;
        work(&mut directory)
    }

    fn change<T>(&self, work: impl FnOnce(&mut Directory) -> io::Result<T>) -> io::Result<T> {
        match self.writable {
            true => self.with(work),
            false => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }
}

impl DiskFile for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|directory| {
            let content = &directory.inodes[&self.inode].content;
            let rest = content.get(offset as usize..).unwrap_or_default();
            let read = rest.len().min(buffer.len());
            buffer[..read].copy_from_slice(&rest[..read]);
            Ok(read)
        })
    }

    fn write_at(&self, data: &[u8], offset: u64) -> io::Result<()> {
        self.change(|directory| directory.write(self.inode, data, offset as usize))
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.change(|directory| directory.set_len(self.inode, bytes as usize))
    }

    fn len(&self) -> io::Result<u64> {
        self.with(|directory| Ok(directory.inodes[&self.inode].content.len() as u64))
    }

    fn sync(&self) -> io::Result<()> {
        self.change(|directory| directory.sync_file(self.inode))
    }

    fn id(&self) -> io::Result<FileId> {
        self.with(|_| Ok(FileId { inode: self.inode, born: 0 }))
    }
}
