//! The log's entries, for printing: reads only.

use std::collections::VecDeque;
use std::vec::IntoIter;

use understudy_protocol::{Entry, Position};

use super::{Belonging, Found, Lineage};
use crate::disk::Disk;
use crate::error::OpenError;
use crate::listing::Sequence;

/// Every entry of a data directory's log, oldest first. Opens nothing for writing and takes no
/// lock. Ends after the first damage.
pub struct Entries<D: Disk> {
    disk: D,
    lineage: Lineage,
    names: VecDeque<(Sequence, String)>,
    next: Option<Found<D::File>>,
    ready: IntoIter<Result<Entry, OpenError>>,
}

impl<D: Disk> Entries<D> {
    pub(crate) fn new(disk: D, lineage: Lineage, names: Vec<(Sequence, String)>) -> Self {
        let names = names.into();
        Entries { disk, lineage, names, next: None, ready: Vec::new().into_iter() }
    }

    /// The next segment that belongs to the log.
    fn find(&mut self) -> Result<Option<Found<D::File>>, OpenError> {
        while let Some((sequence, name)) = self.names.pop_front() {
            let file = self.disk.open_read(&name);
            let file = file.map_err(OpenError::io(format!("open {name}")))?;
            let found = Found::read(&name, sequence, file)?;
            if self.lineage.judge(&found)? == Belonging::Kept {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn load(&mut self) -> Result<Vec<Result<Entry, OpenError>>, OpenError> {
        let this = match self.next.take() {
            Some(found) => Some(found),
            None => self.find()?,
        };
        let Some(this) = this else { return Ok(Vec::new()) };
        self.next = self.find()?;
        let next: Option<Position> = self.next.as_ref().map(|found| found.header.previous);
        let mut entries = Vec::new();
        let scanned = this.scan(next, &self.lineage, |entry| entries.push(Ok(entry)));
        if let Err(error) = scanned {
            entries.push(Err(error));
            self.stop();
        }
        Ok(entries)
    }

    fn stop(&mut self) {
        self.names.clear();
        self.next = None;
    }
}

impl<D: Disk> Iterator for Entries<D> {
    type Item = Result<Entry, OpenError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.ready.next() {
                return Some(entry);
            }
            match self.load() {
                Ok(entries)
                    if entries.is_empty() && self.names.is_empty() && self.next.is_none() =>
                {
                    return None;
                }
                Ok(entries) => self.ready = entries.into_iter(),
                Err(error) => {
                    self.stop();
                    return Some(Err(error));
                }
            }
        }
    }
}
