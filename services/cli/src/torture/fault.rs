//! The faults, and how they are named.

use std::fmt;

use clap::ValueEnum as _;
use serde::Serialize;

use super::shim::Shim;

/// Kinds of faults, as the command line names them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// SIGKILL.
    Kill,
    /// A machine is cut off and a moment later gone for a while, with all that it has sent last.
    Vanish,
    /// SIGSTOP, then SIGCONT.
    Pause,
    /// SIGTERM: the replica leaves in order, and is started again.
    Leave,
    /// A handover by order.
    Handover,
    /// A replica loses its process and its disk.
    Wipe,
    /// Connections are reset.
    Reset,
    /// Nothing gets through, both ways or one way.
    Partition,
    /// Everything takes longer; not with --netns.
    Delay,
    /// Some packets are lost; only with --netns.
    Loss,
    /// The register's directory is away.
    Register,
    /// The disk has no room.
    DiskFull,
    /// Each sync takes longer.
    SlowSync,
    /// Each sync fails.
    FailedSync,
    /// The wall clock is wrong.
    Clock,
    /// A command given with --fault.
    #[value(skip)]
    Command,
}

impl Kind {
    /// Those that can be injected here, in namespaces or through proxies.
    pub fn possible(netns: bool) -> Vec<Kind> {
        let possible = |kind: &Kind| match kind {
            Kind::Loss => netns,
            Kind::Delay => !netns,
            Kind::DiskFull | Kind::SlowSync | Kind::FailedSync | Kind::Clock => Shim::exists(),
            _ => true,
        };
        Kind::value_variants().iter().copied().filter(possible).collect()
    }

    /// Its name on the command line.
    pub fn name(self) -> String {
        match self.to_possible_value() {
            Some(value) => value.get_name().to_owned(),
            None => "command".to_owned(),
        }
    }
}

/// Who it hits; found out when it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whom {
    /// Who acts as the primary.
    Primary,
    /// The other one.
    Backup,
    /// Both at once.
    Both,
}

/// Which connections of a replica.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lines {
    /// Those with the other replica.
    Peer,
    /// Those with clients.
    Clients,
    /// All of them.
    All,
}

/// Which way, as the replica sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// What it is sent.
    In,
    /// What it sends.
    Out,
    /// Both.
    Both,
}

/// One fault.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// SIGKILL.
    Kill { whom: Whom },
    /// Cut off from its peer; this many milliseconds later killed, and down for a while.
    Vanish { whom: Whom, after_ms: u32 },
    /// SIGSTOP, then SIGCONT.
    Pause { whom: Whom },
    /// SIGTERM.
    Leave { whom: Whom },
    /// A handover by order.
    Handover,
    /// SIGKILL, and the data directory is gone.
    Wipe { whom: Whom },
    /// TCP resets.
    Reset { whom: Whom, lines: Lines },
    /// Nothing gets through.
    Partition { whom: Whom, lines: Lines, way: Way },
    /// One way takes this much longer, milliseconds, in both directions.
    Delay { whom: Whom, lines: Lines, ms: u32 },
    /// This percentage of packets is lost.
    Loss { whom: Whom, lines: Lines, percent: u32 },
    /// The register's directory is away.
    Register,
    /// No room from now on, but for this many bytes.
    DiskFull { whom: Whom, room: u32 },
    /// Each sync takes so much longer, milliseconds.
    SlowSync { whom: Whom, ms: u32 },
    /// Each sync fails.
    FailedSync { whom: Whom },
    /// The wall clock is off by this many seconds.
    Clock { whom: Whom, seconds: i64 },
    /// The command with this number.
    Command { number: usize },
}

impl Fault {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Fault::Kill { .. } => Kind::Kill,
            Fault::Vanish { .. } => Kind::Vanish,
            Fault::Pause { .. } => Kind::Pause,
            Fault::Leave { .. } => Kind::Leave,
            Fault::Handover => Kind::Handover,
            Fault::Wipe { .. } => Kind::Wipe,
            Fault::Reset { .. } => Kind::Reset,
            Fault::Partition { .. } => Kind::Partition,
            Fault::Delay { .. } => Kind::Delay,
            Fault::Loss { .. } => Kind::Loss,
            Fault::Register => Kind::Register,
            Fault::DiskFull { .. } => Kind::DiskFull,
            Fault::SlowSync { .. } => Kind::SlowSync,
            Fault::FailedSync { .. } => Kind::FailedSync,
            Fault::Clock { .. } => Kind::Clock,
            Fault::Command { .. } => Kind::Command,
        }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Whom::Primary => "the primary",
            Whom::Backup => "the backup",
            Whom::Both => "both",
        })
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lines::Peer => "its peer",
            Lines::Clients => "its clients",
            Lines::All => "everybody",
        })
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::In => "inwards",
            Way::Out => "outwards",
            Way::Both => "both ways",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Kill { whom } => write!(f, "kill -9 {whom}"),
            Fault::Vanish { whom, after_ms } => {
                write!(f, "cut {whom} off and kill -9 it {after_ms} ms later")
            }
            Fault::Pause { whom } => write!(f, "pause {whom}"),
            Fault::Leave { whom } => write!(f, "have {whom} leave"),
            Fault::Handover => f.write_str("hand over"),
            Fault::Wipe { whom } => write!(f, "kill -9 {whom} and wipe its disk"),
            Fault::Reset { whom, lines } => write!(f, "reset {whom} from {lines}"),
            Fault::Partition { whom, lines, way } => write!(f, "cut {whom} from {lines}, {way}"),
            Fault::Delay { whom, lines, ms } => write!(f, "delay {whom} from {lines} by {ms} ms"),
            Fault::Loss { whom, lines, percent } => {
                write!(f, "lose {percent} % between {whom} and {lines}")
            }
            Fault::Register => f.write_str("take the register away"),
            Fault::DiskFull { whom, room } => {
                write!(f, "fill the disk of {whom} up to {room} bytes")
            }
            Fault::SlowSync { whom, ms } => write!(f, "slow each sync of {whom} by {ms} ms"),
            Fault::FailedSync { whom } => write!(f, "fail each sync of {whom}"),
            Fault::Clock { whom, seconds } => {
                write!(f, "set the clock of {whom} off by {seconds} s")
            }
            Fault::Command { number } => write!(f, "run command {number}"),
        }
    }
}
