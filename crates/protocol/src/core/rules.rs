//! The cluster's settings as the log has them: in force, and on their way.

use std::ops::RangeInclusive;

use understudy_evidence::correct;

use super::Core;
use crate::{Execution, Index, Settings};

impl Core {
    /// The settings in force and those that the log holds after them.
    pub(super) fn rules(&self) -> impl Iterator<Item = Settings> {
        [self.settings].into_iter().chain(self.log.after(self.log.commit).filter_map(Settings::of))
    }

    /// Whether some entry of this log may have been answered before it was committed.
    pub fn may_speculate(&self) -> bool {
        self.rules().any(|rule| rule.execution == Execution::Async)
    }

    /// Whether something in this log may count because it was received.
    pub fn may_count_received(&self) -> bool {
        self.rules().any(|rule| rule.counts_received())
    }

    /// The end of what the rule in force may commit on the way to `to`: settings with another rule are
    /// the last that the old one counts.
    pub fn counted_by_this_rule(&self, to: Index) -> Index {
        let now = self.settings.acknowledgement;
        let changes = |entry| Settings::of(entry).is_some_and(|rule| rule.acknowledgement != now);
        (self.log.commit + 1..=to)
            .find(|index| self.log.get(*index).is_some_and(changes))
            .unwrap_or(to)
    }

    /// The cluster's settings count from their commit on: a backup that executes nothing must also learn
    /// that it shall execute again.
    pub(super) fn settle(&mut self, after: Index) {
        let unread = after + 1..=self.log.commit;
        for index in correct!(unread, "deferred-settings-unread" => self.unless_deferred(unread)) {
            if let Some(settings) = self.log.get(index).and_then(Settings::of) {
                self.settings = settings;
                self.settled = true;
            }
        }
    }

    /// The settings in force as of an entry of this log that is committed or not.
    pub fn settings_as_of(&self, index: Index) -> Settings {
        let later = self.log.after(self.log.commit).take_while(|entry| entry.index <= index);
        later.filter_map(Settings::of).last().unwrap_or(self.settings)
    }

    /// `deferred-settings-unread`
    fn unless_deferred(&self, unread: RangeInclusive<Index>) -> RangeInclusive<Index> {
        if self.defers() { RangeInclusive::new(1, 0) } else { unread }
    }
}
