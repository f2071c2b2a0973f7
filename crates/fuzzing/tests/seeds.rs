//! Replays the inputs that are kept, and each with a few bytes changed.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::PathBuf;

use understudy_fuzzing::PROPERTIES;

/// Changed versions of each input that are tried, too. A fuzzer tries millions.
const CHANGED: usize = 3;

fn folder(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../fuzz/seeds", name].iter().collect()
}

fn seeds(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let files = fs::read_dir(folder(name)).unwrap().map(|file| file.unwrap().path());
    let mut seeds: Vec<_> = files.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    seeds.sort();
    seeds
}

#[test]
fn every_input_that_was_kept_holds() {
    for (name, property) in PROPERTIES {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has inputs");
        for (path, bytes) in seeds {
            // Shown by the test harness if the property does not hold.
            println!("{}", path.display());
            property(&bytes);
        }
    }
}

#[test]
fn so_does_each_with_a_few_bytes_changed() {
    let mut random = fastrand::Rng::with_seed(4);
    for (name, property) in PROPERTIES {
        for (path, bytes) in seeds(name) {
            for _ in 0..CHANGED {
                let changed = change(&mut random, &bytes);
                println!("{} as {changed:?}", path.display());
                property(&changed);
            }
        }
    }
}

fn change(random: &mut fastrand::Rng, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.usize(1..5) {
        let at = random.usize(..=bytes.len());
        match random.u8(..4) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.u8(..)),
            2 if at < bytes.len() => bytes[at] = random.u8(..),
            3 if at < bytes.len() => bytes[at] = *random.choice(&[0, 1, 255]).unwrap(),
            _ => {}
        }
    }
    bytes
}

/// The package of the fuzzer has a target for each property, and nothing else has one.
#[test]
fn every_property_is_a_target() {
    let targets = folder("../fuzz_targets");
    let mut found: Vec<_> = fs::read_dir(targets)
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    found.sort();
    let names: Vec<_> = PROPERTIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(found, names);
}
