//! One replica with all that it needs but IO.

use std::collections::VecDeque;

use understudy_evidence::correct;
use understudy_machine::Machine;
use understudy_protocol::{
    Config, Effect, Entry, Event, HardState, Index, MS, Now, PeerState, Recovered, Replica, Room,
    Snapshot, Status,
};
use understudy_wal::{Disk, Store, WriteError};

use crate::batch::Batch;
use crate::disk::{DataDisk, must_be_synced};
use crate::execution::Execution;
use crate::executor::Executor;
use crate::fair_queue::FairQueue;
use crate::linger::{Handed, Linger};
use crate::missed::Missed;
use crate::requests::Requests;
use crate::room_watch::RoomWatch;
use crate::upkeep::Upkeep;
use crate::work::Outcome;
use crate::{End, Input, Output, Reason, Waiter};

/// How long a busy replica goes without housekeeping, nanoseconds.
const KEEP: u64 = 20 * MS;

/// What can be chosen.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Bytes of entries executed between two snapshots.
    pub snapshot_bytes: u64,
    /// Bytes of memory for the machine together with a snapshot that is being written of it: above this, commands
    /// wait for the snapshot.
    pub writing_memory: u64,
    /// How long a primary that was asked to go stays as a backup after its handover, nanoseconds.
    pub linger: u64,
}

/// What [`Host::next`] does next.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// The protocol takes this event.
    Event(&'a Event),
    /// This effect is carried out.
    Effect(&'a Effect),
    /// The machine executes this entry.
    Execute(&'a Entry),
}

/// One replica: protocol, data directory, machine, and whoever waits for an answer.
pub struct Host<D: Disk, M: Machine, W: Waiter> {
    pub(crate) options: Options,
    pub(crate) replica: Replica,
    pub(crate) disk: DataDisk<D>,
    pub(crate) executor: Executor<M>,
    pub(crate) missed: Missed<D>,
    /// The hard state as last saved.
    pub(crate) state: HardState,
    /// First index that the log still has.
    pub(crate) first: Index,

    /// Requests before they are proposed.
    pub(crate) queue: FairQueue<W>,
    pub(crate) batch: Batch,
    /// Requests that the protocol has.
    pub(crate) requests: Requests<W>,

    /// What the protocol is to be told. Bounded by what peers may have under way on their streams
    /// (`Limits::flight_bytes`; they wait at the bound), by the permits of requests, and by one answer for each
    /// thing that was asked for.
    pub(crate) events: VecDeque<Event>,
    /// What is left to carry out of the last step.
    pub(crate) effects: VecDeque<Effect>,
    /// What is left to execute of the last effect.
    pub(crate) execution: Execution,
    /// What the last step gave besides.
    pub(crate) outputs: VecDeque<Output<D, M, W>>,

    /// A sync was asked for.
    pub(crate) asked: bool,
    /// The next effect waits for a sync, or has had it.
    barrier: Barrier,
    /// A snapshot of this replica that is written and waits for its commit.
    pub(crate) saved: Option<understudy_wal::Finished<D>>,
    pub(crate) room_watch: RoomWatch,
    pub(crate) upkeep: Upkeep,
    pub(crate) linger: Linger,
    pub(crate) handed: Vec<Handed<W>>,
    /// It was asked to go.
    pub(crate) leaving: bool,
    /// Others should hear at once how it is now.
    pub(crate) changed: bool,
    kept: bool,
    keep_at: u64,
    pub(crate) ended: Option<End>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Barrier {
    None,
    Waits,
    Passed,
}

impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    /// A replica at the beginning of a life, with what [`Store::open`] gave and the machine of the newest snapshot.
    pub fn new(
        config: Config,
        options: Options,
        recovered: Recovered,
        store: Store<D>,
        machine: M,
        now: Now,
    ) -> Self {
        let (state, first) = (recovered.state.clone(), recovered.first);
        let executor = Executor::new(machine, recovered.snapshot);
        Host {
            replica: Replica::new(config, recovered, now),
            disk: DataDisk::new(store),
            executor,
            missed: Missed::default(),
            state,
            first,
            queue: FairQueue::default(),
            batch: Batch::default(),
            requests: Requests::default(),
            events: VecDeque::from([Event::Tick]),
            effects: VecDeque::new(),
            execution: Execution::default(),
            outputs: VecDeque::new(),
            asked: false,
            barrier: Barrier::None,
            saved: None,
            room_watch: RoomWatch::default(),
            upkeep: Upkeep::default(),
            linger: Linger::new(options.linger),
            handed: Vec::new(),
            leaving: false,
            changed: true,
            kept: false,
            keep_at: 0,
            ended: None,
            options,
        }
    }

    /// Takes what has come from outside.
    pub fn input(&mut self, now: Now, input: Input<D, M, W>) {
        self.kept = false;
        match input {
            Input::Event(event) => self.take_event(event),
            Input::Request(request) => self.take_request(request),
            Input::Leave => self.leave(now),
            Input::Done(done) => match done.0 {
                Outcome::Saved(saved) => self.on_saved(saved),
                Outcome::Checked(received, checked) => self.on_checked(received, checked),
                Outcome::Restored(machine, at) => self.on_restored(machine, at),
            },
        }
    }

    /// Takes one small step and gives what it asks for; `None` when there is nothing to do before the next input,
    /// [`Host::sync`] or [`Host::deadline`].
    pub fn next(&mut self, now: Now) -> Option<Output<D, M, W>> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        if self.ended.is_some() {
            return None;
        }
        if let Some(executed) = self.execute_next(now) {
            return Some(executed);
        }
        if self.waits_for_sync() {
            let asked = std::mem::replace(&mut self.barrier, Barrier::Waits);
            return (asked == Barrier::None).then_some(Output::Barrier);
        }
        if let Some(effect) = self.effects.pop_front() {
            self.barrier = Barrier::None;
            return Some(self.carry_out(now, effect));
        }
        if now.mono >= self.keep_at {
            self.keep(now);
        } else if let Some(event) = self.events.pop_front() {
            self.kept = false;
            self.effects = self.replica.step(now, event).into();
        } else if !self.gather() {
            let due = self.deadline().is_some_and(|deadline| deadline <= now.mono);
            if self.kept && !due {
                return None;
            }
            self.keep(now);
        }
        Some(Output::Internal)
    }

    /// What [`Host::next`] does next, if it is more than handing out what there is.
    pub fn peek(&self) -> Option<Step<'_>> {
        if !self.outputs.is_empty() || self.ended.is_some() {
            return None;
        }
        match (self.execution.next(), self.effects.front()) {
            (Some(entry), _) => Some(Step::Execute(entry)),
            (None, Some(effect)) => (!self.waits_for_sync()).then_some(Step::Effect(effect)),
            (None, None) => self.events.front().map(Step::Event),
        }
    }

    /// Whether the next effect is one that must wait until what was appended is synced.
    fn waits_for_sync(&self) -> bool {
        self.barrier != Barrier::Passed && self.effects.front().is_some_and(must_be_synced)
    }

    /// What is left to carry out of the protocol's last step.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.effects.iter()
    }

    /// Makes durable what was appended, and lets what waits for that go on. Takes as long as the disk does.
    pub fn sync(&mut self) {
        self.kept = false;
        self.asked = false;
        if self.barrier == Barrier::Waits {
            self.barrier = Barrier::Passed;
            let state_is_next = matches!(self.effects.front(), Some(Effect::SaveState(_)));
            if correct!(false, "state-saved-before-the-log" => state_is_next) {
                return;
            }
        }
        let synced = self.disk.sync();
        self.after_write(synced);
    }

    /// Whether something was appended that is not synced.
    pub fn is_dirty(&self) -> bool {
        self.disk.is_dirty()
    }

    /// Whether [`Host::sync`] has something to do.
    pub fn needs_sync(&self) -> bool {
        self.disk.is_dirty() || self.barrier == Barrier::Waits
    }

    /// Whether there is something to do before the next input.
    pub fn is_busy(&self) -> bool {
        !self.outputs.is_empty()
            || self.execution.next().is_some()
            || !self.effects.is_empty()
            || !self.events.is_empty()
            || self.has_requests()
    }

    /// When [`Host::next`] must be called at the latest, in [`Now::mono`]'s terms.
    pub fn deadline(&self) -> Option<u64> {
        [self.linger.until(), self.replica.deadline()].into_iter().flatten().min()
    }

    /// What is to be done by time, once everything else is.
    fn keep(&mut self, now: Now) {
        self.kept = true;
        self.keep_at = now.mono + KEEP;
        let bytes = self.executor.machine.snapshot_bytes();
        self.disk.expect_snapshot(self.executor.at.position.index, bytes);
        self.look_for_room(now);
        self.report_room();
        self.adopt_saved();
        self.propose_tick(now);
        self.propose_memory(now);
        self.report_handed_over(now);
        self.end_stay(now);
        // What has arrived comes before the time-outs that it may have been meant for.
        if self.replica.deadline().is_some_and(|deadline| deadline <= now.mono) {
            self.events.push_back(Event::Tick);
        }
    }

    /// A write that failed ends the life: what the files hold is uncertain.
    pub(crate) fn after_write(&mut self, result: Result<Option<Event>, WriteError>) {
        match result {
            Ok(event) => self.events.extend(event),
            Err(error) => self.fail(&error),
        }
    }

    /// The disk has not done what it was asked to.
    pub(crate) fn fail(&mut self, error: &WriteError) {
        let why = error.to_string();
        self.end_life(if error.is_bug() { Reason::Bug(why) } else { Reason::Disk(why) });
    }

    pub(crate) fn end(&mut self, end: End) {
        if self.ended.is_none() {
            self.ended = Some(end.clone());
            self.outputs.push_back(Output::End(end));
        }
    }

    /// Whoever was asked to go does not come back.
    pub(crate) fn end_life(&mut self, why: Reason) {
        self.end(if self.leaving { End::Left } else { End::Life(why) });
    }

    /// Whether this life is over.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Ends the replica. Gives whoever still waits: what they asked for may have been executed, or may be yet.
    pub fn abandon(&mut self) -> Vec<W> {
        let waiting = self.requests.take_all().into_iter();
        waiting.chain(std::mem::take(&mut self.handed).into_iter().map(|one| one.waiter)).collect()
    }

    /// Whoever waits for a command that was not proposed: it never will be.
    pub fn abandon_queue(&mut self) -> Vec<W> {
        std::mem::take(&mut self.queue).into_waiters()
    }

    /// Closes the data directory, with the mark of an orderly end where that is true. Gives whether it is.
    ///
    /// # Errors
    /// The disk's. Then there is no mark.
    pub fn close(self) -> Result<bool, WriteError> {
        // A copy that is set aside is looked at by people alone, and a doubt outlives its life.
        if matches!(self.ended, Some(End::Renewed(_))) || self.replica.is_in_doubt() {
            return Ok(false);
        }
        self.disk.close()
    }
}

/// What others may know of it.
impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    /// How the protocol sees this replica.
    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    /// The machine, unless it [is absent](Host::is_absent).
    pub fn machine(&self) -> &M {
        &self.executor.machine
    }

    /// Whether there is no machine to read now: it is being made of a snapshot.
    pub fn is_absent(&self) -> bool {
        self.missed.is_absent()
    }

    /// What the machine has executed.
    pub fn executed(&self) -> Snapshot {
        self.executor.at
    }

    /// The data directory.
    pub fn store(&self) -> &Store<D> {
        self.disk.store()
    }

    /// Entries that wait for room on the disk.
    pub fn backlog(&self) -> &[Entry] {
        self.disk.backlog()
    }

    /// What room the disk has, as far as was noticed.
    pub fn room(&self) -> Room {
        self.disk.room()
    }

    /// The hard state as last saved.
    pub fn state(&self) -> &HardState {
        &self.state
    }

    /// First index that the log still has.
    pub fn first(&self) -> Index {
        self.first
    }

    /// Requests that wait for an answer.
    pub fn waiting(&self) -> usize {
        self.requests.len()
    }

    /// The replica's status. A machine that is not restored yet has executed less than its newest snapshot says.
    pub fn status(&self) -> Status {
        let mut status = self.replica.status();
        status.applied = status.applied.min(self.executor.at.position.index);
        status
    }

    /// What it answers to a peer that asks for its state.
    pub fn peer_state(&self) -> PeerState {
        self.replica.peer_state()
    }

    /// Whether this replica answers clients.
    pub fn acts(&self, now: Now) -> bool {
        self.replica.elapsed(now).is_some()
    }

    /// The logged elapsed time, nanoseconds, as the next entry would have it.
    pub fn elapsed(&self, now: Now) -> u64 {
        let last = self.executor.at.time.elapsed;
        self.replica.elapsed(now).map_or(last, |now| now.max(last))
    }

    /// Whether its status has changed since [`Host::take_changed`], so that others should hear of it at once.
    pub fn has_changed(&self) -> bool {
        self.changed
    }

    /// The same, and that is taken note of.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}
