//! The data directory that an order is about.

use std::path::PathBuf;

use clap::Args;
use understudy_protocol::{ClusterId, Epoch, HardState, Incarnation, Index, Recovered};
use understudy_wal::{Options, RealDisk, Store};

use crate::failure::Failure;

/// Which data directory.
#[derive(Debug, Args)]
pub struct DataDirectory {
    /// Data directory of a stopped replica.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// An open data directory with history.
pub struct Copy {
    store: Store<RealDisk>,
    /// Whose history.
    pub cluster: ClusterId,
    /// Which copy of it.
    pub incarnation: Incarnation,
    /// What it remembers.
    pub state: HardState,
    /// The end of its log.
    pub last: Index,
}

impl DataDirectory {
    /// Opens it; `accept_copy` as in [`Options`].
    ///
    /// # Errors
    /// When there is none, it is blank, in use, damaged or a copy.
    pub fn open(&self, accept_copy: bool) -> Result<Copy, Failure> {
        if !self.data.join("identity").exists() {
            return Err(Failure::new(format!(
                "{} is no data directory: name the one that the replica was given as --data",
                self.data.display()
            )));
        }
        let options = Options { accept_copy, ..Options::new(0) };
        let opened = Store::open(RealDisk::new(&self.data), options).map_err(Failure::new)?;
        Copy::new(opened).ok_or_else(|| {
            Failure::new(format!(
                "{} is blank: there is nothing to recover, start the replica",
                self.data.display()
            ))
        })
    }
}

impl Copy {
    fn new((store, recovered): (Store<RealDisk>, Recovered)) -> Option<Self> {
        Some(Copy {
            last: store.last().index,
            store,
            cluster: recovered.state.cluster?,
            incarnation: recovered.incarnation,
            state: recovered.state,
        })
    }

    /// The highest epoch that it knows of.
    pub fn epoch(&self) -> Epoch {
        self.state.epoch.max(self.store.last().epoch)
    }

    /// Changes what it remembers, durably, and closes it.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn save(mut self, change: impl FnOnce(&mut HardState)) -> Result<(), Failure> {
        change(&mut self.state);
        self.store.save_state(&self.state).map_err(Failure::new)?;
        self.close()
    }

    /// Lets go of the directory. Whether the replica's last life ended in order stays as it was.
    ///
    /// # Errors
    /// When the mark of that cannot be written.
    pub fn close(self) -> Result<(), Failure> {
        match self.store.was_clean() {
            true => self.store.close().map_err(Failure::new),
            false => Ok(()),
        }
    }
}
