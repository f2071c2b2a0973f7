//! The rest of the process is told how the replica is.

use std::sync::Arc;

use understudy_protocol::MS;

use super::view::{Figures, view};
use super::{Driver, View};

/// How often the view is renewed when nothing changes its role, nanoseconds.
const PUBLISH: u64 = 20 * MS;

impl Driver {
    /// Publishes how this replica is, if it is about time.
    pub(super) fn publish(&mut self) {
        self.warn_of_memory();
        if self.clock.now().mono >= self.published + PUBLISH || self.host.take_changed() {
            self.publish_now();
        } else {
            self.note_acting();
        }
    }

    /// Publishes it, before any task reads what a turn has answered: the answer must not be newer than what its
    /// client's next call is judged by.
    pub(super) fn publish_now(&mut self) {
        self.note_acting();
        self.published = self.clock.now().mono;
        self.view.send_replace(Arc::new(self.look()));
    }

    fn note_acting(&mut self) {
        let acting = self.host.acts(self.clock.now());
        if acting == self.acting {
            return;
        }
        self.acting = acting;
        self.acts.send_replace(acting);
        if !acting {
            self.watches.close();
        }
        self.view.send_replace(Arc::new(self.look()));
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
