//! Random work, crashes at random places, and the promises of the store checked after each.
#![allow(clippy::unwrap_used)]

mod common;

use common::{
    entries, machine, open, opening, parts, read_snapshot, snapshot, state, write_snapshot,
};
use understudy_protocol::{Entry, HardState, Index, Position, Recovered, Snapshot};
use understudy_wal::sim::SimDisk;
use understudy_wal::{Store, WriteError, verify};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// A snapshot and its machine's bytes.
type Snap = (Snapshot, Vec<u8>);

/// One state of log and snapshot that may be found after a crash.
#[derive(Clone, Default)]
struct Image {
    snapshot: Option<Snap>,
    /// All entries since the last install, those before the snapshot, too.
    log: Vec<Entry>,
    /// This many of them, the first ones, were synced.
    synced: usize,
}

/// What the store has promised.
#[derive(Default)]
struct Model {
    /// What was there before the operation that the crash may have hit.
    image: Image,
    /// What that operation, if it was one that replaces or cuts, would have made of it.
    other: Option<Image>,
    states: Vec<HardState>,
    life: u64,
    epoch: u64,
}

impl Image {
    fn last(&self) -> Position {
        let base = self.snapshot.as_ref().map(|(s, _)| s.position).unwrap_or_default();
        self.log.last().map_or(base, Entry::position)
    }

    /// Whether what was found is this image: all that was synced, and of the rest any prefix.
    fn explains(&self, found: &Recovered, data: &Option<Vec<u8>>) -> Result<(), String> {
        let expected = self.snapshot.clone().unzip();
        if expected.0.unwrap_or_default() != found.snapshot || expected.1 != *data {
            return Err(format!("snapshot {:?} found {:?}", expected.0, found.snapshot.position));
        }
        let base = found.snapshot.position.index;
        let after: Vec<_> = self.log.iter().filter(|entry| entry.index > base).collect();
        let must = self.log[..self.synced].iter().filter(|entry| entry.index > base).count();
        let same = found.entries.iter().zip(&after).all(|(found, entry)| found == *entry);
        if !same || found.entries.len() > after.len() || found.entries.len() < must {
            return Err(format!(
                "{} entries, {must} synced of {}",
                found.entries.len(),
                after.len()
            ));
        }
        Ok(())
    }
}

impl Model {
    fn check(&mut self, found: &Recovered, store: &Store<SimDisk>, clean: Option<bool>) {
        assert!(found.life > self.life, "life {} after {}", found.life, self.life);
        self.life = found.life;
        assert!(clean.is_none_or(|clean| clean == store.was_clean()), "{clean:?}");
        assert!(self.states.contains(&found.state), "{:?} not in {:?}", found.state, self.states);
        self.states = vec![found.state.clone()];
        let data = read_snapshot(store);
        let mine = self.image.explains(found, &data);
        if let Err(why) = mine {
            let other = self.other.take().ok_or(why.clone()).unwrap();
            other.explains(found, &data).unwrap_or_else(|other| panic!("{why}; {other}"));
            self.image = other;
        }
        self.other = None;
        self.image.log.truncate(
            (found.entries.len() as u64 + found.snapshot.position.index
                - self.image.log.first().map_or(found.snapshot.position.index, |e| e.index - 1))
                as usize,
        );
        self.image.synced = self.image.log.len();
        assert_eq!(store.last(), self.image.last());
        check_first_and_runs(found, &self.image, store);
    }
}

fn check_first_and_runs(found: &Recovered, image: &Image, store: &Store<SimDisk>) {
    assert!(found.first <= found.snapshot.position.index + 1);
    let retained = image.log.iter().filter(|entry| entry.index >= found.first);
    let mut runs: Vec<(u64, Index)> = Vec::new();
    for entry in retained {
        match runs.last_mut() {
            Some(run) if run.0 == entry.epoch => run.1 = entry.index,
            _ => runs.push((entry.epoch, entry.index)),
        }
    }
    assert_eq!(found.runs, runs);
    let mut from = found.first;
    while from <= store.last().index {
        let (previous, read) = store.read(from, 900).unwrap();
        assert!(read[0].follows(previous));
        for entry in read {
            let nth = (entry.index - image.log[0].index) as usize;
            assert_eq!(image.log[nth], entry);
            from += 1;
        }
    }
}

/// Seldom more than one block.
fn random_machine(random: &mut Random) -> Vec<u8> {
    let most = [3_000, 3_000, 3_000, 3_000, 150_000][random.below(5) as usize];
    machine(random.below(most) as usize)
}

/// One operation; an error ends the life.
fn operate(
    store: &mut Store<SimDisk>,
    model: &mut Model,
    random: &mut Random,
) -> Result<(), WriteError> {
    let image = &mut model.image;
    match random.below(100) {
        0..45 => {
            model.epoch += random.below(8) / 7;
            let more = match random.below(10) {
                0 => vec![opening(image.last(), model.epoch + 1)],
                _ => entries(image.last(), model.epoch + 1, 1 + random.below(6)),
            };
            // A crash in here may leave any of them.
            image.log.extend(more.clone());
            match store.append(&more) {
                Err(WriteError::NoSpace) => image.log.truncate(image.log.len() - more.len()),
                done => done?,
            }
        }
        45..70 => {
            let position = store.sync()?;
            assert_eq!(position, image.last());
            image.synced = image.log.len();
        }
        70..78 => {
            let next = state(model.epoch, random.below(3));
            // Long ones fill several sectors, of which a crash may keep any.
            let halted = (random.below(2) == 0)
                .then(|| char::from(b'a' + random.below(26) as u8).to_string().repeat(2500));
            let next = HardState { commit: 0, halted, replaying: next.commit > 1, ..next };
            model.states.push(next.clone());
            store.save_state(&next)?;
            model.states = vec![next];
        }
        78..84 => {
            let base = store.snapshot_position().index;
            let after = base + random.below(store.last().index - base + 1);
            let mut cut = image.clone();
            let keep = cut.log.iter().filter(|entry| entry.index <= after).count();
            cut.log.truncate(keep);
            cut.synced = cut.synced.min(keep);
            model.epoch += 1;
            let other = model.other.insert(cut);
            store.truncate(after)?;
            // A cut makes the whole file durable that it cuts in.
            *image = other.clone();
            model.other = None;
        }
        84..90 => {
            let base = store.snapshot_position().index;
            let Some(entry) = image.log.iter().rfind(|e| e.index > base) else { return Ok(()) };
            let nth = random.below(entry.index - base) + base + 1;
            let entry = image.log.iter().find(|e| e.index == nth).unwrap().clone();
            let data = random_machine(random);
            let mut next = image.clone();
            next.snapshot = Some((snapshot(&entry), data.clone()));
            model.other = Some(next.clone());
            let Ok(finished) = write_snapshot(store, snapshot(&entry), &data) else {
                return Ok(());
            };
            assert_eq!(store.adopt(finished)?, entry.position());
            next.synced = next.synced.max(next.log.partition_point(|e| e.index <= nth));
            *image = next;
            model.other = None;
        }
        90..95 => store.release(random.below(store.last().index + 1))?,
        95..97 => {
            let data = random_machine(random);
            let position =
                Position { index: random.below(300) + 1, epoch: 1, hash: random.below(99) };
            let snapshot = Snapshot { position, ..Snapshot::default() };
            let new = Image { snapshot: Some((snapshot, data.clone())), ..Image::default() };
            let new = model.other.insert(new).clone();
            for part in parts(snapshot, &data, 1 + data.len() / 3) {
                match store.store_part(&part) {
                    Err(WriteError::NoSpace) => return Ok(()),
                    done => assert_eq!(done?.installed, part.last),
                }
            }
            *image = new;
            model.other = None;
        }
        _ => {
            store.look_for_room()?;
        }
    }
    Ok(())
}

fn torture(seed: u64, lives: u64) {
    let mut random = Random(seed);
    let disk = SimDisk::new();
    let mut model = Model { states: vec![HardState::default()], ..Model::default() };
    // Whether the next life must find a clean shutdown; `None` where both is right.
    let mut clean = Some(true);
    for _ in 0..lives {
        faults(&disk, &mut random);
        clean = match open(&disk) {
            Ok((store, found)) => {
                model.check(&found, &store, clean);
                live(store, &mut model, &mut random)
            }
            // It may have come as far as taking the mark.
            Err(_) => clean.filter(|clean| !clean),
        };
        match random.below(3) {
            0 => disk.kill(),
            _ => disk.crash(random.below(u64::MAX)),
        }
        disk.set_capacity(None);
        disk.set_copy_on_write(false);
        assert_eq!(verify(&disk).unwrap().problems, vec![]);
    }
    let (store, found) = open(&disk).unwrap();
    model.check(&found, &store, clean);
}

/// One life; says whether it ended in order.
fn live(mut store: Store<SimDisk>, model: &mut Model, random: &mut Random) -> Option<bool> {
    for _ in 0..random.below(60) {
        if operate(&mut store, model, random).is_err() {
            return Some(false);
        }
    }
    if random.below(4) > 0 {
        return Some(false);
    }
    store.close().ok()?;
    model.image.synced = model.image.log.len();
    Some(true)
}

fn faults(disk: &SimDisk, random: &mut Random) {
    match random.below(8) {
        0..4 => disk.stop_after(random.below(250)),
        4 => disk.fail_sync_after(random.below(60)),
        5 => {
            disk.set_capacity(Some(disk.used() + random.below(20_000)));
            disk.set_copy_on_write(random.below(3) == 0);
        }
        _ => {}
    }
}

#[test]
fn what_was_promised_is_there_after_any_crash() {
    let seeds = std::env::var("SEEDS").map_or(100, |seeds| seeds.parse().unwrap());
    let from = std::env::var("FROM").map_or(0, |from| from.parse().unwrap());
    for seed in from..from + seeds {
        let result = std::panic::catch_unwind(|| torture(seed, 12));
        assert!(result.is_ok(), "seed {seed}");
    }
}
