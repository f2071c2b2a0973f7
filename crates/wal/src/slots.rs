//! The file `state`: what must be on disk before it is acted upon, rewritten in place.
//!
//! Two slots of 8 KiB are written in turn, so that a write that is torn leaves the one before it.
//! Each slot holds its block twice, so that a sector that rots is not taken for a torn write, which
//! would silently bring an older state back.

use bytes::{Buf, BufMut};
use understudy_evidence::correct;
use understudy_protocol::{ClusterId, HardState, Index, KnownRecord, Life, Nonce, RegisterUid};

use crate::disk::{Disk, DiskFile};
use crate::error::{OpenError, WriteError};
use crate::listing::{STATE, TEMPORARY};
use crate::seal::{Broken, seal, unseal};

const MAGIC: &[u8; 8] = b"USTDSTAT";
const BLOCK: usize = 4096;
const SLOT: usize = 2 * BLOCK;
/// Longer reasons for a halt are cut, so that a slot always fits.
const REASON: usize = 3000;

/// The content of a slot.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Slot {
    /// Counts the writes of the file.
    sequence: u64,
    pub life: Life,
    /// That life ended in order.
    pub clean: bool,
    /// Which generation of the log `floor` and `cut` speak of.
    pub generation: u64,
    /// The log was durable up to here.
    pub floor: Index,
    /// The log is being cut after this index: what lies there counts for nothing.
    pub cut: Option<Index>,
    pub state: HardState,
}

/// The open file.
pub(crate) struct Slots<F> {
    file: F,
    newest: Slot,
}

impl<F: DiskFile> Slots<F> {
    /// Makes the file for a blank directory.
    pub fn make<D: Disk<File = F>>(disk: &D) -> Result<(), OpenError> {
        let io = || OpenError::io(format!("make {STATE} in {}", disk.place()));
        let name = format!("{STATE}{TEMPORARY}");
        let file = disk.create(&name).map_err(io())?;
        file.write_at(&vec![0; 2 * SLOT], 0).map_err(io())?;
        write(&file, &Slot::default()).map_err(io())?;
        disk.rename(&name, STATE).map_err(io())?;
        disk.sync().map_err(io())
    }

    /// Opens it, and makes what it says durable again: the last life may have seen its sync fail.
    pub fn open<D: Disk<File = F>>(disk: &D) -> Result<Self, OpenError> {
        let io = || OpenError::io(format!("open {STATE} in {}", disk.place()));
        let file = disk.open(STATE).map_err(io())?;
        let newest = load(&file)?;
        write(&file, &newest).map_err(io())?;
        Ok(Slots { file, newest })
    }

    /// Reads it without changing anything.
    pub fn peek<D: Disk<File = F>>(disk: &D) -> Result<Slot, OpenError> {
        let io = || OpenError::io(format!("read {STATE} in {}", disk.place()));
        load(&disk.open_read(STATE).map_err(io())?)
    }

    pub fn newest(&self) -> &Slot {
        &self.newest
    }

    /// Changes it, durably.
    pub fn change(&mut self, change: impl FnOnce(&mut Slot)) -> Result<(), WriteError> {
        let mut slot = self.newest.clone();
        change(&mut slot);
        slot.sequence += 1;
        write(&self.file, &slot).map_err(WriteError::io(format!("write {STATE}")))?;
        self.newest = slot;
        Ok(())
    }
}

fn write<F: DiskFile>(file: &F, slot: &Slot) -> std::io::Result<()> {
    let mut block = slot.encode();
    block.resize(BLOCK, 0);
    block.extend_from_within(..);
    file.write_at(&block, (slot.sequence % 2) * SLOT as u64)?;
    correct!(file.sync(), "state-without-fsync" => Ok(()))
}

fn load<F: DiskFile>(file: &F) -> Result<Slot, OpenError> {
    let bytes = file.read_vec(0, 2 * SLOT).map_err(OpenError::io(format!("read {STATE}")))?;
    let mut newest: Option<Slot> = None;
    let mut broken = Broken::Bad("it is empty");
    for block in bytes.chunks(BLOCK) {
        match Slot::decode(block) {
            Ok(slot) if newest.as_ref().is_none_or(|n| n.sequence < slot.sequence) => {
                newest = Some(slot);
                correct!({}, "any-slot-is-the-newest" => break);
            }
            Ok(_) => {}
            Err(other @ Broken::Format(_)) => return Err(other.of(STATE)),
            Err(why) => broken = why,
        }
    }
    newest.ok_or_else(|| broken.of(STATE))
}

impl Slot {
    fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for word in [self.sequence, self.life, self.generation, self.floor] {
            body.put_u64_le(word);
        }
        body.put_u8(self.clean.into());
        put_option(&mut body, self.cut.map(u128::from));
        put_option(&mut body, self.state.cluster.map(|id| id.0));
        put_option(&mut body, self.state.register.map(|id| id.0));
        body.put_u64_le(self.state.epoch);
        body.put_u64_le(self.state.commit);
        body.put_u8(self.state.replaying.into());
        body.put_u8(self.state.halted.is_some().into());
        let reason = self.state.halted.as_deref().unwrap_or_default();
        let reason = &reason[..reason.floor_char_boundary(REASON)];
        body.put_u32_le(reason.len() as u32);
        body.put_slice(reason.as_bytes());
        body.put_u64_le(self.state.ordered);
        body.put_u8(self.state.records.len() as u8);
        for record in &self.state.records {
            body.put_u64_le(record.epoch);
            body.put_u128_le(record.nonce.0);
            body.put_u64_le(record.begins);
        }
        seal(MAGIC, &body)
    }

    fn decode(bytes: &[u8]) -> Result<Self, Broken> {
        Self::read(unseal(MAGIC, bytes)?).ok_or(Broken::Bad("a slot of it makes no sense"))
    }

    fn read(mut body: &[u8]) -> Option<Self> {
        let mut word = || body.try_get_u64_le().ok();
        let (sequence, life, generation, floor) = (word()?, word()?, word()?, word()?);
        let clean = body.try_get_u8().ok()? == 1;
        let cut = get_option(&mut body)?.map(|index| index as Index);
        let cluster = get_option(&mut body)?.map(ClusterId);
        let register = get_option(&mut body)?.map(RegisterUid);
        let (epoch, commit) = (body.try_get_u64_le().ok()?, body.try_get_u64_le().ok()?);
        let replaying = body.try_get_u8().ok()? == 1;
        let halted = body.try_get_u8().ok()? == 1;
        let length = body.try_get_u32_le().ok()? as usize;
        let reason = String::from_utf8(body.get(..length)?.to_vec()).ok()?;
        let halted = halted.then_some(reason);
        body.advance(length);
        // Older programs end here.
        let ordered = body.try_get_u64_le().unwrap_or_default();
        let mut records = Vec::new();
        for _ in 0..body.try_get_u8().unwrap_or_default() {
            records.push(KnownRecord {
                epoch: body.try_get_u64_le().ok()?,
                nonce: Nonce(body.try_get_u128_le().ok()?),
                begins: body.try_get_u64_le().ok()?,
            });
        }
        let state =
            HardState { cluster, register, epoch, commit, records, ordered, replaying, halted };
        Some(Slot { sequence, life, clean, generation, floor, cut, state })
    }
}

fn put_option(body: &mut Vec<u8>, value: Option<u128>) {
    body.put_u8(value.is_some().into());
    body.put_u128_le(value.unwrap_or_default());
}

fn get_option(body: &mut &[u8]) -> Option<Option<u128>> {
    let some = body.try_get_u8().ok()? == 1;
    let value = body.try_get_u128_le().ok()?;
    Some(some.then_some(value))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::sim::SimDisk;

    fn disk() -> SimDisk {
        let disk = SimDisk::new();
        Slots::make(&disk).unwrap();
        disk
    }

    #[test]
    fn everything_comes_back() {
        let state = HardState {
            cluster: Some(ClusterId(7)),
            register: Some(RegisterUid(u128::MAX)),
            epoch: 5,
            commit: 99,
            records: (1..=16)
                .map(|epoch| KnownRecord { epoch, nonce: Nonce(u128::MAX - 1), begins: 7 })
                .collect(),
            ordered: 3,
            replaying: true,
            halted: Some("ä".repeat(REASON)),
        };
        let slot = Slot {
            sequence: 3,
            life: 2,
            clean: true,
            generation: 1,
            floor: 42,
            cut: Some(41),
            state,
        };
        let back = Slot::decode(&slot.encode()).unwrap();
        assert_eq!(back.state.halted, Some("ä".repeat(REASON / 2)), "cut to fit");
        let halted = back.state.halted.clone();
        assert_eq!(back, Slot { state: HardState { halted, ..slot.state.clone() }, ..slot });
    }

    #[test]
    fn a_rotten_sector_brings_no_older_state_back() {
        let disk = disk();
        let mut slots = Slots::open(&disk).unwrap();
        for epoch in 1..=4 {
            slots.change(|slot| slot.state.epoch = epoch).unwrap();
        }
        for block in 0..4 {
            disk.corrupt(STATE, (block * BLOCK + 30) as u64);
            assert_eq!(Slots::peek(&disk).unwrap().state.epoch, 4);
            disk.corrupt(STATE, (block * BLOCK + 30) as u64);
        }
    }

    #[test]
    fn a_file_without_a_whole_slot_is_damage() {
        let disk = disk();
        for block in 0..4 {
            disk.corrupt(STATE, (block * BLOCK + 30) as u64);
        }
        assert!(matches!(Slots::peek(&disk), Err(OpenError::Damaged(_))));
    }
}
