//! The history while it grows, on disk.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use understudy_history::{Operation, write_line};

use super::timeline::Acknowledged;
use crate::way::Way;

/// The history while it grows, and what it holds so far. Clones share it.
#[derive(Clone)]
pub struct Book(Arc<Mutex<Pages>>);

struct Pages {
    file: BufWriter<File>,
    library: Acknowledged,
    service: Acknowledged,
}

impl Book {
    /// Begins the file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let file = BufWriter::new(File::create(path)?);
        let pages =
            Pages { file, library: Acknowledged::default(), service: Acknowledged::default() };
        Ok(Book(Arc::new(Mutex::new(pages))))
    }

    /// Writes down what a client did.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, operations: &[Operation]) -> io::Result<()> {
        let mut pages = self.lock();
        for operation in operations {
            write_line(&mut pages.file, operation)?;
            let seen = match Way::of(operation.client) {
                Way::Library => &mut pages.library,
                Way::Service => &mut pages.service,
            };
            seen.note(operation);
        }
        Ok(())
    }

    /// Makes sure that what was written can be read, and tells what it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&self) -> io::Result<(Acknowledged, Acknowledged)> {
        let mut pages = self.lock();
        pages.file.flush()?;
        Ok((pages.library, pages.service))
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
