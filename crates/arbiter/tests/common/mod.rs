//! What the tests share.
#![allow(dead_code)] // Each test file uses its own part.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use understudy_arbiter::{Arbiter, DirectoryRegister, Options};
use understudy_protocol::{
    ClusterId, Epoch, Incarnation, Member, Nonce, Observed, Record, WriteAnswer,
};

/// Patient enough for a loaded machine.
pub fn patient() -> Options {
    Options {
        patience: Duration::from_secs(60),
        poll: Duration::from_millis(10),
        ..Options::default()
    }
}

/// A directory with a blank register.
pub fn blank() -> (TempDir, PathBuf) {
    let temp = TempDir::new().unwrap();
    let dir = temp.path().join("register");
    DirectoryRegister::create(&dir).unwrap();
    (temp, dir)
}

pub fn register(dir: &Path) -> DirectoryRegister {
    DirectoryRegister::at(dir, patient())
}

/// What a writer with this nonce would write over `base`.
pub fn next(base: &Observed, nonce: u128) -> Record {
    let member = |n: u128| Member {
        incarnation: Incarnation(n),
        name: format!("replica-\"{n}\""),
        peer_address: format!("10.0.0.{n}:7001"),
        client_address: format!("10.0.0.{n}:7000"),
    };
    Record {
        cluster: ClusterId(u128::MAX - 5),
        epoch: base.record.as_ref().map_or(0, |record| record.epoch) + 1,
        primary: Incarnation(1),
        members: vec![member(1), member(2)],
        floor: u64::MAX,
        nonce: Nonce(nonce),
    }
}

/// Writes `times` epochs, one after the other.
pub async fn advance(register: &impl Arbiter, times: usize) -> Observed {
    for n in 0..times {
        let base = register.read().await.unwrap();
        let answer = register.write(&base, &next(&base, 1000 + n as u128)).await;
        assert_eq!(answer, WriteAnswer::Written);
    }
    register.read().await.unwrap()
}

/// The names in the directory, sorted.
pub fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Writes as fast as it can until the register has reached `last`. Gives the epochs it was told to
/// have won, and its nonce in each.
pub async fn contend(register: &impl Arbiter, writer: u128, last: Epoch) -> Vec<(Epoch, u128)> {
    let (mut won, mut seen) = (Vec::new(), 0);
    for attempt in 0..100_000 {
        let base = register.read().await.unwrap();
        let record = next(&base, writer << 64 | attempt);
        assert!(record.epoch >= seen, "the register went back from {seen} to {}", record.epoch);
        seen = record.epoch;
        if record.epoch > last {
            return won;
        }
        match register.write(&base, &record).await {
            WriteAnswer::Written => won.push((record.epoch, record.nonce.0)),
            WriteAnswer::Conflict => {}
            WriteAnswer::NoAnswer(why) => panic!("{why}"),
        }
    }
    panic!("epoch {last} is never reached");
}
