//! The loop that runs a replica. What the replica decides is decided in [`understudy_host::Host`]; the loop gives it
//! what arrives and carries out what it asks for. It never awaits a peer, the register or a client: tasks own the
//! sockets and post what happens into its inbox.
//!
//! One turn: [`take`](Driver::take) what has arrived, [`work`](Driver::work) it off, publish how the replica is,
//! and sleep until the next message or deadline.

mod carry_out;
mod memory;
mod publish;
mod read;
mod take;
mod view;
mod waiter;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use understudy_host::{Host, Options};
use understudy_machine::KvMachine;
use understudy_protocol::{Epoch, Life, MS, Member};
use understudy_wal::RealDisk;

pub(crate) use read::key_at;
pub(crate) use view::View;
pub(crate) use waiter::Waiting;

use crate::clock::Clock;
use crate::data::Opened;
use crate::ended::Ended;
use crate::inbox::{Inbox, Outlet};
use crate::memory::Shares;
use crate::metrics::Metrics;
use crate::notes::Notes;
use crate::peers::{Peers, Streams};
use crate::register::Order;
use crate::watches::Hub;

/// What is stepped in one go, nanoseconds: a long replay must not keep the sockets and the time-outs from theirs.
const TURN: u64 = 20 * MS;

/// What a driver is made of.
pub(crate) struct Parts {
    pub config: understudy_protocol::Config,
    pub opened: Opened,
    pub clock: Clock,
    pub inbox: Inbox,
    pub outlet: Outlet,
    pub peers: Peers,
    pub register: mpsc::Sender<Order>,
    pub metrics: Metrics,
    pub options: Options,
    /// How this process parts its memory.
    pub shares: Shares,
    pub watches: Arc<Hub>,
    /// Told when it begins to act, and when it does no more.
    pub acts: watch::Sender<bool>,
    /// Where to tell which copy was dropped and did not come back.
    pub evict: Option<mpsc::Sender<Member>>,
}

/// The loop's state.
pub(crate) struct Driver {
    host: Host<RealDisk, KvMachine, Waiting>,
    name: String,
    life: Life,
    clock: Clock,
    inbox: Inbox,
    outlet: Outlet,
    peers: Peers,
    streams: Streams,
    register: mpsc::Sender<Order>,
    metrics: Metrics,
    notes: Notes,
    memory: memory::Memory,
    watches: Arc<Hub>,
    /// Something was executed of which watches have not been told.
    unwatched: bool,
    acts: watch::Sender<bool>,
    acting: bool,
    /// The epoch with which it became primary last.
    term: Epoch,
    halted: Option<String>,
    evict: Option<mpsc::Sender<Member>>,
    view: watch::Sender<Arc<View>>,
    published: u64,
    ended: Option<Ended>,
}

impl Driver {
    /// A driver at the beginning of a life, and where it tells what it is.
    pub fn new(parts: Parts) -> (Self, watch::Receiver<Arc<View>>) {
        let Parts { config, opened, clock, inbox, outlet, peers, .. } = parts;
        let Opened { store, recovered, machine } = opened;
        parts.metrics.set_aside.set(store.cut_entries().cast_signed());
        let (name, life) = (config.name.clone(), recovered.life);
        let host = Host::new(config, parts.options, recovered, store, machine, clock.now());
        let (view, viewed) = {
            let figures = view::Figures {
                life,
                term: 0,
                started: clock.started_wall(),
                shares: parts.shares,
                acting: false,
                watches: 0,
            };
            watch::channel(Arc::new(view::view(&host, clock.now(), figures)))
        };
        let driver = Driver {
            host,
            name,
            life,
            clock,
            inbox,
            outlet,
            peers,
            streams: Streams::default(),
            register: parts.register,
            metrics: parts.metrics,
            notes: Notes::default(),
            memory: memory::Memory::new(parts.shares),
            watches: parts.watches,
            unwatched: false,
            acts: parts.acts,
            acting: false,
            term: 0,
            halted: None,
            evict: parts.evict,
            view,
            published: 0,
            ended: None,
        };
        (driver, viewed)
    }

    /// Runs until this life is over. `leave` asks it to go (SIGTERM).
    pub async fn run(mut self, mut leave: mpsc::Receiver<()>) -> Ended {
        loop {
            self.take();
            self.work().await;
            self.warn_of_memory();
            self.publish();
            if let Some(ended) = self.ended.take() {
                return self.finish(ended);
            }
            if self.host.is_busy() {
                // However much there is to do, the tasks that own the sockets get their turn.
                tokio::task::yield_now().await;
            } else {
                self.sleep(&mut leave).await;
            }
        }
    }

    /// Lets the replica go on as far as it can. What it sent leaves before the disk is synced, so that the backup's
    /// sync and this one overlap.
    async fn work(&mut self) {
        let mut joined = false;
        loop {
            self.step();
            if !self.host.needs_sync() || self.ended.is_some() {
                return;
            }
            // The tasks that own the sockets run on this thread: let them write before it blocks.
            tokio::task::yield_now().await;
            if !std::mem::replace(&mut joined, true) {
                // What they have read meanwhile comes under the same sync.
                self.take();
                if self.host.is_busy() {
                    continue;
                }
            }
            joined = false;
            self.sync();
        }
    }

    /// One step after the other, up to the length of a turn.
    fn step(&mut self) {
        let mut now = self.clock.now();
        let over = now.mono + TURN;
        while now.mono < over
            && self.ended.is_none()
            && let Some(output) = self.host.next(now)
        {
            self.carry_out(output);
            now = self.clock.now();
        }
        self.tell_watches();
        if self.host.has_changed() {
            self.publish();
        }
    }

    /// In line, which is fastest where a sync takes about 100 us.
    fn sync(&mut self) {
        let (begun, dirty) = (Instant::now(), self.host.is_dirty());
        self.host.sync();
        if dirty {
            self.metrics.fsync.observe(begun.elapsed().as_secs_f64());
        }
    }

    /// Waits for a message or the replica's next deadline.
    async fn sleep(&mut self, leave: &mut mpsc::Receiver<()>) {
        let deadline = match self.host.deadline() {
            Some(mono) => self.clock.instant(mono),
            None => self.clock.instant(self.clock.now().mono) + Duration::from_secs(1),
        };
        tokio::select! {
            biased;
            Some(()) = leave.recv() => {
                tracing::info!("asked to leave");
                self.host.input(self.clock.now(), understudy_host::Input::Leave);
            }
            Some(input) = self.inbox.tasks.recv() => self.take_input(input),
            Some(request) = self.inbox.requests.recv() => self.take_request(request),
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
        self.abandon(&why);
        self.watches.close();
        self.inbox.requests.close();
        let asked = std::iter::from_fn(|| self.inbox.requests.try_recv().ok())
            .map(|request| request.responder);
        let asked: Vec<_> = asked.collect();
        let queued = self.host.abandon_queue().into_iter().map(|waiting| waiting.responder);
        for responder in queued.chain(asked) {
            responder.answer(Err(self.refuse_all(&why)));
        }
        match self.host.close() {
            Ok(_) => {}
            Err(error) => tracing::warn!("the data directory was not closed in order: {error}"),
        }
        ended
    }
}
