//! The world: everything there is, and the one thread of time.
//!
//! A world does nothing by chance that its caller did not allow: [`crate::swarm`] and
//! [`crate::scenario`] both drive it through the methods here and in the modules that extend it.

pub(crate) mod ask;
pub(crate) mod carry_out;
pub(crate) mod clock;
pub(crate) mod drive;
pub(crate) mod event;
pub(crate) mod executed;
pub(crate) mod host;
pub(crate) mod id;
pub(crate) mod net;
pub(crate) mod processes;
pub(crate) mod queue;
pub(crate) mod register;
pub(crate) mod rot;
pub(crate) mod wire;

use fastrand::Rng;
use understudy_history::Operation;
use understudy_protocol::{ClusterId, Config, Limits, Settings, Timing};
use understudy_wal::sim::SimDisk;

use crate::checks::ahead::Ahead;
use crate::checks::bounds::Bounds;
use crate::checks::deferred::Deferred;
use crate::checks::draws::Draws;
use crate::checks::gone_back::Fork;
use crate::checks::holders::Holders;
use crate::checks::ledger::Ledger;
use crate::checks::old_reads::OldReads;
use crate::checks::past::Past;
use crate::checks::ranges::Ranges;
use crate::checks::receipts::Receipts;
use crate::checks::shadow::Shadow;
use crate::checks::shares::Shares;
use crate::checks::violation::{Property, Violation};
use crate::checks::watchers::Watchers;
use crate::clients::Client;
use crate::faults::theme::Theme;
use crate::report::counts::Counts;
use crate::report::trace::{Detail, Trace};
use crate::world::clock::Clock;
use crate::world::event::{Input, SimEvent};
use crate::world::host::Host;
use crate::world::id::{HostId, Run};
use crate::world::net::Net;
use crate::world::queue::Queue;
use crate::world::register::Register;

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// Number of replicas: a, b, c ...
    pub hosts: usize,
    /// What it rehearses, if it is not everything at once.
    pub theme: Option<Theme>,
    /// How much of a trace to keep.
    pub trace: Detail,
    /// Time-outs of the replicas.
    pub timing: Timing,
    /// Bounds of the replicas.
    pub limits: Limits,
    /// Settings that the cluster is born with.
    pub settings: Settings,
    /// How long a frame takes, nanoseconds: least and most.
    pub net_delay: (u64, u64),
    /// How long a request to the register takes, one way.
    pub register_delay: (u64, u64),
    /// How long a sync takes.
    pub sync_delay: (u64, u64),
    /// How long the driver waits for the disk where it must: hard state, cuts of the log.
    pub state_delay: (u64, u64),
    /// Bytes of entries executed between two snapshots.
    pub snapshot_bytes: u64,
    /// The driver's own time-out for the register, nanoseconds.
    pub register_timeout: u64,
    /// A dial or probe that gets no answer is given up after so long, nanoseconds.
    pub dial_timeout: u64,
    /// How long a process whose life has ended takes to start anew, nanoseconds.
    pub restart_delay: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            hosts: 2,
            theme: None,
            trace: Detail::Nothing,
            timing: Timing::default(),
            limits: Limits::default(),
            settings: Settings::default(),
            net_delay: (500_000, 500_000),
            register_delay: (2_000_000, 2_000_000),
            sync_delay: (1_000_000, 1_000_000),
            state_delay: (0, 0),
            snapshot_bytes: 1_000_000,
            register_timeout: 1_000_000_000,
            dial_timeout: 1_000_000_000,
            restart_delay: 20_000_000,
        }
    }
}

/// Everything there is.
pub struct World {
    /// Nanoseconds since it began.
    pub time: u64,
    /// The only source of chance.
    pub rng: Rng,
    /// What it is made of.
    pub options: Options,
    /// The hosts.
    pub hosts: Vec<Host>,
    /// The network.
    pub net: Net,
    /// The register.
    pub register: Register,
    /// The clients.
    pub clients: Vec<Client>,
    /// The one true log.
    pub ledger: Ledger,
    /// The store as of each revision.
    pub past: Past,
    /// Who changes bounds.
    pub(crate) bounds: Bounds,
    /// What was drawn.
    pub(crate) draws: Draws,
    /// What was executed before it was committed.
    pub(crate) ahead: Ahead,
    /// What backups execute.
    pub(crate) deferred: Deferred,
    /// Who holds leases.
    pub(crate) holders: Holders,
    /// What is read of the past.
    pub(crate) old_reads: OldReads,
    /// Who deletes and reads ranges.
    pub(crate) ranges: Ranges,
    /// Whether what backups receive counts at times.
    pub(crate) receipts: Receipts,
    /// Who takes as much as it gets.
    pub(crate) shares: Shares,
    /// Who watches.
    pub(crate) watchers: Watchers,
    /// What the clients did.
    pub history: Vec<Operation>,
    /// What happened, in words.
    pub trace: Trace,
    /// The first violation; the world stops there.
    pub violation: Option<Violation>,
    /// How often things happened.
    pub counts: Counts,
    /// A process dies after this many more of its effects: in the middle of a step.
    pub armed: Option<(HostId, u32)>,
    /// Some fault was one that no protocol survives and at which a replica may halt: the register
    /// was tampered with.
    pub may_halt: bool,
    /// What was acknowledged, where register or disk went back: only then there are two histories.
    pub(crate) forked: Option<Fork>,
    /// Per mille of register writes during which a fault is injected into some replica.
    pub targeted: u32,
    /// Per mille of writes that name a learner after which their author is cut off.
    pub(crate) doubt: u32,
    /// Per mille of cuts of a log within which the process dies.
    pub(crate) cuts: u32,
    /// Until when a primary is cut off.
    pub(crate) deposed_until: u64,
    pub(crate) queue: Queue,
    pub(crate) runs: Run,
    pub(crate) attempts: u64,
    pub(crate) asks: u64,
    pub(crate) events: u64,
}

impl World {
    /// A world in which nothing runs yet.
    pub fn new(seed: u64, mut options: Options) -> Self {
        let mut rng = Rng::with_seed(seed);
        let register = Register::new(rng.u128(..), options.register_delay);
        let net = Net::new(options.net_delay);
        let mut ahead = Ahead::new(seed, options.settings.execution, options.theme);
        let lasting = !ahead.is_there();
        if ahead.varies() {
            options.settings = ahead.draw(options.settings);
            options.timing.first_chance = ahead.first_chance();
        }
        let mut world = World {
            time: 0,
            rng,
            trace: Trace::new(options.trace),
            hosts: Vec::new(),
            net,
            register,
            clients: Vec::new(),
            ledger: Ledger::default(),
            past: Past::default(),
            bounds: Bounds::new(seed, lasting),
            draws: Draws::new(seed, lasting),
            holders: Holders::new(seed, lasting),
            old_reads: OldReads::new(seed, lasting),
            ranges: Ranges::new(seed, lasting),
            ahead,
            deferred: Deferred::new(seed, options.theme),
            receipts: Receipts::new(seed, lasting),
            shares: Shares::new(seed, lasting),
            watchers: Watchers::new(seed),
            history: Vec::new(),
            violation: None,
            counts: Counts::default(),
            armed: None,
            may_halt: false,
            forked: None,
            targeted: 0,
            doubt: 0,
            cuts: 0,
            deposed_until: 0,
            queue: Queue::default(),
            runs: 0,
            attempts: 0,
            asks: 0,
            events: 0,
            options,
        };
        for host in 0..world.options.hosts {
            let host = world.make_host(host);
            world.hosts.push(host);
        }
        world
    }

    fn make_host(&mut self, host: HostId) -> Host {
        let config = Config {
            name: name(host),
            peer_address: format!("{}:1", name(host)),
            client_address: format!("{}:2", name(host)),
            peers: (0..self.options.hosts)
                .filter(|&peer| peer != host)
                .map(|peer| (name(peer), format!("{}:1", name(peer))))
                .collect(),
            fresh_cluster: ClusterId(self.rng.u128(..)),
            settings: self.options.settings,
            timing: self.options.timing,
            limits: self.options.limits,
            memory: None,
        };
        Host {
            config,
            clock: Clock { offset: self.rng.u64(1..1 << 40), since: 0, drift: 0, jump: 0 },
            disk: SimDisk::new(),
            process: None,
            powered: true,
            incarnation: None,
            shadow: Shadow::default(),
            known_commit: 0,
            epoch: 0,
            sync_delay: self.options.sync_delay,
            state_delay: self.options.state_delay,
            bandwidth: None,
            snapshot_bytes: self.options.snapshot_bytes,
            rot: None,
            version: 0,
            ended: None,
        }
    }

    /// A host's name.
    pub(crate) fn name(&self, host: HostId) -> String {
        self.hosts[host].name().to_owned()
    }

    /// The host with this name or address.
    pub fn host_named(&self, name: &str) -> Option<HostId> {
        let name = name.split(':').next()?;
        self.hosts.iter().position(|host| host.name() == name)
    }

    /// Lets time pass up to `time`, or to the first violation.
    pub fn run_until(&mut self, time: u64) {
        while self.violation.is_none()
            && let Some(next) = self.queue.next_time()
            && next <= time
        {
            self.happen();
        }
        if self.violation.is_none() {
            self.time = self.time.max(time);
        }
    }

    /// Lets time pass until `done` holds, at most up to `time`. Gives whether it holds.
    pub fn run_while_not(&mut self, time: u64, done: impl Fn(&World) -> bool) -> bool {
        while self.violation.is_none() {
            if done(self) {
                return true;
            }
            match self.queue.next_time() {
                Some(next) if next <= time => self.happen(),
                _ => break,
            }
        }
        self.violation.is_none() && done(self)
    }

    /// The next thing happens.
    fn happen(&mut self) {
        let Some((time, event)) = self.queue.pop() else { return };
        self.time = time;
        self.events += 1;
        match event {
            SimEvent::Wake(host, run) => self.wake(host, run),
            SimEvent::Input(host, run, input) => self.input(host, run, input),
            SimEvent::Frame(stream, direction) => self.frame_arrives(stream, direction),
            SimEvent::Dial(host, run, address) => self.dial_arrives(host, run, &address),
            SimEvent::Probe(host, run, incarnation, address) => {
                self.probe_arrives(host, run, incarnation, &address);
            }
            SimEvent::Inquire(host, run, peer, address) => {
                self.inquiry_arrives(host, run, peer, &address);
            }
            SimEvent::Register(ask) => self.ask_arrives(ask),
            SimEvent::RegisterAnswer(ask, event) => self.ask_answered(ask, event),
            SimEvent::Request(host, request) => self.request_arrives(host, request),
            SimEvent::Told(client, attempt, told) => self.told(client, attempt, told),
            SimEvent::TryTimeout(client, attempt) => self.try_timed_out(client, attempt),
            SimEvent::ClientTurn(client) => self.client_turn(client),
            SimEvent::Start(host) => self.start(host),
            SimEvent::Inject(host, fault) => self.inject(host, fault),
        }
        self.check_event();
    }

    /// Schedules something this many nanoseconds from now.
    pub(crate) fn after(&mut self, delay: u64, event: SimEvent) {
        self.queue.push(self.time + delay, event);
    }

    /// Something reaches a process after a while.
    pub(crate) fn input_after(&mut self, delay: u64, host: HostId, run: Run, input: Input) {
        self.after(delay, SimEvent::Input(host, run, input));
    }

    /// A random span, nanoseconds.
    pub(crate) fn span(&mut self, (least, most): (u64, u64)) -> u64 {
        if least >= most { least } else { self.rng.u64(least..=most) }
    }

    /// True with this chance, per mille.
    pub(crate) fn chance(&mut self, per_mille: u32) -> bool {
        per_mille > 0 && self.rng.u32(0..1000) < per_mille
    }

    /// Adds a line to the trace.
    pub(crate) fn say(&mut self, text: impl FnOnce() -> String) {
        self.trace.line(Detail::Everything, self.time, text);
    }

    /// Adds a line that an operator would notice.
    pub(crate) fn narrate(&mut self, text: impl FnOnce() -> String) {
        self.trace.line(Detail::Story, self.time, text);
    }

    /// Notes a violation; the first one stays.
    pub(crate) fn fail_on(&mut self, result: Result<(), Violation>) {
        if let Err(violation) = result
            && self.violation.is_none()
            && (self.forked.is_none() || violation.property.holds_after_a_fork())
        {
            self.narrate(|| format!("VIOLATION {violation}"));
            self.violation = Some(violation);
        }
    }

    /// Notes a violation.
    pub(crate) fn fail(&mut self, property: Property, explanation: String) {
        self.fail_on(Err(Violation { property, explanation }));
    }
}

/// a, b, c ...
fn name(host: HostId) -> String {
    char::from(b'a' + u8::try_from(host).unwrap_or(25).min(25)).to_string()
}
