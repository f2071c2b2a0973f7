//! What is explored with the right rules. No single exploration can have everything at once, so each
//! puts its weight on some rules.

use crate::bounds::Bounds;
use crate::properties::*;

/// How far to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// Seconds in a debug build: for the tests.
    Small,
    /// About a minute on two cores.
    Usual,
    /// Minutes, and gigabytes.
    Deep,
}

/// One exploration.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// What it puts its weight on.
    pub name: &'static str,
    /// How far it goes.
    pub bounds: Bounds,
    /// What it must reach, so that what holds does not hold only because nothing happens.
    pub reached: Vec<&'static str>,
}

/// Nothing happens but what follows from the rules.
pub(crate) const CALM: Bounds = Bounds {
    replicas: 2,
    named: 2,
    epochs: 3,
    requests: 2,
    writes: 1,
    reads: 0,
    crashes: 0,
    wipes: 0,
    late_answers: 0,
    breaks: 0,
    evidence: 0,
    rewinds: 0,
    split: false,
    hand_over: false,
};

/// The explorations of that size.
pub fn all(size: Size) -> Vec<Configuration> {
    let pick = |small: Bounds, usual: Bounds, deep: Bounds| match size {
        Size::Small => small,
        Size::Usual => usual,
        Size::Deep => deep,
    };
    let small = CALM;
    let alone = Bounds { named: 1, ..CALM };
    vec![
        Configuration {
            name: "failover",
            bounds: pick(
                small,
                Bounds { epochs: 3, writes: 2, crashes: 1, hand_over: true, ..CALM },
                Bounds { epochs: 4, writes: 2, crashes: 1, hand_over: true, ..CALM },
            ),
            reached: vec![FAILOVER, DROP, UNKNOWN, DEPOSED, WRITE_AFTER],
        },
        Configuration {
            name: "register",
            bounds: pick(
                Bounds { writes: 0, late_answers: 1, ..small },
                Bounds { requests: 3, crashes: 2, late_answers: 1, ..CALM },
                Bounds { requests: 3, crashes: 2, late_answers: 2, ..CALM },
            ),
            reached: match size {
                Size::Small => vec![FAILOVER, DROP, UNKNOWN, DEPOSED],
                _ => vec![FAILOVER, DROP, UNKNOWN, DEPOSED, ORPHAN],
            },
        },
        Configuration {
            name: "join and drop",
            bounds: pick(
                Bounds { reads: 1, ..alone },
                Bounds { epochs: 4, reads: 1, wipes: 1, ..alone },
                Bounds { epochs: 5, reads: 1, wipes: 1, ..alone },
            ),
            reached: vec![JOIN, OBLIGED, FAILOVER, UNKNOWN],
        },
        Configuration {
            name: "wiped disks",
            bounds: pick(
                Bounds { wipes: 1, ..small },
                Bounds { epochs: 4, wipes: 1, ..CALM },
                Bounds { epochs: 4, wipes: 1, crashes: 1, ..CALM },
            ),
            reached: match size {
                Size::Small => vec![DROP, FAILOVER],
                _ => vec![JOIN, DROP, OBLIGED, FAILOVER],
            },
        },
        Configuration {
            name: "reads",
            bounds: pick(
                Bounds { reads: 1, ..small },
                Bounds { reads: 2, split: true, ..CALM },
                Bounds { epochs: 4, reads: 2, ..CALM },
            ),
            reached: vec![FAILOVER, READ_AFTER, DEPOSED],
        },
        Configuration {
            name: "streams",
            bounds: pick(
                Bounds { split: true, ..small },
                Bounds { breaks: 1, split: true, crashes: 1, ..CALM },
                Bounds { breaks: 1, split: true, crashes: 1, reads: 1, ..CALM },
            ),
            reached: vec![FAILOVER, DROP, WRITE_AFTER],
        },
        Configuration {
            name: "ahead of the commit",
            bounds: pick(
                Bounds { evidence: 1, ..small },
                Bounds { evidence: 1, writes: 2, ..CALM },
                Bounds { evidence: 2, writes: 2, ..CALM },
            ),
            reached: vec![FAILOVER, DEPOSED, AHEAD, LATE],
        },
        Configuration {
            name: "gone back",
            bounds: pick(
                Bounds { rewinds: 1, requests: 1, ..small },
                Bounds { rewinds: 1, crashes: 1, ..CALM },
                Bounds { rewinds: 1, crashes: 1, epochs: 4, ..CALM },
            ),
            reached: vec![FAILOVER, DROP, HALTED],
        },
        Configuration {
            name: "three replicas",
            bounds: pick(
                Bounds { replicas: 3, named: 3, epochs: 2, ..CALM },
                Bounds { replicas: 3, named: 3, epochs: 3, requests: 1, ..CALM },
                Bounds { replicas: 3, named: 3, epochs: 3, ..CALM },
            ),
            reached: vec![FAILOVER, DROP, UNKNOWN, DEPOSED],
        },
        Configuration {
            name: "three, a read",
            bounds: pick(
                Bounds {
                    replicas: 3,
                    named: 3,
                    epochs: 2,
                    requests: 1,
                    writes: 0,
                    reads: 1,
                    ..CALM
                },
                Bounds { replicas: 3, named: 3, epochs: 2, reads: 1, ..CALM },
                Bounds { replicas: 3, named: 3, epochs: 3, requests: 1, reads: 1, ..CALM },
            ),
            reached: vec![FAILOVER, READ_AFTER, DEPOSED],
        },
        Configuration {
            name: "a spare",
            bounds: pick(
                Bounds { replicas: 3, epochs: 2, ..CALM },
                Bounds { replicas: 3, epochs: 3, requests: 1, ..CALM },
                Bounds { replicas: 3, epochs: 3, requests: 1, writes: 2, ..CALM },
            ),
            reached: vec![FAILOVER, DROP, JOIN, OBLIGED],
        },
    ]
}

/// What is walked through at random: everything at once, as far as a state has room.
pub fn walked(replicas: usize, named: usize) -> Bounds {
    Bounds {
        replicas,
        named,
        epochs: 6,
        requests: 4,
        writes: 2,
        reads: 3,
        crashes: 3,
        wipes: 2,
        late_answers: 3,
        breaks: 3,
        evidence: 0,
        rewinds: 0,
        split: true,
        hand_over: true,
    }
}
