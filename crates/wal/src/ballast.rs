//! Room that is kept free by taking it: a file that holds nothing, given up when the disk is full.
//!
//! With it, what was accepted before still finds room, as do the few writes that free some, and the next
//! snapshot, which lets the log go. (Other databases call theirs a ballast file, too.)

use crate::disk::{Disk, DiskFile};
use crate::error::WriteError;
use crate::listing::BALLAST;

/// The file, and how much it holds.
pub(crate) struct Ballast<D: Disk> {
    disk: D,
    file: Option<D::File>,
    held: u64,
}

impl<D: Disk> Ballast<D> {
    /// What an earlier life has left of it, or none yet.
    pub fn open(disk: &D, is_there: bool) -> std::io::Result<Self> {
        let file = if is_there { Some(disk.open(BALLAST)?) } else { None };
        let held = file.as_ref().map_or(Ok(0), DiskFile::len)?;
        Ok(Ballast { disk: disk.clone(), file, held })
    }

    /// Bytes that it holds.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// Whether it holds anything.
    pub fn is_held(&self) -> bool {
        self.held > 0
    }

    /// Holds as much as this, if there is room. Gives whether it does.
    pub fn hold(&mut self, bytes: u64) -> Result<bool, WriteError> {
        if self.held > bytes {
            self.cut(bytes)?;
        } else if self.held < bytes && !self.grow(bytes)? {
            return Ok(false);
        }
        Ok(true)
    }

    /// Gives up all of it.
    pub fn give_up(&mut self) -> Result<(), WriteError> {
        self.cut(0)
    }

    fn grow(&mut self, bytes: u64) -> Result<bool, WriteError> {
        let tried = match &self.file {
            Some(file) => file.take_space(self.held, bytes),
            None => self.disk.create(BALLAST).and_then(|file| {
                let file = self.file.insert(file);
                file.take_space(0, bytes)
            }),
        };
        match tried.map_err(WriteError::space(format!("extend {BALLAST}"))) {
            Ok(()) => {
                self.held = bytes;
                Ok(true)
            }
            Err(WriteError::NoSpace) => {
                // Others need what it took in vain.
                self.cut(self.held)?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn cut(&mut self, bytes: u64) -> Result<(), WriteError> {
        if let Some(file) = &self.file {
            file.set_len(bytes).map_err(WriteError::io(format!("cut {BALLAST}")))?;
            self.held = bytes;
        }
        Ok(())
    }
}
