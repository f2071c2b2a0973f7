//! Wrong versions of what a follower does that take more than a line. Nothing here runs but in a test build, when
//! its name is chosen: see [`understudy_evidence::correct`].

use super::Following;
use crate::core::Core;
use crate::role::Next;

impl Following {
    /// `contradiction-goes-on`
    pub(super) fn try_again(&mut self, core: &mut Core) -> Next {
        self.unlink(core.now.mono + core.config.timing.retry);
        Next::Stay
    }

    /// `ack-unverified`
    pub(super) fn acknowledge_all(&mut self, core: &mut Core) -> Next {
        self.verified = Some(core.log.last().index);
        self.acknowledge(core)
    }
}
