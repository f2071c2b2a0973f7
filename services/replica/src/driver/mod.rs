//! The loop that owns a replica's state: the protocol, the data directory, the machine and whoever
//! waits for an answer. It never awaits a peer, the register or a client: tasks own the sockets and
//! post what happens into its inbox.
//!
//! One turn: [`take`](Driver::take) what has arrived, [`work`](Driver::work) it off, keep house,
//! and sleep until the next message or deadline.

mod asleep;
mod carry_out;
mod disk;
mod execute;
mod executor;
mod house;
mod leave;
mod memory;
mod take;
mod turns;
mod view;
mod waiting;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use understudy_protocol::{
    Epoch, Event, HardState, MS, Member, Recovered, Replica, RequestId, Room,
};
use understudy_wal::{Finished, RealDisk};

pub(crate) use asleep::Received;
pub(crate) use disk::DataDisk;
pub(crate) use execute::key_at;
pub(crate) use executor::Executor;
pub(crate) use view::View;

use crate::clock::Clock;
use crate::ended::Ended;
use crate::inbox::{Inbox, Outlet};
use crate::memory::Shares;
use crate::metrics::Metrics;
use crate::notes::Notes;
use crate::peers::{Peers, Streams};
use crate::register::Order;
use crate::watches::Hub;
use waiting::Waiting;

/// What is stepped in one go, nanoseconds.
const TURN: u64 = 20 * MS;

/// What a driver is made of.
pub(crate) struct Parts {
    pub config: understudy_protocol::Config,
    pub recovered: Recovered,
    pub disk: DataDisk,
    pub executor: Executor,
    pub clock: Clock,
    pub inbox: Inbox,
    pub outlet: Outlet,
    pub peers: Peers,
    pub register: mpsc::Sender<Order>,
    pub metrics: Metrics,
    pub snapshot_bytes: u64,
    /// How this process parts its memory.
    pub shares: Shares,
    /// How long a primary that goes stays behind its handover, nanoseconds.
    pub linger: u64,
    pub watches: Arc<Hub>,
    /// Told when it begins to act, and when it does no more.
    pub acts: watch::Sender<bool>,
    /// Where to tell which copy was dropped and did not come back.
    pub evict: Option<mpsc::Sender<Member>>,
}

/// The loop's state.
pub(crate) struct Driver {
    replica: Replica,
    disk: DataDisk,
    executor: Executor,
    sleep: asleep::Sleep,
    clock: Clock,
    inbox: Inbox,
    outlet: Outlet,
    peers: Peers,
    streams: Streams,
    register: mpsc::Sender<Order>,
    waiting: Waiting,
    turns: turns::Turns,
    metrics: Metrics,
    notes: Notes,
    /// Events that effects have produced, to be stepped before the turn ends.
    pending: VecDeque<Event>,
    /// The hard state as last saved: what answers say of cluster and epoch.
    state: HardState,
    life: understudy_protocol::Life,
    /// First index that the log still has.
    first: understudy_protocol::Index,
    name: String,
    /// The tick of logged time that is on its way.
    tick: Option<RequestId>,
    tick_not_before: u64,
    /// It has been asked to go.
    leaving: bool,
    linger: leave::Linger,
    /// What room on the disk the protocol was told of.
    room: Room,
    /// When a full disk is looked at next, and when a snapshot may be made for the room that it gives.
    look_for_room_at: u64,
    save_room_at: u64,
    halted: Option<String>,
    acting: bool,
    /// The epoch with which it became primary last.
    term: Epoch,
    /// Handovers that are complete, until the new epoch is known here.
    handed: Vec<house::Handed>,
    snapshot_bytes: u64,
    memory: memory::Memory,
    /// A snapshot that is written and waits for its commit.
    frozen: Option<Finished<RealDisk>>,
    watches: Arc<Hub>,
    acts: watch::Sender<bool>,
    evict: Option<mpsc::Sender<Member>>,
    view: watch::Sender<Arc<View>>,
    published: u64,
    stale: bool,
    ended: Option<Ended>,
}

impl Driver {
    /// A driver at the beginning of a life, and where it tells what it is.
    pub fn new(parts: Parts) -> (Self, watch::Receiver<Arc<View>>) {
        let Parts { config, recovered, disk, executor, clock, inbox, outlet, peers, .. } = parts;
        let (state, life, name) = (recovered.state.clone(), recovered.life, config.name.clone());
        let first = recovered.first;
        let replica = Replica::new(config, recovered, clock.now());
        let started = clock.started_wall();
        let shares = parts.shares;
        let figures = house::Figures { life, term: 0, first, waiting: 0, started, shares };
        let viewed = house::view(&replica, &executor, &state, figures, false);
        let (view, viewed) = watch::channel(Arc::new(viewed));
        let driver = Driver {
            replica,
            disk,
            executor,
            sleep: asleep::Sleep::default(),
            clock,
            inbox,
            outlet,
            peers,
            streams: Streams::default(),
            register: parts.register,
            waiting: Waiting::default(),
            turns: turns::Turns::default(),
            metrics: parts.metrics,
            notes: Notes::default(),
            pending: VecDeque::from([Event::Tick]),
            state,
            life,
            first,
            name,
            tick: None,
            tick_not_before: 0,
            leaving: false,
            linger: leave::Linger::new(parts.linger),
            room: Room::Ample,
            look_for_room_at: 0,
            save_room_at: 0,
            halted: None,
            acting: false,
            term: 0,
            handed: Vec::new(),
            snapshot_bytes: parts.snapshot_bytes,
            memory: memory::Memory::new(shares),
            frozen: None,
            watches: parts.watches,
            acts: parts.acts,
            evict: parts.evict,
            view,
            published: 0,
            stale: true,
            ended: None,
        };
        (driver, viewed)
    }

    /// Runs until this life is over. `leave` asks it to go (SIGTERM).
    pub async fn run(mut self, mut leave: mpsc::Receiver<()>) -> Ended {
        loop {
            self.take();
            self.work().await;
            self.keep_house();
            if let Some(ended) = self.ended.take() {
                return self.finish(ended);
            }
            if self.pending.is_empty() && !self.has_turns() {
                self.sleep(&mut leave).await;
            } else {
                // However much there is to do, the tasks that own the sockets get their turn.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Steps what has arrived and all that follows from it. What was sent leaves before the sync,
    /// so that the backup's sync and ours overlap.
    async fn work(&mut self) {
        let mut joined = false;
        loop {
            self.step_all();
            if self.stale {
                self.publish();
            }
            if !self.disk.is_dirty() || self.ended.is_some() {
                return;
            }
            // The tasks that own the sockets run on this thread: let them write before it blocks.
            tokio::task::yield_now().await;
            if !std::mem::replace(&mut joined, true) {
                // What they have read meanwhile comes under the same sync.
                self.take();
                if !self.pending.is_empty() {
                    continue;
                }
            }
            joined = false;
            let flushed = self.disk.flush();
            self.after_write(flushed);
        }
    }

    /// Steps what is pending and what follows from it, up to the length of a turn: a long replay must
    /// not keep the sockets and the time-outs from theirs.
    fn step_all(&mut self) {
        let mut now = self.clock.now();
        let over = now.mono + TURN;
        while now.mono < over
            && let Some(event) = self.pending.pop_front()
        {
            for effect in self.replica.step(now, event) {
                if self.ended.is_some() {
                    return;
                }
                self.carry_out(effect);
            }
            now = self.clock.now();
        }
    }

    /// Waits for a message or the protocol's next deadline.
    async fn sleep(&mut self, leave: &mut mpsc::Receiver<()>) {
        let deadline = match self.linger.deadline(self.replica.deadline()) {
            Some(mono) => self.clock.instant(mono),
            None => self.clock.instant(self.clock.now().mono) + Duration::from_secs(1),
        };
        tokio::select! {
            biased;
            Some(()) = leave.recv() => {
                tracing::info!("asked to leave");
                self.leave();
            }
            Some(input) = self.inbox.tasks.recv() => self.take_input(input),
            Some(ask) = self.inbox.asks.recv() => self.take_asks(Some(ask)),
            () = tokio::time::sleep_until(deadline.into()) => {}
        }
    }

    /// Ends this life: nobody waits for an answer that will not come.
    fn finish(mut self, ended: Ended) -> Ended {
        let why = match &ended {
            Ended::Left => "this replica has left".to_string(),
            Ended::LifeEnded(why) | Ended::Renewed(why) => {
                format!("this replica's life ended ({why})")
            }
        };
        let abandoned = self.waiting.abandon(&why);
        self.metrics.outcome_unknown.inc_by(abandoned as u64);
        self.watches.close();
        self.inbox.asks.close();
        let asked = std::iter::from_fn(|| self.inbox.asks.try_recv().ok());
        let asked: Vec<_> =
            std::iter::from_fn(|| self.turns.pop(turns::Open::All)).chain(asked).collect();
        for ask in asked {
            ask.slot.answer(Err(self.refuse_all(&why)));
        }
        // A copy that is set aside is looked at by people alone, and a doubt outlives its life.
        if !matches!(ended, Ended::Renewed(_)) && !self.replica.is_in_doubt() {
            self.disk.close();
        }
        ended
    }

    fn end(&mut self, ended: Ended) {
        self.ended.get_or_insert(ended);
    }

    fn end_life(&mut self, why: impl Into<String>) {
        // Whoever was asked to go does not come back.
        let why = why.into();
        self.end(if self.leaving { Ended::Left } else { Ended::LifeEnded(why) });
    }
}
