//! What was cut from the log though it was acknowledged to clients: kept in files of their own, which no life
//! reads and nobody but an operator removes.
//!
//! A file is records one after the other, in the form of the log's ([`crate::log::record`]); what they
//! say of `synced` is the index of the last one, so that a file that ends early is noticed.

use bytes::Bytes;
use understudy_protocol::Entry;

use crate::disk::{Disk, DiskFile};
use crate::error::{Damage, OpenError, WriteError};
use crate::listing::{Listing, Sequence, TEMPORARY};
use crate::log::record::{self, Known};
use crate::store::Store;

/// One tail that was cut.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    /// Name of its file in the data directory.
    pub file: String,
    /// Its entries, in order; at least one.
    pub entries: Vec<Entry>,
}

/// Every tail that was set aside in a directory, oldest first, or what is wrong with its file. Opens
/// nothing for writing.
pub fn cuts<D: Disk>(disk: &D) -> Result<Vec<Result<Cut, OpenError>>, OpenError> {
    let listed = Listing::read(disk);
    let listing = listed.map_err(OpenError::io(format!("list {}", disk.place())))?;
    Ok(all(disk, &listing).collect())
}

fn all<D: Disk>(disk: &D, listing: &Listing) -> impl Iterator<Item = Result<Cut, OpenError>> {
    listing.cuts.iter().map(|(sequence, file)| read(disk, *sequence, file))
}

fn read<D: Disk>(disk: &D, sequence: Sequence, name: &str) -> Result<Cut, OpenError> {
    let file = disk.open_read(name).map_err(OpenError::io(format!("open {name}")))?;
    let length = file.len().map_err(OpenError::io(format!("measure {name}")))?;
    let bytes = file.read_vec(0, usize::try_from(length).unwrap_or(usize::MAX));
    let bytes = Bytes::from(bytes.map_err(OpenError::io(format!("read {name}")))?);
    let (mut at, mut end, mut entries) = (0, 0, Vec::<Entry>::new());
    while at < bytes.len() {
        let next = entries.last().map_or(0, |entry| entry.index + 1);
        let record = record::decode(&bytes, at, record::seed(sequence))
            .filter(|record| {
                entries.last().is_none_or(|last| record.entry.follows(last.position()))
            })
            .ok_or_else(|| Damage::new(name, at as u64, next, "the record is not whole"))?;
        at += record.size;
        end = record.synced;
        entries.push(record.entry);
    }
    let last = entries.last().map_or(0, |entry| entry.index);
    if entries.is_empty() || last != end {
        return Err(Damage::new(name, at as u64, last + 1, "the file ends too early").into());
    }
    Ok(Cut { file: name.into(), entries })
}

impl<D: Disk> Store<D> {
    /// Writes entries that are about to be cut into a file of their own; they are durable when this
    /// returns, and stay until an operator removes the file. Gives its name: of an older one where a life
    /// that ended before the log was cut has done it already. A full disk ends the life, as any error
    /// does: nothing may be cut then.
    pub fn set_aside_tail(&mut self, entries: &[Entry]) -> Result<String, WriteError> {
        self.guarded(|store| {
            let sequence = Sequence { life: store.life(), count: store.cut_files + 1 };
            let listing =
                Listing::read(&store.disk).map_err(WriteError::io("list the directory"))?;
            let known = |cut: Result<Cut, OpenError>| cut.ok().filter(|cut| cut.entries == entries);
            if let Some(cut) = all(&store.disk, &listing).find_map(known) {
                return Ok(cut.file);
            }
            let (mut bytes, end) = (Vec::new(), entries.last().map_or(0, |entry| entry.index));
            for entry in entries {
                let known = Known { synced: end, commit: 0 };
                record::encode(&mut bytes, record::seed(sequence), entry, known);
            }
            let name = sequence.cut();
            let temporary = format!("{name}{TEMPORARY}");
            store.with_ballast(|store| {
                let disk = &store.disk;
                let written = disk.create(&temporary).and_then(|file| {
                    file.write_at(&bytes, 0)?;
                    file.sync()?;
                    disk.rename(&temporary, &name)?;
                    disk.sync()
                });
                written.map_err(WriteError::space(format!("set aside {name}")))
            })?;
            store.cut_files += 1;
            store.cut_entries += entries.len() as u64;
            Ok(name)
        })
    }

    /// How many entries are set aside in the directory, as far as their files can be read.
    pub fn cut_entries(&self) -> u64 {
        self.cut_entries
    }
}

/// How many entries the files hold. One that cannot be read keeps no life from beginning: what it holds
/// is in no log any more.
pub(crate) fn count<D: Disk>(disk: &D, listing: &Listing) -> u64 {
    all(disk, listing).flatten().map(|cut| cut.entries.len() as u64).sum()
}
