//! What can happen next, and how it reads.

use std::fmt;

use crate::names::{Copied, slot_name};

/// What a replica does with what it has just read in the register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Then {
    /// Takes note of it.
    Nothing,
    /// Suspects the primary and tries to become it; with or without naming the old one.
    Promote {
        /// Whether the old primary stays a member.
        keep: bool,
    },
    /// An acting primary tries to drop a member.
    Drop(Copied),
    /// An acting primary tries to name the learner that is caught up.
    Name(Copied),
    /// A deposed primary with nothing pending follows in the same life.
    StepDown,
    /// Wrong: acts because the register names it.
    Act,
}

/// One step of the world. Replicas are given by slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Action {
    Write(usize),
    Sync(usize),
    Read(usize),
    Dial { follower: usize, primary: usize },
    Send { primary: usize, follower: usize, end: u8 },
    DeliverAppend { follower: usize, primary: usize },
    DeliverAck { primary: usize, follower: usize },
    Break { follower: usize, primary: usize },
    Oblige { primary: usize, learner: usize },
    LetGo(usize),
    Ask(usize),
    Lapse(usize),
    Look { slot: usize, then: Then },
    AskLate(usize),
    LateAnswer { slot: usize, epoch: u8, then: Then },
    StaleAnswer { slot: usize, epoch: u8, then: Then },
    Land(usize),
    LearnWon(usize),
    LearnConflict(usize),
    NoAnswer(usize),
    SaveEpoch(usize),
    Crash(usize),
    Wipe(usize),
    Forget,
    RewindRegister(u8),
    RewindDisk(usize),
}

impl fmt::Display for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Then::Nothing => Ok(()),
            Then::Promote { keep: true } => write!(f, ", tries to become primary"),
            Then::Promote { keep: false } => {
                write!(f, ", tries to become primary without the old one")
            }
            Then::Drop(copy) => write!(f, ", tries to drop {copy}"),
            Then::Name(copy) => write!(f, ", tries to name {copy}"),
            Then::StepDown => write!(f, ", follows in the same life"),
            Then::Act => write!(f, ", acts"),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = slot_name;
        match *self {
            Action::Write(p) => write!(f, "{}: a client writes", name(p)),
            Action::Sync(p) => write!(f, "{}: its log is durable", name(p)),
            Action::Read(p) => write!(f, "{}: a client reads", name(p)),
            Action::Dial { follower, primary } => {
                write!(f, "{}: dials {} and is welcome", name(follower), name(primary))
            }
            Action::Send { primary, follower, end } => {
                write!(f, "{}: sends {} its log up to {end}", name(primary), name(follower))
            }
            Action::DeliverAppend { follower, primary } => {
                write!(f, "{}: takes in what {} sent, acknowledges", name(follower), name(primary))
            }
            Action::DeliverAck { primary, follower } => {
                write!(f, "{}: hears {}'s acknowledgement", name(primary), name(follower))
            }
            Action::Break { follower, primary } => {
                write!(f, "the stream from {} to {} breaks", name(follower), name(primary))
            }
            Action::Oblige { primary, learner } => {
                write!(f, "{}: obliges the learner {}", name(primary), name(learner))
            }
            Action::Ask(p) => write!(f, "{}: asks who follows it", name(p)),
            Action::Lapse(p) => write!(f, "{}: what it has asked so far is long ago", name(p)),
            Action::LetGo(p) => write!(f, "{}: lets go of its learner", name(p)),
            Action::Look { slot, then } => write!(f, "{}: reads the register{then}", name(slot)),
            Action::AskLate(slot) => {
                write!(f, "{}: reads the register; the answer is late", name(slot))
            }
            Action::LateAnswer { slot, epoch, then } => {
                write!(f, "{}: the late answer says epoch {epoch}{then}", name(slot))
            }
            Action::StaleAnswer { slot, epoch, then } => {
                write!(f, "{}: reads epoch {epoch} from a cache{then}", name(slot))
            }
            Action::Land(request) => write!(f, "register: request {request} lands"),
            Action::LearnWon(slot) => write!(f, "{}: its write is answered: written", name(slot)),
            Action::LearnConflict(slot) => {
                write!(f, "{}: its write is answered: conflict", name(slot))
            }
            Action::NoAnswer(slot) => write!(f, "{}: its write gets no answer", name(slot)),
            Action::SaveEpoch(slot) => write!(f, "{}: its epoch is on disk", name(slot)),
            Action::Crash(slot) => write!(f, "{}: crashes, another life begins", name(slot)),
            Action::Wipe(slot) => write!(f, "{}: its disk is wiped", name(slot)),
            Action::Forget => write!(f, "register: forgets its newest record"),
            Action::RewindRegister(epoch) => {
                write!(f, "all go down, the register goes back to epoch {epoch}, all start")
            }
            Action::RewindDisk(slot) => {
                write!(f, "all go down, the disk of {} goes back, all start", name(slot))
            }
        }
    }
}
