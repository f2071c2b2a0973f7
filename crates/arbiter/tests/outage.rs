//! A directory that does not answer, or is not there for a while: every call returns in time, and
//! all is well when it is back. A named pipe in place of the newest file hangs its readers, as
//! a network mount does whose server is away.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::time::Duration;

use common::{advance, blank, names, next, patient, register};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tokio::time::timeout;
use understudy_arbiter::{Arbiter, DirectoryRegister, Options};
use understudy_protocol::{RegisterFailure, WriteAnswer};

fn hang(dir: &Path) {
    let pipe = dir.join("register.1000");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

fn unhang(dir: &Path) {
    let pipe = dir.join("register.1000");
    // A reader that opens the pipe goes on, and sees its end when this is closed.
    let end = OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    fs::remove_file(&pipe).unwrap();
    drop(end);
}

#[tokio::test]
async fn a_hung_directory_is_no_answer_and_recovers() {
    let (_temp, dir) = blank();
    let base = register(&dir).read().await.unwrap();
    let impatient = Options { patience: Duration::from_millis(50), ..patient() };
    let register = DirectoryRegister::at(&dir, impatient);
    hang(&dir);

    // The first call hangs itself, the others wait behind it.
    for _ in 0..3 {
        let read = timeout(Duration::from_secs(60), register.read()).await.unwrap();
        let Err(RegisterFailure::Unreachable(why)) = read else { panic!("{read:?}") };
        assert!(why.contains("no answer within 50ms"), "{why}");
        let record = next(&base, 1);
        let write = register.write(&base, &record);
        let answer = timeout(Duration::from_secs(60), write).await.unwrap();
        assert!(matches!(answer, WriteAnswer::NoAnswer(_)), "{answer:?}");
    }

    unhang(&dir);
    let back = async {
        while register.read().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(60), back).await.unwrap();
    assert_eq!(register.read().await.unwrap(), base, "no attempt has landed");
}

/// The very answer that must be read as "unknown": the file is there before anybody says so.
#[tokio::test]
async fn a_write_that_was_given_up_may_land_later() {
    let (_temp, dir) = blank();
    let base = register(&dir).read().await.unwrap();
    let impatient = Options { patience: Duration::ZERO, ..patient() };
    let hasty = DirectoryRegister::at(&dir, impatient);
    let record = next(&base, 1);
    let landed = async {
        loop {
            let answer = hasty.write(&base, &record).await;
            let observed = register(&dir).read().await.unwrap();
            if observed.record.is_some() {
                return observed;
            }
            assert!(matches!(answer, WriteAnswer::NoAnswer(_)), "{answer:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let observed = timeout(Duration::from_secs(60), landed).await.unwrap();
    assert_eq!(observed.record, Some(record));
}

#[tokio::test]
async fn a_directory_that_is_away_is_missing_until_it_is_back() {
    let (temp, dir) = blank();
    let register = register(&dir);
    let base = advance(&register, 2).await;
    fs::rename(&dir, temp.path().join("away")).unwrap();
    assert!(matches!(register.read().await, Err(RegisterFailure::Missing(_))));
    let answer = register.write(&base, &next(&base, 1)).await;
    assert!(matches!(answer, WriteAnswer::NoAnswer(_)), "{answer:?}");
    assert!(!dir.exists(), "nobody makes another one");

    fs::rename(temp.path().join("away"), &dir).unwrap();
    assert_eq!(register.read().await.unwrap(), base);
    assert_eq!(register.write(&base, &next(&base, 1)).await, WriteAnswer::Written);
    assert_eq!(names(&dir).len(), 4);
}
