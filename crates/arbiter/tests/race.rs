//! Many writers at once, in threads and in processes: each epoch has one winner.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{blank, contend, patient};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use understudy_arbiter::{DirectoryRegister, Options};
use understudy_protocol::Epoch;

/// Set in the processes that [`writing_processes`] starts.
const DIRECTORY: &str = "UNDERSTUDY_TEST_REGISTER";
const WRITER: &str = "UNDERSTUDY_TEST_WRITER";
const LAST: &str = "UNDERSTUDY_TEST_LAST";

async fn contend_in(dir: &Path, writer: u128, last: Epoch, keep: u64) -> Vec<(Epoch, u128)> {
    let register = DirectoryRegister::at(dir, Options { keep, ..patient() });
    contend(&register, writer, last).await
}

/// No epoch is missing, none has two winners, and who was told to have won is whom the file names.
/// Returns how many winners were told so: one who was overtaken before it could look was not.
fn judge(dir: &Path, last: Epoch, won: Vec<(Epoch, u128)>) -> usize {
    let mut winners = BTreeMap::new();
    for (epoch, nonce) in won {
        let other = winners.insert(epoch, nonce);
        assert_eq!(other, None, "epoch {epoch} was won twice");
    }
    for epoch in 1..=last {
        let text = std::fs::read_to_string(dir.join(format!("register.{epoch}"))).unwrap();
        if let Some(nonce) = winners.get(&epoch) {
            assert!(text.contains(&format!("{nonce:032x}")), "epoch {epoch} is another's: {text}");
        }
    }
    assert!(!dir.join(format!("register.{}", last + 1)).exists());
    winners.len()
}

/// Contends from several threads.
fn race(dir: &Path, threads: u128, last: Epoch, keep: u64) -> Vec<(Epoch, u128)> {
    thread::scope(|scope| {
        let run = |writer| runtime().block_on(contend_in(dir, writer, last, keep));
        let writers: Vec<_> = (1..=threads).map(|n| scope.spawn(move || run(n))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    })
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn of_racing_threads_one_wins_each_epoch() {
    let (_temp, dir) = blank();
    let won = race(&dir, 8, 150, u64::MAX);
    assert!(judge(&dir, 150, won) > 0);
}

/// A writer that is slow between its look and its link finds the name free again, since the file of
/// its epoch has been collected; it must not take that for a victory.
#[test]
fn of_racing_threads_one_wins_each_epoch_though_files_are_collected_at_once() {
    let (_temp, dir) = blank();
    let mut won: Vec<Epoch> = race(&dir, 8, 400, 0).into_iter().map(|(epoch, _)| epoch).collect();
    won.sort();
    assert!(won.windows(2).all(|pair| pair[0] != pair[1]), "an epoch was won twice: {won:?}");
    assert!(!won.is_empty());
}

#[test]
fn of_racing_processes_one_wins_each_epoch() {
    let (_temp, dir) = blank();
    let mut won = Vec::new();
    for mut process in writing_processes(&dir, 4, 100) {
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            if let Some(win) = line.unwrap().strip_prefix("won ") {
                let (epoch, nonce) = win.split_once(' ').unwrap();
                won.push((epoch.parse().unwrap(), nonce.parse().unwrap()));
            }
        }
        assert!(process.wait().unwrap().success());
    }
    assert!(judge(&dir, 100, won) > 0);
}

/// Processes die at any point of a write; the others go on, and the register is whole.
#[test]
fn killed_writers_leave_a_whole_register() {
    let (_temp, dir) = blank();
    let runtime = runtime();
    let register = DirectoryRegister::at(&dir, patient());
    let mut highest = 0;
    for _ in 0..5 {
        let mut processes = writing_processes(&dir, 3, Epoch::MAX);
        let until = Instant::now() + Duration::from_secs(60);
        while !dir.join(format!("register.{}", highest + 20)).exists() {
            assert!(Instant::now() < until, "the processes write nothing");
            thread::sleep(Duration::from_millis(1));
        }
        for process in &mut processes {
            process.kill().unwrap();
            process.wait().unwrap();
        }
        let advanced = runtime.block_on(common::advance(&register, 1));
        highest = advanced.record.unwrap().epoch;
    }
}

fn writing_processes(dir: &Path, count: usize, last: Epoch) -> Vec<Child> {
    let start = |writer: usize| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "as_a_writing_process", "--nocapture"])
            .env(DIRECTORY, dir)
            .env(WRITER, writer.to_string())
            .env(LAST, last.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    (1..=count).map(start).collect()
}

/// Not a test of its own: what the processes above run.
#[test]
fn as_a_writing_process() {
    let Some(dir) = std::env::var_os(DIRECTORY) else { return };
    let writer = std::env::var(WRITER).unwrap().parse().unwrap();
    let last = std::env::var(LAST).unwrap().parse().unwrap();
    let won = runtime().block_on(contend_in(Path::new(&dir), writer, last, u64::MAX));
    println!();
    for (epoch, nonce) in won {
        println!("won {epoch} {nonce}");
    }
}

#[test]
fn of_racing_creators_one_wins() {
    for _ in 0..20 {
        let temp = TempDir::new().unwrap();
        let dir = temp.path().join("register");
        let creators: Vec<_> = (0..8)
            .map(|_| {
                let dir = dir.clone();
                thread::spawn(move || DirectoryRegister::create(&dir).is_ok())
            })
            .collect();
        let won = creators.into_iter().map(|c| c.join().unwrap());
        assert_eq!(won.filter(|won| *won).count(), 1);
        assert_eq!(common::names(&dir), ["register.0"]);
    }
}
