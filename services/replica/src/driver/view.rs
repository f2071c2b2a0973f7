//! What the rest of the process may know of the replica, without asking the loop.

use understudy_host::Host;
use understudy_machine::{KvMachine, Machine, Usage};
use understudy_protocol::{ClusterId, Epoch, Index, Life, Member, Now, RoleName, Settings, Status};
use understudy_wal::RealDisk;

use super::Waiting;
use crate::memory::Shares;

/// The replica as of a moment ago.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub status: Status,
    pub me: Member,
    pub life: Life,
    pub cluster: Option<ClusterId>,
    /// Acting, its opening entry executed: it answers clients.
    pub acting: bool,
    /// The epoch with which it became primary last in this life; 0: it has not. While it is primary,
    /// its later writes of the register (joins and drops) raise the epoch, not this.
    #[cfg_attr(not(feature = "kubernetes"), expect(dead_code, reason = "only a Service wants it"))]
    pub term: Epoch,
    /// It goes after it has handed over: where its clients are led on to meanwhile.
    pub leads_to: Option<String>,
    /// First index that the log still has.
    pub first: Index,
    pub settings: Settings,
    pub usage: Usage,
    pub revision: i64,
    pub digest: u64,
    /// Requests that wait.
    pub waiting: usize,
    /// Watches that are open.
    pub watches: usize,
    /// Nanoseconds since 1970 at which this life began.
    pub started: u64,
    /// How it parts its memory.
    pub shares: Shares,
}

impl View {
    /// Whether the replica has halted.
    pub fn is_halted(&self) -> bool {
        self.status.role == RoleName::Halted
    }

    /// Named in the register, or caught up and able to step in.
    pub fn is_ready(&self) -> bool {
        !self.is_halted() && (self.status.named || self.status.role == RoleName::Spare)
    }

    /// Whether the primary's answer rests on this copy alone.
    pub fn is_solo(&self) -> bool {
        !self.status.followers.iter().any(|follower| follower.obliged)
    }
}

/// What only the loop knows of it.
pub(super) struct Figures {
    pub life: Life,
    pub term: Epoch,
    pub started: u64,
    pub shares: Shares,
    pub acting: bool,
    pub watches: usize,
}

/// A replica as it is now.
pub(super) fn view(host: &Host<RealDisk, KvMachine, Waiting>, now: Now, figures: Figures) -> View {
    let Figures { life, term, started, shares, acting, watches } = figures;
    let machine = host.machine();
    let status = host.status();
    View {
        me: host.peer_state().member,
        life,
        cluster: host.state().cluster,
        acting,
        term,
        leads_to: host.leads_to(now),
        first: host.first(),
        settings: status.settings,
        status,
        usage: machine.usage(),
        revision: machine.revision(),
        digest: machine.digest(),
        waiting: host.waiting(),
        watches,
        started,
        shares,
    }
}
