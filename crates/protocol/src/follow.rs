//! The role that follows a primary: dial it, take its log, confirm what is durable. A backup is a
//! follower that the register names; a learner or spare is one that it does not.

mod contradict;
mod link;
mod promote;
mod receive;
mod step;
mod wrong;

use crate::core::Core;
use crate::pause::Pause;
use crate::{
    ConnId, Epoch, Incarnation, Index, Observed, Position, Record, RoleName, Round, Status,
};

/// The stream to the primary.
enum Link {
    /// Not before this time.
    Idle { until: u64 },
    /// One dial at a time: its answer says nothing of anybody else.
    Dialing { to: Incarnation },
    /// Said hello.
    Greeting(ConnId),
    /// Welcomed.
    Live(ConnId),
}

/// Everything about a follower that is not in the core.
pub(crate) struct Following {
    /// The register as last read.
    record: Record,
    /// That read itself, on which an attempt can be based.
    read: Observed,
    link: Link,
    /// Dials that came to nothing, in a row.
    redials: Pause,
    /// When this replica last said hello.
    link_since: u64,
    /// When the primary last gave a sign of life.
    heard: u64,
    /// When its process last answered, be it that it does not act.
    answered: u64,
    /// The redial was refused: the primary's process is gone.
    gone: bool,
    /// It has welcomed this replica, so it acted.
    served: bool,
    /// It acted and says that it does not any more.
    lapsed: bool,
    /// End of the prefix verified against this primary on this stream (rule 9).
    verified: Option<Index>,
    /// The primary's commit index, as told on this stream.
    told_commit: Index,
    /// The newest read round seen on this stream.
    round: Round,
    /// A higher epoch heard of, not yet read from the register.
    newer: Option<Epoch>,
    /// The snapshot part given to the store: acknowledge it when stored.
    storing: Option<Position>,
    /// The part of a snapshot in the background that was given to the store, and where it ends if it is the last.
    background: Option<(Position, Option<u64>)>,
    /// The primary has stopped and wants this replica to win: until when, and whether it leaves.
    take_over: Option<(u64, bool)>,
    /// Asked the primary to be dropped; leave at the latest then.
    leave_by: Option<u64>,
    look_at: u64,
    /// Reads of the register that told nothing new, in a row.
    looks: Pause,
    reason: String,
}

impl Following {
    pub fn new(core: &Core, record: Record, read: Observed) -> Self {
        Following {
            gone: record.primary == core.me,
            record,
            read,
            link: Link::Idle { until: core.now.mono },
            redials: Pause::default(),
            heard: core.now.mono,
            answered: 0,
            served: false,
            lapsed: false,
            verified: None,
            told_commit: 0,
            link_since: core.now.mono,
            round: 0,
            newer: None,
            storing: None,
            background: None,
            take_over: None,
            leave_by: None,
            look_at: core.now.mono,
            looks: Pause::default(),
            reason: String::new(),
        }
    }

    pub fn name(&self, core: &Core) -> RoleName {
        match (self.record.names(core.me), &self.link) {
            _ if core.register.undecided().is_some() => RoleName::Candidate,
            (true, Link::Live(_)) => RoleName::Backup,
            (true, _) => RoleName::Waiting,
            (false, _) if self.caught_up(core) => RoleName::Spare,
            (false, _) => RoleName::Learner,
        }
    }

    /// On a live stream, and so close behind the primary that it could join at once.
    fn caught_up(&self, core: &Core) -> bool {
        let durable = self.verified.unwrap_or(0).min(core.log.durable);
        matches!(self.link, Link::Live(_))
            && self.storing.is_none()
            && durable > 0
            && durable + core.config.limits.caught_up >= self.told_commit
    }

    pub fn describe(&self, core: &Core, status: &mut Status) {
        status.named = self.record.names(core.me);
        status.primary = self.record.member(self.record.primary).cloned();
        status.members = self.record.members.clone();
        status.reason = self.reason.clone();
        if core.is_full() && self.reason.is_empty() {
            status.reason = "the disk is full: make room".into();
        }
    }

    /// This process did not run for a while: that counts for nobody's silence.
    pub fn forgive(&mut self, pause: u64) {
        self.heard += pause;
    }
}
