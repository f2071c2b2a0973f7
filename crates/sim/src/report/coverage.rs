//! What must happen again and again in the simulation, by name, for the table.

use understudy_evidence::MARKS;

/// Sections with their names.
pub const COVERAGE: &[(&str, &[&str])] = &[
    (
        "network",
        &[
            "frame lost and sent again",
            "stream broken by loss",
            "stream broken",
            "stream severed at one end",
            "dial lost",
            "probe lost",
            "client request lost",
            "client answer lost",
            "client request delivered twice",
            "dial that gave two streams",
            "message of a closed stream",
            "message of an older stream after a newer one",
            "one-way partition",
            "isolation",
            "frame stopped by a partition",
            "narrow line",
        ],
    ),
    (
        "disks",
        &[
            "unsynced write lost",
            "unsynced write torn",
            "failed sync",
            "slow sync",
            "slow save of the hard state",
            "write that found the disk full",
            "full disk: the primary's",
            "full disk: a backup's",
            "full disk: everybody's",
            "disk wiped",
            "byte that flipped at rest",
            "rot found at start",
            "rot found by verification",
        ],
    ),
    (
        "clocks",
        &[
            "wall clock set back",
            "wall clock set forward",
            "life with a clock that drifts",
            "monotonic clock that changes its pace",
        ],
    ),
    (
        "register",
        &[
            "register outage",
            "register request during an outage",
            "register slow",
            "register request lost",
            "register answer lost",
            "register answer lost after a write that landed",
            "register write that landed late",
            "register write delivered twice",
            "register read delivered twice",
            "test-and-set conflict",
            "foreign edit of the register",
            "foreign edit between read and write",
            "register write repeated after it landed",
        ],
    ),
    (
        "processes",
        &[
            "kill",
            "kill within a step",
            "kill within a write",
            "all killed at once",
            "power loss",
            "pause",
            "pause beyond the time-out",
            "life that ended itself",
            "start",
            "asked to leave",
            "left in order",
            "pod evicted with its disk",
            "pod evicted, its disk stays",
            "replica upgraded",
            "rolling upgrade completed",
            "stream refused for another version",
        ],
    ),
    (
        "cluster",
        &[
            "register write won",
            "promotion",
            "drop won",
            "join completed",
            "eviction",
            "slow learner joined",
            "handover completed on order",
            "handover given up",
            "snapshot taken",
            "snapshot installed",
            "retry answered from the session table",
            "read answered after a round",
            "read answered solo",
        ],
    ),
    (
        "history, watches, leases, ranges and generators",
        &[
            "range of any two ends",
            "value beyond a bound that was raised",
            "answer too long for its bound",
            "share used up",
            "share used again",
            "lease kept",
            "keys gone with their lease",
            "draw answered",
            "change told",
            "revision told in parts",
            "watch broken",
            "watch broken within a revision",
            "watch passed by history",
            "quiet watch that history did not end",
            "old revision read",
            "old revision not kept",
        ],
    ),
    (
        "modes",
        &[
            "answer ahead of the commit",
            "acknowledged entry lost",
            "settings: received",
            "settings: durable",
            "copy set aside after a crash",
            "snapshot taken on in the background",
        ],
    ),
    (
        "adversaries",
        &[
            "targeted fault while the register is written",
            "primary cut off from the others",
            "primary cut off as it names a learner",
            "kill within a cut of the log",
            "disk filled at once",
            "tampering: register restored",
            "tampering: register replaced by a blank one",
            "tampering: register replaced by an older one",
            "theme: doubtful join",
            "theme: reads at failover",
            "theme: diverging tails",
            "theme: lost copies",
            "theme: reads behind the times",
            "theme: deferred backups",
            "theme: primary alone",
        ],
    ),
];

/// All names that must happen, those of the rules included.
pub fn all() -> impl Iterator<Item = &'static str> {
    let marks = MARKS.iter().map(|mark| mark.label);
    COVERAGE.iter().flat_map(|(_, names)| names.iter().copied()).chain(marks)
}

/// Sudden ends of a running process.
pub const CRASHES: &[&str] = &["kill", "kill within a step", "kill within a write", "power loss"];
