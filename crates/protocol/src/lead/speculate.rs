//! `async`: executing ahead of the commit.

use understudy_evidence::reached;

use super::Leading;
use crate::core::Core;
use crate::{Execution, MS};

impl Leading {
    /// In `async` mode, executes what is on this disk and not committed, within the tail's bounds, while
    /// nobody can have taken this primary's place; the rest waits as in `sync`. Nothing before the opening
    /// entry is committed (rule 8).
    pub(super) fn speculate(&mut self, core: &mut Core) {
        let settings = core.settings;
        if settings.execution != Execution::Async
            || core.log.commit < self.opening
            || self.tail.len() == 0
            || !self.is_certainly_primary(core)
        {
            return;
        }
        let oldest = core.now.mono.saturating_sub(settings.max_tail_ms.saturating_mul(MS));
        let reach = self.tail.speculate(core.log.durable, settings.max_tail_bytes, oldest);
        if reach > core.log.commit && reach > core.log.handed {
            reached!("executed ahead of the commit");
        }
        core.execute(reach);
    }
}
