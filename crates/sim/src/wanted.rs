//! What must happen again and again in the simulation, by name, for the table.

/// Sections with their names.
pub const WANTED: &[(&str, &[&str])] = &[
    (
        "network",
        &[
            "frame lost and sent again",
            "stream broken by loss",
            "stream broken",
            "stream severed at one end",
            "dial lost",
            "knock lost",
            "client request lost",
            "client answer lost",
            "client request delivered twice",
            "dial that gave two streams",
            "message of a closed stream",
            "message of an older stream behind a newer one",
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
            "disk wiped",
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
            "register answer lost behind a write that landed",
            "register write that landed late",
            "register write delivered twice",
            "register read delivered twice",
            "test-and-set conflict",
            "foreign edit of the register",
            "foreign edit between read and write",
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
        ],
    ),
    (
        "cluster",
        &[
            "register write won",
            "promotion",
            "drop won",
            "join completed",
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
];

/// Sudden ends of a running process.
pub const CRASHES: &[&str] = &["kill", "kill within a step", "kill within a write", "power loss"];
