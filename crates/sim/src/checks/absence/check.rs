//! Judges what a primary appends in a step.

use understudy_protocol::Effect;

use crate::checks::violation::Property;
use crate::checks::watch::acts;
use crate::world::World;
use crate::world::host::Process;
use crate::world::id::{HostId, Run};

impl World {
    /// What a primary appends in this step carries the time for which it has run.
    pub(crate) fn judge_elapsed(&mut self, host: HostId, run: Run) {
        let mono = self.hosts[host].clock.read(self.time).mono;
        let tick = self.hosts[host].config.timing.tick;
        let Some(process) = self.hosts[host].running(run) else { return };
        let Process { driver, absence, .. } = process;
        let appended = driver.effects().filter_map(|effect| match effect {
            Effect::Append(entries) => Some(entries),
            _ => None,
        });
        let mut appended = appended.flatten().peekable();
        if appended.peek().is_none() || !acts(&driver.replica().status()) {
            return;
        }
        let judged = appended.try_for_each(|entry| absence.judge(entry, mono, tick));
        drop(appended);
        if let Err(explanation) = judged {
            let explanation = format!("{}: {explanation}", self.name(host));
            self.fail(Property::PausesDoNotCount, explanation);
        }
    }
}
