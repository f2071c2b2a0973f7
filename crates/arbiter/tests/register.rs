//! One reader and one writer: what is written is read, over the right base, in the right place.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::time::Duration;

use common::{advance, blank, names, next, patient, register};
use tempfile::TempDir;
use tokio::time::timeout;
use understudy_arbiter::{Arbiter, CreateError, DirectoryRegister, Options};
use understudy_protocol::{RegisterFailure, WriteAnswer};

#[tokio::test]
async fn a_new_register_is_blank_and_says_its_uid() {
    let temp = TempDir::new().unwrap();
    let dir = temp.path().join("deep/er");
    let uid = DirectoryRegister::create(&dir).unwrap();
    let observed = register(&dir).read().await.unwrap();
    assert_eq!((observed.uid, observed.record), (uid, None));
    let other = DirectoryRegister::create(temp.path().join("other")).unwrap();
    assert_ne!(other, uid);
}

#[tokio::test]
async fn missing_and_blank_are_different() {
    let temp = TempDir::new().unwrap();
    for dir in [temp.path().to_path_buf(), temp.path().join("nowhere")] {
        let failure = DirectoryRegister::open(&dir, patient()).await.err().unwrap();
        assert!(matches!(failure, RegisterFailure::Missing(_)), "{failure:?}");
        assert!(matches!(register(&dir).read().await, Err(RegisterFailure::Missing(_))));
    }
    DirectoryRegister::create(temp.path()).unwrap();
    assert!(DirectoryRegister::open(temp.path(), patient()).await.is_ok());
}

#[tokio::test]
async fn nothing_but_an_order_makes_a_register() {
    let (_temp, dir) = blank();
    let base = register(&dir).read().await.unwrap();
    for name in names(&dir) {
        fs::remove_file(dir.join(name)).unwrap();
    }
    let answer = register(&dir).write(&base, &next(&base, 1)).await;
    assert!(matches!(answer, WriteAnswer::NoAnswer(_)), "{answer:?}");
    assert_eq!(names(&dir), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_written_is_read_and_keeps_the_uid() {
    let (_temp, dir) = blank();
    let register = register(&dir);
    let base = register.read().await.unwrap();
    let record = next(&base, u128::MAX);
    assert_eq!(register.write(&base, &record).await, WriteAnswer::Written);
    let observed = register.read().await.unwrap();
    assert_eq!(observed.record, Some(record));
    assert_eq!(observed.uid, base.uid);
    assert_ne!(observed.version, base.version);
}

#[tokio::test]
async fn a_write_over_an_old_base_is_a_conflict_and_changes_nothing() {
    let (_temp, dir) = blank();
    let register = register(&dir);
    let base = register.read().await.unwrap();
    let first = next(&base, 1);
    assert_eq!(register.write(&base, &first).await, WriteAnswer::Written);
    assert_eq!(register.write(&base, &next(&base, 2)).await, WriteAnswer::Conflict);
    assert_eq!(register.read().await.unwrap().record, Some(first));
    assert_eq!(names(&dir), ["register.0", "register.1"]);
}

/// The name of its epoch is free again, and must not be taken for a victory.
#[tokio::test]
async fn a_write_over_a_base_whose_successor_was_collected_is_a_conflict() {
    let (_temp, dir) = blank();
    let register = DirectoryRegister::at(&dir, Options { keep: 1, ..patient() });
    let base = advance(&register, 2).await;
    let last = advance(&register, 5).await;
    assert_eq!(names(&dir), ["register.0", "register.6", "register.7"]);
    assert_eq!(register.write(&base, &next(&base, 99)).await, WriteAnswer::Conflict);
    assert_eq!(register.read().await.unwrap(), last);
}

#[tokio::test]
async fn a_write_over_another_register_of_that_name_is_a_conflict_and_changes_nothing() {
    let (temp, dir) = blank();
    let register = register(&dir);
    let base = register.read().await.unwrap();
    fs::rename(&dir, temp.path().join("away")).unwrap();
    let other = DirectoryRegister::create(&dir).unwrap();
    assert_eq!(register.write(&base, &next(&base, 1)).await, WriteAnswer::Conflict);
    let observed = register.read().await.unwrap();
    assert_eq!((observed.uid, observed.record), (other, None));
}

#[tokio::test]
async fn an_older_state_put_back_is_read_as_it_stands() {
    let (_temp, dir) = blank();
    let register = register(&dir);
    let newest = advance(&register, 3).await;
    fs::remove_file(dir.join("register.3")).unwrap();
    let restored = register.read().await.unwrap();
    assert_eq!(restored.uid, newest.uid);
    assert_eq!(restored.record.unwrap().epoch, 2);
}

#[tokio::test]
async fn old_files_go_but_never_the_highest_nor_the_blank_one() {
    for keep in [0, 1, 3] {
        let (_temp, dir) = blank();
        let register = DirectoryRegister::at(&dir, Options { keep, ..patient() });
        let first = register.read().await.unwrap();
        for highest in 1..=12 {
            let observed = advance(&register, 1).await;
            assert_eq!((observed.uid, observed.record.unwrap().epoch), (first.uid, highest));
            let kept = (highest.saturating_sub(keep).max(1)..=highest).chain([0]);
            let mut expected: Vec<String> = kept.map(|n| format!("register.{n}")).collect();
            expected.sort();
            assert_eq!(names(&dir), expected);
        }
    }
}

#[tokio::test]
async fn what_dead_writers_left_is_ignored_and_collected() {
    let (_temp, dir) = blank();
    let draft = dir.join(".register.2.0000000000000000000000000000000f.0.tmp");
    fs::write(&draft, b"half a reco").unwrap();
    let foreign = [".nfs0001", "register.", "register.007", "register.9.tmp", "notes"];
    for name in foreign {
        fs::write(dir.join(name), b"x").unwrap();
    }
    let register = DirectoryRegister::at(&dir, Options { keep: 1, ..patient() });
    advance(&register, 3).await;
    assert!(draft.exists(), "its writer may still be at it");
    let last = advance(&register, 1).await;
    assert!(!draft.exists());
    assert_eq!(last.record.unwrap().epoch, 4);
    for name in foreign {
        assert!(dir.join(name).exists(), "{name} is not one of ours");
    }
}

#[tokio::test]
async fn a_register_is_not_created_over_another() {
    let (_temp, dir) = blank();
    let exists = |result| matches!(result, Err(CreateError::Exists(_)));
    assert!(exists(DirectoryRegister::create(&dir)));
    let last = advance(&register(&dir), 2).await;
    assert!(exists(DirectoryRegister::create(&dir)));
    fs::remove_file(dir.join("register.0")).unwrap();
    assert!(exists(DirectoryRegister::create(&dir)));
    assert!(exists(DirectoryRegister::restore(&dir, &next(&last, 1))));
    assert_eq!(register(&dir).read().await.unwrap(), last);
}

#[tokio::test]
async fn a_register_that_is_gone_comes_back_by_order_at_its_epoch() {
    let (temp, dir) = blank();
    let lost = advance(&register(&dir), 4).await;
    let record = next(&lost, 7);
    let dir = temp.path().join("new");
    let uid = DirectoryRegister::restore(&dir, &record).unwrap();
    assert_ne!(uid, lost.uid);
    let observed = register(&dir).read().await.unwrap();
    assert_eq!((observed.uid, observed.record.as_ref()), (uid, Some(&record)));
    assert_eq!(advance(&register(&dir), 1).await.record.unwrap().epoch, 6);
}

#[tokio::test]
async fn a_change_by_another_is_noticed() {
    let (_temp, dir) = blank();
    let (mine, other) = (register(&dir), register(&dir));
    mine.read().await.unwrap();
    let quiet = timeout(Duration::from_millis(200), mine.changed()).await;
    assert!(quiet.is_err(), "nothing has changed");
    let (noticed, _) =
        tokio::join!(timeout(Duration::from_secs(60), mine.changed()), advance(&other, 1));
    assert!(noticed.is_ok());
    mine.read().await.unwrap();
    advance(&mine, 1).await;
    let quiet = timeout(Duration::from_millis(200), mine.changed()).await;
    assert!(quiet.is_err(), "what one wrote oneself is no news");
}

/// Replicas that run as different users share a register by their group.
#[tokio::test]
async fn a_register_that_was_given_to_a_group_is_shared_with_it_and_another_is_not() {
    let (_temp, dir) = blank();
    for (mode, shared) in [(0o770, 0o660), (0o700, 0o600)] {
        fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
        let base = advance(&register(&dir), 1).await;
        let newest = names(&dir).into_iter().filter(|name| name.starts_with("register."));
        let file = dir.join(newest.max().unwrap());
        let made = fs::metadata(&file).unwrap();
        assert_eq!(made.permissions().mode() & 0o777, shared, "{file:?} of {base:?}");
        assert_eq!(made.gid(), fs::metadata(&dir).unwrap().gid());
    }
}
