//! All that descends from this process.
//!
//! Who adopts orphans (`PR_SET_CHILD_SUBREAPER`) loses none of its descendants, also not those that began
//! a session of their own: once it has no child any more, none is left.

use std::collections::BTreeMap;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, set_child_subreaper, wait,
};

/// Adopts the orphans among the descendants from now on.
pub fn adopt_orphans() -> std::io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Sends a signal to all descendants.
pub fn signal_all(signal: Signal) {
    for pid in descendants() {
        // One that has ended needs none, and one of another user gets none.
        let _ = kill_process(pid, signal);
    }
}

/// Asks all to go, those that are stopped too.
pub fn ask_to_go() {
    signal_all(Signal::TERM);
    signal_all(Signal::CONT);
}

/// The children that have ended since, and whether any is left.
pub fn reap() -> (Vec<(Pid, WaitStatus)>, bool) {
    let mut ended = Vec::new();
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(one)) => ended.push(one),
            Err(Errno::INTR) => {}
            Ok(None) => return (ended, true),
            Err(_) => return (ended, false),
        }
    }
}

/// What a shell would call its exit code.
pub fn exit_code(status: WaitStatus) -> u8 {
    let by_signal = || 128 + status.terminating_signal().unwrap_or(0);
    status.exit_status().unwrap_or_else(by_signal).try_into().unwrap_or(1)
}

/// All descendants of this process, parents first.
fn descendants() -> Vec<Pid> {
    let mut children = BTreeMap::<i32, Vec<i32>>::new();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for entry in processes {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid else { continue };
        // It may have ended meanwhile.
        let Ok(stat) = std::fs::read(entry.path().join("stat")) else { continue };
        if let Some(parent) = parent(&stat) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = vec![getpid().as_raw_nonzero().get()];
    let mut at = 0;
    while let Some(pid) = found.get(at) {
        found.extend(children.remove(pid).unwrap_or_default());
        at += 1;
    }
    found.into_iter().skip(1).filter_map(Pid::from_raw).collect()
}

/// The parent that `/proc/PID/stat` names: `PID (NAME) STATE PARENT ...`, where NAME may hold anything.
fn parent(stat: &[u8]) -> Option<i32> {
    let name_ends = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(&stat[name_ends + 1..]).ok()?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent(b"7 (sh) S 5 7 7 0 -1"), Some(5));
        assert_eq!(parent(b"7 (a) S 9 (b \xff) R 5 7"), Some(5));
        assert_eq!(parent(b"7"), None);
    }
}
