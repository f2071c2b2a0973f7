//! What the loop does at the end of each turn: room on the disk, snapshots, time for the machine,
//! and telling the rest of the process how the replica is.

use std::io;
use std::sync::Arc;

use understudy_machine::{FrozenKv, Machine};
use understudy_protocol::{Epoch, Event, HardState, Index, Life, MS, Replica, Room, Snapshot};
use understudy_wal::{Finished, RealDisk};

use super::executor::Executor;
use super::{Driver, View};
use crate::clients::{Answer, Slot};
use crate::memory::Shares;

/// How often the view is renewed when nothing changes its role.
const PUBLISH: u64 = 20 * MS;
/// How often a full disk is looked at.
const LOOK_AGAIN: u64 = 50 * MS;
/// A snapshot that lets log go where room is scarce comes after this part of what it takes otherwise.
const EARLY: u64 = 8;
/// Between two snapshots that are made for the room that they give.
const SAVE_AGAIN: u64 = 5000 * MS;
/// How long an operator's handover waits to see the new epoch here.
const HANDED: u64 = 1000 * MS;

/// A handover that is complete, of which the operator is told once the new epoch is known.
pub(super) struct Handed {
    pub slot: Slot,
    pub since: u64,
    pub epoch: Epoch,
}

impl Driver {
    pub(super) fn keep_house(&mut self) {
        let bytes = self.executor.machine.snapshot_bytes();
        self.disk.expect_snapshot(self.executor.at.position.index, bytes);
        self.look_for_room();
        self.tell_room();
        self.adopt_snapshot();
        self.propose_tick();
        self.propose_memory();
        self.tell_handed_over();
        self.end_stay();
        self.publish();
    }

    /// Publishes how this replica is, if it is about time. Before any task reads what a turn has answered: the answer
    /// must not be newer than what its client's next call is judged by.
    pub(super) fn publish(&mut self) {
        self.note_acting();
        let now = self.clock.now().mono;
        if self.stale || now >= self.published + PUBLISH {
            self.stale = false;
            self.published = now;
            self.view.send_replace(Arc::new(self.look()));
        }
    }

    /// Whether a full disk has room again: on its own, or once a snapshot has let the log go.
    fn look_for_room(&mut self) {
        let now = self.clock.now().mono;
        if self.disk.room() == Room::Ample || now < self.look_for_room_at {
            return;
        }
        self.look_for_room_at = now + LOOK_AGAIN;
        let retried = self.disk.retry();
        self.after_write(retried.map(|()| None));
        let news = self.executor.at.position.index > self.disk.snapshot_index();
        if !self.disk.room().is_full() || now < self.save_room_at || !news {
            return;
        }
        self.save_room_at = now + SAVE_AGAIN;
        if let Some((frozen, snapshot)) = self.executor.due(0) {
            self.freeze(frozen, snapshot);
        }
    }

    /// Has a snapshot written.
    pub(super) fn freeze(&mut self, frozen: FrozenKv, snapshot: Snapshot) {
        let begun = self.disk.freeze(frozen, snapshot, self.outlet.clone());
        self.after_write(begun.map(|()| None));
    }

    /// Tells the protocol when room on the disk runs out or comes back.
    pub(super) fn tell_room(&mut self) {
        let room = self.disk.room();
        if room == self.room {
            return;
        }
        match (self.room.is_full(), room.is_full()) {
            (true, false) => tracing::info!(replica = %self.name, "the disk has room again"),
            (false, true) => tracing::error!(
                replica = %self.name,
                "the disk is full: writes are refused but for what frees room, reads go on; make room"
            ),
            _ => {}
        }
        if room == Room::Scarce
            && let Some((frozen, snapshot)) = self.executor.due(self.snapshot_bytes / EARLY)
        {
            self.freeze(frozen, snapshot);
        }
        self.room = room;
        self.stale = true;
        self.pending.push_back(Event::Space(room));
    }

    fn note_acting(&mut self) {
        let acting = self.replica.elapsed(self.clock.now()).is_some();
        if acting == self.acting {
            return;
        }
        self.stale = true;
        self.acts.send_replace(acting);
        if !acting {
            self.watches.close();
        }
        self.acting = acting;
    }

    fn tell_handed_over(&mut self) {
        let now = self.clock.now().mono;
        let epoch = self.state.epoch;
        let (known, waiting) = std::mem::take(&mut self.handed)
            .into_iter()
            .partition(|handed| epoch > handed.epoch || now >= handed.since + HANDED);
        self.handed = waiting;
        let known: Vec<Handed> = known;
        for Handed { slot, .. } in known {
            let primary = self.replica.status().primary;
            slot.answer(Ok(self.answered(Answer::HandedOver(primary))));
        }
    }

    /// The snapshot thread is done.
    pub(super) fn on_frozen(&mut self, finished: io::Result<Finished<RealDisk>>) {
        let finished = match finished {
            Ok(finished) => finished,
            Err(error) => {
                self.executor.written();
                tracing::warn!(replica = %self.name, "no snapshot: {error}; the log is kept");
                if understudy_wal::is_full(&error) {
                    let given_up = self.disk.make_room();
                    self.after_write(given_up.map(|()| None));
                    self.tell_room();
                }
                return;
            }
        };
        self.executor.let_go();
        self.frozen = Some(finished);
        self.adopt_snapshot();
    }

    /// A snapshot stands for the log once everything in it is committed, which in `async` mode it may
    /// not be yet.
    fn adopt_snapshot(&mut self) {
        let commit = self.replica.commit();
        let Some(finished) =
            self.frozen.take_if(|finished| finished.snapshot().position.index <= commit)
        else {
            return;
        };
        self.executor.written();
        match self.disk.adopt(finished) {
            Ok(position) => {
                self.metrics.snapshots.inc();
                self.pending.push_back(Event::SnapshotMade(position));
            }
            Err(understudy_wal::WriteError::NoSpace) => {
                tracing::warn!(replica = %self.name, "no room for a snapshot; the log is kept");
            }
            Err(error) => self.end_life(error.to_string()),
        }
    }

    /// The replica as it is now.
    pub(super) fn look(&self) -> View {
        let (waiting, started) = (self.waiting.len(), self.clock.started_wall());
        let (executor, state) = (&self.executor, &self.state);
        let (life, term, first) = (self.life, self.term, self.first);
        let shares = self.memory.shares;
        let figures = Figures { life, term, first, waiting, started, shares };
        let viewed = view(&self.replica, executor, state, figures, self.acting);
        View { leads_to: self.leads_to(), watches: self.watches.watched(), ..viewed }
    }
}

/// Figures of the view that only the loop knows.
pub(super) struct Figures {
    pub life: Life,
    pub term: Epoch,
    pub first: Index,
    pub waiting: usize,
    pub started: u64,
    pub shares: Shares,
}

pub(super) fn view(
    replica: &Replica,
    executor: &Executor,
    state: &HardState,
    figures: Figures,
    acting: bool,
) -> View {
    let Figures { life, term, first, waiting, started, shares } = figures;
    let machine = &executor.machine;
    let mut status = replica.status();
    // A machine that sleeps is behind the newest snapshot.
    status.applied = status.applied.min(executor.at.position.index);
    View {
        me: replica.peer_state().member,
        life,
        cluster: state.cluster,
        acting,
        term,
        leads_to: None,
        first,
        settings: status.settings,
        status,
        usage: machine.usage(),
        revision: machine.revision(),
        digest: machine.digest(),
        waiting,
        watches: 0,
        started,
        shares,
    }
}
