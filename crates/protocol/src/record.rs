//! What the register says.

use std::fmt;

use crate::{ClusterId, Epoch, Incarnation, Index, Nonce, RegisterUid};

/// A replica as others know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Which copy of the log.
    pub incarnation: Incarnation,
    /// The replica's configured name, for people and to recognise a successor of a wiped copy.
    pub name: String,
    /// Where peers reach it, `host:port`.
    pub peer_address: String,
    /// Where clients reach it, `host:port`.
    pub client_address: String,
}

/// The one record that changes only by atomic test-and-set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Which cluster.
    pub cluster: ClusterId,
    /// How often the register has been written, this write included.
    pub epoch: Epoch,
    /// The member that may act.
    pub primary: Incarnation,
    /// Every copy that holds all committed entries.
    pub members: Vec<Member>,
    /// The writer's commit index: a copy that does not reach it is not what it claims to be.
    pub floor: Index,
    /// Names the attempt that wrote it.
    pub nonce: Nonce,
}

impl Record {
    /// The named member with this incarnation.
    pub fn member(&self, incarnation: Incarnation) -> Option<&Member> {
        self.members.iter().find(|m| m.incarnation == incarnation)
    }

    /// Whether this incarnation is named.
    pub fn names(&self, incarnation: Incarnation) -> bool {
        self.member(incarnation).is_some()
    }
}

/// One linearizable read of the register.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// Which register object.
    pub uid: RegisterUid,
    /// Its version for the next test-and-set; only equality means anything.
    pub version: String,
    /// What it says; `None` while it is blank (made, never written).
    pub record: Option<Record>,
}

/// Why a read of the register gave nothing to act on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RegisterFailure {
    /// No answer in time: ask again.
    Unreachable(String),
    /// There is no register where it should be. Nobody but an operator creates one.
    Missing(String),
    /// It is there and cannot be understood.
    Damaged(String),
}

impl fmt::Display for RegisterFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegisterFailure::Unreachable(why) => write!(f, "the register is unreachable: {why}"),
            RegisterFailure::Missing(why) => write!(f, "there is no register: {why}"),
            RegisterFailure::Damaged(why) => write!(f, "the register is damaged: {why}"),
        }
    }
}

/// What came back from one write of the register.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WriteAnswer {
    /// The store said that it is written, and written over the version it was based on.
    Written,
    /// The store said that the version has moved.
    Conflict,
    /// No answer, or one that proves nothing: it may have landed, or may land later.
    NoAnswer(String),
}
