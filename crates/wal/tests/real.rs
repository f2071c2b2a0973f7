//! The same store in a directory of the operating system.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use common::{
    entries, machine, open, options, put, read_snapshot, snapshot, state, write_snapshot,
};
use understudy_wal::{
    OpenError, Options, RealDisk, SetAsideError, Store, entries as stored, set_aside, verify,
};

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
}

#[test]
fn lives_on_a_real_disk() {
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(dir.path().join("nested/data"));
    let (mut store, _) = open(&disk).unwrap();
    let mut all = put(&mut store, 1, 120);
    store.save_state(&state(1, 100)).unwrap();
    let finished = write_snapshot(&mut store, snapshot(&all[79]), &machine(100_000)).unwrap();
    store.adopt(finished).unwrap();
    store.release(80).unwrap();
    all.extend(put(&mut store, 1, 40));
    store.truncate(130).unwrap();
    all.truncate(130);
    drop(store);
    let (store, found) = open(&disk).unwrap();
    assert_eq!((found.life, found.state), (2, state(1, 100)));
    assert_eq!(found.entries, all[80..]);
    assert_eq!(read_snapshot(&store), Some(machine(100_000)));
    let printed: Vec<_> = stored(&disk).unwrap().map(Result::unwrap).collect();
    assert!(all.ends_with(&printed) && printed.len() >= 50);
    let report = verify(&disk).unwrap();
    assert_eq!((report.problems, report.last, report.clean), (vec![], 130, false));
    store.close().unwrap();
    assert!(open(&disk).unwrap().0.was_clean());
}

#[test]
fn the_holder_of_a_directory_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(dir.path());
    let (store, _) = open(&disk).unwrap();
    let Err(error) = open(&disk) else { panic!("it was opened twice") };
    assert!(matches!(error, OpenError::InUse { pid: Some(pid), .. } if pid == std::process::id()));
    assert!(error.to_string().contains(&std::process::id().to_string()));
    drop(store);
    open(&disk).unwrap();
}

#[test]
fn a_copied_directory_is_refused_and_a_moved_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let (original, moved, copied) =
        (dir.path().join("a"), dir.path().join("b"), dir.path().join("c"));
    drop(open(&RealDisk::new(&original)).unwrap());
    copy(&original, &copied);
    assert!(matches!(open(&RealDisk::new(&copied)), Err(OpenError::Copied { .. })));
    fs::rename(&original, &moved).unwrap();
    open(&RealDisk::new(&moved)).unwrap();
    let order = Options { accept_copy: true, ..options() };
    drop(Store::open(RealDisk::new(&copied), order).unwrap());
    open(&RealDisk::new(&copied)).unwrap();
}

#[test]
fn verify_of_no_directory_makes_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nothing");
    assert_eq!(verify(&RealDisk::new(&path)).unwrap_err().kind(), std::io::ErrorKind::NotFound);
    assert!(!path.exists());
}

#[test]
fn verify_works_beside_a_store_and_on_what_cannot_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(dir.path());
    let (mut store, found) = open(&disk).unwrap();
    put(&mut store, 1, 20);
    for entry in fs::read_dir(dir.path()).unwrap() {
        fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(0o444)).unwrap();
    }
    let report = verify(&disk).unwrap();
    assert_eq!((report.first, report.last, report.problems), (1, 20, vec![]));
    assert_eq!(report.incarnation, Some(found.incarnation));
}

#[test]
fn a_directory_is_set_aside_and_never_erased() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    for n in 1..=2 {
        let disk = RealDisk::new(&data);
        let (mut store, found) = open(&disk).unwrap();
        assert_eq!(found.life, 1, "a blank directory");
        let all = entries(store.last(), 1, n);
        store.append(&all).unwrap();
        let refused = set_aside(dir.path(), "data");
        assert!(matches!(refused, Err(SetAsideError::InUse { pid: Some(_), .. })));
        store.close().unwrap();
        let aside = set_aside(dir.path(), "data").unwrap();
        assert_eq!(aside, dir.path().join(format!("data.set-aside-{n}")));
        assert!(!data.exists());
        assert_eq!(stored(&RealDisk::new(aside)).unwrap().count() as u64, n);
    }
}

#[test]
fn random_bytes_in_any_file_are_refused_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let (good, bad) = (dir.path().join("good"), dir.path().join("bad"));
    let (mut store, _) = open(&RealDisk::new(&good)).unwrap();
    let all = put(&mut store, 1, 50);
    let finished = write_snapshot(&mut store, snapshot(&all[9]), b"machine").unwrap();
    store.adopt(finished).unwrap();
    store.close().unwrap();
    let names = fs::read_dir(&good).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let names: Vec<_> = names.filter(|name| !name.starts_with("spare") && name != "lock").collect();
    assert!(names.len() >= 5);
    for name in names {
        copy(&good, &bad);
        fs::write(bad.join(&name), machine(5000)).unwrap();
        let order = Options { accept_copy: true, ..options() };
        match Store::open(RealDisk::new(&bad), order) {
            Ok(_) => panic!("{name}: garbage was opened"),
            Err(error) => {
                let text = error.to_string();
                assert!(matches!(error, OpenError::Damaged(_)), "{text}");
                assert!(text.contains(&name) && !text.contains('\n'), "{text}");
            }
        }
        fs::remove_dir_all(&bad).unwrap();
    }
}
