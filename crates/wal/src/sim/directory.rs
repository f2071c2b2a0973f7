//! The directory behind a [`super::SimDisk`].

use std::collections::BTreeMap;
use std::io;

use super::fault_counts::FaultCounts;
use super::file::{Change, Inode};
use super::random::Random;

/// A change of names that has not been synced.
#[derive(Clone)]
pub(super) enum NameChange {
    Link(String, u64),
    Rename(String, String),
    Remove(String),
}

/// Names, files, and the faults that were ordered.
pub(super) struct Directory {
    pub faults: FaultCounts,
    pub random: Random,
    pub inodes: BTreeMap<u64, Inode>,
    pub names: BTreeMap<String, u64>,
    pub durable_names: BTreeMap<String, u64>,
    pub pending: Vec<NameChange>,
    next_inode: u64,
    /// Counts the lives of the machine: what was opened in an earlier one is void.
    pub boot: u64,
    pub locked: bool,
    pub operations: u64,
    pub stop_at: Option<u64>,
    pub fail_sync_in: Option<u64>,
    pub capacity: Option<u64>,
    pub copies_on_write: bool,
    /// Others on the same disk take whatever becomes free.
    pub shared: bool,
}

impl Default for Directory {
    fn default() -> Self {
        Self::new()
    }
}

impl Directory {
    pub fn new() -> Self {
        Directory {
            faults: FaultCounts::default(),
            random: Random::new(0),
            inodes: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending: Vec::new(),
            next_inode: 1,
            boot: 0,
            locked: false,
            operations: 0,
            stop_at: None,
            fail_sync_in: None,
            capacity: None,
            copies_on_write: false,
            shared: false,
        }
    }

    /// The same files under the same names, each in the inode that it has.
    pub fn image(&self) -> Directory {
        let mut image = Directory::new();
        image.next_inode = self.next_inode;
        image.names.clone_from(&self.names);
        for inode in self.names.values() {
            let content = self.inodes[inode].content.clone();
            image.inodes.insert(*inode, Inode::durable(content));
        }
        image.durable_names = image.names.clone();
        image
    }

    /// The same files under the same names, each in another inode.
    pub fn copy(&self) -> Directory {
        let mut copy = Directory::new();
        copy.next_inode = self.next_inode + 1000;
        for (name, inode) in &self.names {
            let inode = Inode::durable(self.inodes[inode].content.clone());
            copy.inodes.insert(copy.next_inode, inode);
            copy.names.insert(name.clone(), copy.next_inode);
            copy.next_inode += 1;
        }
        copy.durable_names = copy.names.clone();
        copy
    }

    pub fn check_running(&self) -> io::Result<()> {
        match self.stop_at {
            Some(at) if self.operations > at => Err(io::Error::other("the process is dead")),
            _ => Ok(()),
        }
    }

    /// Counts an operation that changes something.
    fn begin(&mut self) -> io::Result<()> {
        self.check_running()?;
        self.operations += 1;
        self.check_running()
    }

    pub fn used(&self) -> u64 {
        self.names.values().map(|inode| self.inodes[inode].content.len() as u64).sum()
    }

    fn free(&self) -> usize {
        self.capacity.map_or(usize::MAX, |bytes| bytes.saturating_sub(self.used()) as usize)
    }

    /// Where others take what becomes free, nothing does.
    fn take_since(&mut self, used: u64) {
        let freed = used.saturating_sub(self.used());
        if let Some(capacity) = self.capacity.as_mut().filter(|_| self.shared) {
            *capacity = capacity.saturating_sub(freed);
        }
    }

    pub fn create(&mut self, name: &str) -> io::Result<u64> {
        self.begin()?;
        let inode = self.next_inode;
        self.next_inode += 1;
        self.inodes.insert(inode, Inode::default());
        self.change_name(NameChange::Link(name.into(), inode));
        Ok(inode)
    }

    pub fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.begin()?;
        self.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        self.change_name(NameChange::Rename(from.into(), to.into()));
        Ok(())
    }

    pub fn remove(&mut self, name: &str) -> io::Result<()> {
        self.begin()?;
        self.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        self.change_name(NameChange::Remove(name.into()));
        Ok(())
    }

    fn change_name(&mut self, change: NameChange) {
        let used = self.used();
        apply(&mut self.names, &change);
        self.pending.push(change);
        self.take_since(used);
    }

    pub fn sync_names(&mut self) -> io::Result<()> {
        self.begin()?;
        self.check_sync()?;
        for change in std::mem::take(&mut self.pending) {
            apply(&mut self.durable_names, &change);
        }
        Ok(())
    }

    pub fn write(&mut self, inode: u64, data: &[u8], at: usize) -> io::Result<()> {
        let began = self.begin();
        let length = self.inodes[&inode].content.len();
        let mut fits = match self.copies_on_write {
            true => self.free(),
            false => self.free().saturating_add(length.saturating_sub(at)),
        };
        if began.is_err() {
            // The process dies in the middle of the write.
            fits = fits.min(self.random.below(data.len() as u64 + 1) as usize);
        }
        let written = data.len().min(fits);
        let change = Change::Write { at, data: data[..written].to_vec() };
        self.inode(inode).change(change);
        began?;
        if written < data.len() {
            self.faults.refused_writes += 1;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    pub fn set_len(&mut self, inode: u64, bytes: usize) -> io::Result<()> {
        self.begin()?;
        let used = self.used();
        self.inode(inode).change(Change::Length(bytes));
        self.take_since(used);
        Ok(())
    }

    pub fn sync_file(&mut self, inode: u64) -> io::Result<()> {
        self.begin()?;
        if let Err(error) = self.check_sync() {
            let file = self.inodes.get_mut(&inode).expect("an open file exists");
            file.fail_sync(&mut self.random, &mut self.faults);
            return Err(error);
        }
        self.inode(inode).sync();
        Ok(())
    }

    fn check_sync(&mut self) -> io::Result<()> {
        match self.fail_sync_in {
            Some(0) => {
                self.fail_sync_in = None;
                self.faults.failed_syncs += 1;
                Err(io::Error::other("the disk reports an error"))
            }
            Some(more) => {
                self.fail_sync_in = Some(more - 1);
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub fn corrupt(&mut self, name: &str, offset: usize) {
        let inode = self.names[name];
        self.inode(inode).flip(offset);
    }

    fn inode(&mut self, inode: u64) -> &mut Inode {
        self.inodes.get_mut(&inode).expect("an open file exists")
    }
}

pub(super) fn apply(names: &mut BTreeMap<String, u64>, change: &NameChange) {
    match change {
        NameChange::Link(name, inode) => {
            names.insert(name.clone(), *inode);
        }
        // After a crash the change that made the name may be missing: then so is this one.
        NameChange::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        NameChange::Remove(name) => {
            names.remove(name);
        }
    }
}
