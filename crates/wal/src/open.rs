//! Opens a data directory: what is found decides, in the order of this file.

use std::sync::Arc;

use understudy_evidence::reached;
use understudy_protocol::{Incarnation, Position, Recovered, Room};

use crate::ballast::Ballast;
use crate::cut;
use crate::disk::{Disk, LockError};
use crate::error::{Damage, OpenError, WriteError};
use crate::identity::Identity;
use crate::listing::{BALLAST, IDENTITY, Listing, STATE};
use crate::log::{Lineage, Log, Replayed};
use crate::options::Options;
use crate::slots::{Slot, Slots};
use crate::snapshot::SnapshotFile;
use crate::store::Store;

impl<D: Disk> Store<D> {
    /// Takes the directory (made if it is blank), raises the life, durably, and brings back what
    /// the directory holds, durable again. Reads the whole log. Nothing in the directory is lost by
    /// a refusal.
    pub fn open(disk: D, mut options: Options) -> Result<(Self, Recovered), OpenError> {
        options.segment_bytes = options.segment_bytes.min(1 << 30);
        let lock = take(&disk)?;
        // A name that the last life failed to make durable must not be built upon.
        disk.sync().map_err(OpenError::io(format!("sync {}", disk.place())))?;
        let mut listing = list(&disk)?;
        let blank = !listing.identity;
        if blank {
            begin(&disk, &listing, Incarnation(options.fresh_incarnation))?;
            listing = list(&disk)?;
        }
        let incarnation = identify(&disk, options.accept_copy)?;
        if !listing.state {
            return Err(Damage::new(STATE, 0, 0, "the file is missing").into());
        }
        listing.check_life(Slots::peek(&disk)?.life)?;
        let mut slots = Slots::open(&disk)?;
        let clean = slots.newest().clean || blank;
        slots.change(|slot| (slot.life, slot.clean) = (slot.life + 1, false)).map_err(failed)?;

        let snapshot = newest_snapshot(&disk, &listing)?;
        let lineage = lineage(slots.newest(), snapshot.as_ref())?;
        let life = slots.newest().life;
        let (mut log, replayed) = Log::open(&disk, &options, &listing, lineage, life)?;
        settle(&mut slots, &log, &lineage).map_err(failed)?;
        tidy(&disk, &listing)?;
        // Without room for an opening entry the life begins, too, and takes it when there is some.
        log.take_reserve().map_err(failed)?;

        let recovered =
            recovered((incarnation, clean), slots.newest(), &log, snapshot.as_ref(), replayed);
        let generation = lineage.generation;
        let (incoming, received, poison, writers) = (None, None, None, Default::default());
        let cut_entries = cut::count(&disk, &listing);
        let ballast = Ballast::open(&disk, listing.ballast)
            .map_err(OpenError::io(format!("open {BALLAST}")))?;
        let mut store = Store {
            disk,
            _lock: lock,
            incarnation,
            clean,
            slots,
            log,
            generation,
            snapshot,
            incoming,
            received,
            poison,
            writers,
            cut_files: 0,
            cut_entries,
            options,
            ballast,
            wanted: 0,
            covered: 0,
            machine: None,
            scarce: 0,
            room: Room::Ample,
            writing: Arc::default(),
        };
        store.hold_ballast().map_err(failed)?;
        Ok((store, recovered))
    }
}

fn take<D: Disk>(disk: &D) -> Result<D::Lock, OpenError> {
    let dir = disk.place();
    disk.make().map_err(OpenError::io(format!("make data directory {dir}")))?;
    disk.lock().map_err(|error| match error {
        LockError::Held(pid) => OpenError::InUse { dir, pid },
        LockError::Io(source) => OpenError::Io { what: format!("lock {dir}"), source },
    })
}

fn list<D: Disk>(disk: &D) -> Result<Listing, OpenError> {
    Listing::read(disk).map_err(OpenError::io(format!("list {}", disk.place())))
}

/// Makes state and identity, in this order: with the identity the directory is no longer blank.
fn begin<D: Disk>(disk: &D, listing: &Listing, incarnation: Incarnation) -> Result<(), OpenError> {
    if has_history(disk, listing) {
        return Err(Damage::new(IDENTITY, 0, 0, "the file is missing, others are there").into());
    }
    reached!("copy begun anew");
    Slots::make(disk)?;
    Identity::write(disk, incarnation)?;
    Ok(())
}

/// Whether a life has begun here.
pub(crate) fn has_history<D: Disk>(disk: &D, listing: &Listing) -> bool {
    // Without an identity, a state that cannot be read was never completed.
    let lived = || Slots::peek(disk).is_ok_and(|slot| slot.life > 0);
    !listing.segments.is_empty() || !listing.snapshots.is_empty() || listing.state && lived()
}

fn identify<D: Disk>(disk: &D, accept_copy: bool) -> Result<Incarnation, OpenError> {
    let (identity, original) = Identity::read(disk)?;
    if original {
        return Ok(identity.incarnation);
    }
    if !accept_copy {
        return Err(OpenError::Copied { dir: disk.place() });
    }
    Ok(Identity::write(disk, identity.incarnation)?.incarnation)
}

/// Removes what the last life did not finish, and snapshots that a newer one stands for.
fn tidy<D: Disk>(disk: &D, listing: &Listing) -> Result<(), OpenError> {
    let older = listing.snapshots.iter().rev().skip(1).map(|(_, name)| name);
    for name in listing.temporary.iter().chain(older) {
        disk.remove(name).map_err(OpenError::io(format!("remove {name}")))?;
    }
    Ok(())
}

fn newest_snapshot<D: Disk>(
    disk: &D,
    listing: &Listing,
) -> Result<Option<SnapshotFile<D::File>>, OpenError> {
    let Some((key, name)) = listing.snapshots.last() else { return Ok(None) };
    let snapshot = SnapshotFile::open(disk, name)?;
    snapshot.check_name(*key)?;
    Ok(Some(snapshot))
}

/// What state and snapshot say about the log. An installed snapshot may be newer than the state:
/// then what the state says about the log that it replaced counts for nothing.
pub(crate) fn lineage<F>(
    slot: &Slot,
    snapshot: Option<&SnapshotFile<F>>,
) -> Result<Lineage, OpenError> {
    let cluster = slot.state.cluster.unwrap_or_default();
    let (mut generation, mut base) = (0, Position::default());
    if let Some(snapshot) = snapshot {
        (generation, base) = (snapshot.header.generation, snapshot.header.snapshot.position);
        snapshot.check_cluster(cluster)?;
    }
    if generation < slot.generation {
        let why = format!("the snapshot that began generation {} is missing", slot.generation);
        return Err(Damage::new("snapshot-*", 0, slot.floor, why).into());
    }
    let (floor, cut) = match generation == slot.generation {
        true => (slot.floor, slot.cut),
        false => (base.index, None),
    };
    Ok(Lineage { cluster, generation, base, floor, cut })
}

/// Notes what is durable now, and that a cut is complete.
fn settle<D: Disk>(
    slots: &mut Slots<D::File>,
    log: &Log<D>,
    lineage: &Lineage,
) -> Result<(), WriteError> {
    let floor = log.synced();
    let generation = lineage.generation;
    let slot = slots.newest();
    if (slot.floor, slot.cut, slot.generation) == (floor, None, generation) {
        return Ok(());
    }
    slots.change(|slot| (slot.floor, slot.cut, slot.generation) = (floor, None, generation))
}

fn recovered<D: Disk>(
    (incarnation, clean): (Incarnation, bool),
    slot: &Slot,
    log: &Log<D>,
    snapshot: Option<&SnapshotFile<D::File>>,
    replayed: Replayed,
) -> Recovered {
    Recovered {
        incarnation,
        life: slot.life,
        state: slot.state.clone(),
        commit: log.commit,
        snapshot: snapshot.map(|file| file.header.snapshot).unwrap_or_default(),
        first: log.first(),
        pieces: log.pieces(snapshot.map_or(0, |file| file.header.snapshot.position.index)),
        runs: replayed.runs,
        clean,
        entries: replayed.entries,
    }
}

fn failed(error: WriteError) -> OpenError {
    match error {
        WriteError::Io { what, source } => OpenError::Io { what, source },
        other => OpenError::io("write the state")(std::io::Error::other(other)),
    }
}
