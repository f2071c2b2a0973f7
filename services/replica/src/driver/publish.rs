//! The rest of the process is told how the replica is.

use std::sync::Arc;

use understudy_protocol::MS;

use super::view::{Figures, view};
use super::{Driver, View};

/// How often the view is renewed when nothing changes its role, nanoseconds.
const PUBLISH: u64 = 20 * MS;

impl Driver {
    /// Publishes how this replica is, if it is about time or others should hear of it at once.
    /// Before any task reads what a turn has answered: the answer must not be newer than what its client's next
    /// call is judged by.
    pub(super) fn publish(&mut self) {
        let changed = self.note_acting() | self.host.take_changed();
        let now = self.clock.now().mono;
        if changed || now >= self.published + PUBLISH {
            self.published = now;
            self.view.send_replace(Arc::new(self.look()));
        }
    }

    /// Notes whether it acts. Gives whether that is news.
    fn note_acting(&mut self) -> bool {
        let acting = self.host.acts(self.clock.now());
        let changed = std::mem::replace(&mut self.acting, acting) != acting;
        if changed {
            self.acts.send_replace(acting);
        }
        if changed && !acting {
            self.watches.close();
        }
        changed
    }

    /// The replica as it is now.
    pub(super) fn look(&self) -> View {
        let figures = Figures {
            life: self.life,
            term: self.term,
            started: self.clock.started_wall(),
            shares: self.memory.shares,
            acting: self.acting,
            watches: self.watches.watched(),
        };
        view(&self.host, self.clock.now(), figures)
    }
}
