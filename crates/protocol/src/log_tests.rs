use bytes::Bytes;

use super::*;
use crate::{Kind, Snapshot, Time};

fn log(runs: &[(Epoch, Index)]) -> Log {
    let mut log = Log::new(&Recovered { first: 1, ..Recovered::default() }, &Limits::default());
    for &(epoch, last) in runs {
        while log.last().index < last {
            let entry =
                Entry::after(log.last(), epoch, Time::default(), Kind::Command, Bytes::new());
            log.push(entry);
        }
    }
    log
}

fn matched(mine: &[(Epoch, Index)], theirs: &[(Epoch, Index)]) -> Option<Index> {
    let (first, runs) = log(theirs).runs();
    log(mine).matching(first, &runs)
}

#[test]
fn the_match_is_the_last_common_entry() {
    assert_eq!(matched(&[(1, 5)], &[(1, 5)]), Some(5));
    assert_eq!(matched(&[(1, 9)], &[(1, 5)]), Some(5));
    assert_eq!(matched(&[(1, 5), (3, 9)], &[(1, 8)]), Some(5));
    assert_eq!(matched(&[(1, 5), (3, 9)], &[(1, 5), (2, 7), (4, 8)]), Some(5));
    assert_eq!(matched(&[(1, 5), (3, 9)], &[(1, 4), (2, 12)]), Some(4));
    assert_eq!(matched(&[(2, 5)], &[(1, 5)]), Some(0));
    assert_eq!(matched(&[(2, 5)], &[]), Some(0));
}

#[test]
fn logs_whose_retained_parts_do_not_meet_do_not_match() {
    let mut mine = log(&[(1, 9)]);
    mine.commit = 9;
    mine.release(6);
    assert_eq!(mine.matching(1, &[(1, 5)]), None);
    assert_eq!(mine.matching(1, &[(1, 8)]), Some(8));
    assert_eq!(mine.matching(1, &[]), None);
}

#[test]
fn a_log_after_an_installed_snapshot_matches_at_its_position() {
    let full = log(&[(1, 4), (2, 9)]);
    let mut installed = log(&[]);
    installed.reset(full.position(6).unwrap(), Time::default());
    let (first, runs) = installed.runs();
    assert_eq!(full.matching(first, &runs), Some(6));
}

#[test]
fn a_cut_forgets_runs_and_durability() {
    let mut log = log(&[(1, 4), (2, 9)]);
    log.note_durable(log.last());
    let old = log.last();
    log.truncate(3);
    assert_eq!((log.durable, log.last().index), (3, 3));
    assert_eq!(log.runs(), (1, vec![(1, 3)]));
    while log.last().index < 9 {
        log.push(Entry::after(log.last(), 5, Time::default(), Kind::Tick, Bytes::new()));
    }
    log.note_durable(old);
    assert_eq!(log.durable, 3, "a completion from before the cut counts for nothing");
}

#[test]
fn a_log_released_up_to_its_end_still_matches() {
    let mut mine = log(&[(1, 4), (2, 9)]);
    mine.release(9);
    let (first, runs) = mine.runs();
    assert_eq!((first, runs.clone()), (9, vec![(2, 9)]));
    assert_eq!(log(&[(1, 4), (2, 12)]).matching(first, &runs), Some(9));
}

#[test]
fn the_last_time_is_known_when_the_window_holds_no_entry() {
    let mut log = log(&[(1, 3)]);
    let time = Time { wall: 7, elapsed: 5 };
    log.push(Entry::after(log.last(), 1, time, Kind::Command, Bytes::new()));
    (log.durable, log.commit, log.handed, log.applied) = (4, 4, 4, 4);
    log.trim(0);
    assert!(log.get(4).is_none());
    assert_eq!((log.last().index, log.last_time()), (4, time));
}

/// A log of entries that weigh as much as `weights` say, all covered by a snapshot.
fn weighing(weights: &[usize]) -> Log {
    let limits = Limits { retain_bytes: 0, ..Limits::default() };
    let mut log = Log::new(&Recovered { first: 1, ..Recovered::default() }, &limits);
    let empty = Entry::after(log.last(), 1, Time::default(), Kind::Tick, Bytes::new()).weight();
    for weight in weights {
        let payload = vec![0; weight - empty].into();
        log.push(Entry::after(log.last(), 1, Time::default(), Kind::Command, payload));
    }
    log.snapshot = log.last();
    log
}

#[test]
fn how_much_lies_before_the_snapshot_is_known_in_bytes() {
    let mut log = weighing(&[1000, 200, 300, 5000, 100]);
    let beyond: Vec<Index> =
        [0, 99, 100, 5099, 5100, 5400, 5600, 6599, 6600].map(|b| log.beyond(b)).into();
    assert_eq!(beyond, [5, 5, 4, 4, 3, 2, 1, 1, 0]);
    log.snapshot = log.position(3).unwrap();
    assert_eq!((log.beyond(0), log.beyond(300), log.beyond(500)), (3, 2, 1));
    log.release(2);
    assert_eq!((log.beyond(0), log.beyond(300)), (3, 0), "what is gone counts no more");
}

#[test]
fn what_was_cut_counts_no_more_and_what_an_earlier_life_left_does() {
    let mut log = weighing(&[1000, 200, 300]);
    log.truncate(2);
    log.snapshot = log.last();
    assert_eq!((log.beyond(1199), log.beyond(1200)), (1, 0));
    let snapshot = Snapshot { position: log.last(), ..Snapshot::default() };
    let recovered =
        Recovered { first: 1, snapshot, pieces: vec![(1, 1000), (2, 200)], ..Recovered::default() };
    let log = Log::new(&recovered, &Limits::default());
    assert_eq!((log.beyond(199), log.beyond(200), log.beyond(1200)), (2, 1, 0));
}
