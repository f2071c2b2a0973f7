//! Worlds in `async` mode, where clients are told before a second copy exists. What a failover cuts then
//! is lost; it must be exactly what was set aside.
//!
//! Only some worlds are such, and the mode changes while they run; their clients' history is not judged,
//! for it may lose its end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use prost::Message as _;
use understudy_machine::{Command, Put};
use understudy_protocol::{Entry, Epoch, Execution, Index, Kind, Settings};

use crate::checks::violation::{Property, Violation};
use crate::checks::{Check, Done, Ended};
use crate::clients::{Client, Job};
use crate::faults::mix::Mix;
use crate::faults::strike::Blow;
use crate::faults::theme::Theme;
use crate::world::World;
use crate::world::clock::{MILLISECOND, SECOND};
use crate::world::happening::{Happening, HostId, Run};
use crate::world::host::Waiter;

/// What is known of entries that were executed before they were committed.
pub struct Ahead {
    rng: fastrand::Rng,
    /// Whether the mode changes.
    wanted: bool,
    /// Whether it may be `async`.
    there: bool,
    /// Whether it always is, with a long tail, and primaries are cut off for so long that another one steps in.
    isolates: bool,
    /// The client that changes the mode.
    operator: u64,
    /// Clients that each write at one replica alone, whoever is primary.
    loyal: Range<u64>,
    /// What clients were told, `(index, hash)`, before it was committed.
    told: BTreeSet<(Index, u64)>,
    /// What was set aside.
    aside: BTreeSet<(Index, u64)>,
    /// What went with a disk.
    gone: BTreeMap<Index, BTreeSet<u64>>,
    /// The newest epoch whose opening entry was committed, and when it was executed first.
    opened: (Epoch, u64),
}

impl Ahead {
    pub fn new(seed: u64, born: Execution, theme: Option<Theme>) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0xa57c);
        let rehearsed = theme == Some(Theme::PrimaryAlone);
        let wanted = rng.u32(0..8) == 0 || rehearsed;
        let there = wanted || born == Execution::Async;
        let isolates = wanted && rng.u32(0..3) == 0 || rehearsed;
        let (told, aside) = Default::default();
        let (gone, opened) = Default::default();
        Ahead { rng, wanted, there, isolates, operator: 0, loyal: 0..0, told, aside, gone, opened }
    }

    /// Whether this is such a world.
    pub fn is_there(&self) -> bool {
        self.there
    }

    /// Whether the mode is drawn by chance.
    pub fn varies(&self) -> bool {
        self.wanted
    }

    /// How long backups wait for a primary that is away, nanoseconds.
    pub fn first_chance(&mut self) -> u64 {
        if self.isolates {
            return 0;
        }
        [0, 0, SECOND / 2, 3 * SECOND][self.rng.usize(0..4)]
    }

    /// The next mode.
    pub fn draw(&mut self, settings: Settings) -> Settings {
        if self.isolates {
            let (max_tail_bytes, max_tail_ms) = (1 << 20, 10_000);
            return Settings {
                execution: Execution::Async,
                max_tail_bytes,
                max_tail_ms,
                ..settings
            };
        }
        let asynchronous = self.rng.u32(0..3) > 0;
        Settings {
            execution: if asynchronous { Execution::Async } else { Execution::Sync },
            max_tail_bytes: [200, 1000, 1 << 20][self.rng.usize(0..3)],
            max_tail_ms: [5, 100, 1000][self.rng.usize(0..3)],
            ..settings
        }
    }

    /// A primary may answer from here on.
    fn opened(&mut self, epoch: Epoch, time: u64) {
        if epoch > self.opened.0 {
            self.opened = (epoch, time);
        }
    }

    /// A disk is gone, and with it what it alone held.
    pub fn lose(&mut self, index: Index, hash: u64) {
        if self.there {
            self.gone.entry(index).or_default().insert(hash);
        }
    }

    /// What was lost was set aside, but for what went with a disk.
    fn judge(&self, committed: impl Fn(Index) -> Option<u64>) -> Result<(), String> {
        let lost = |&(index, hash): &(Index, u64)| committed(index) != Some(hash);
        for entry in self.told.iter().filter(|entry| lost(entry)) {
            let (index, hash) = entry;
            let gone = self.gone.get(index).is_some_and(|hashes| hashes.contains(hash));
            if !gone && !self.aside.contains(entry) {
                return Err(format!(
                    "entry {index}, of which a client was told, is lost without a trace"
                ));
            }
        }
        Ok(())
    }
}

/// What a process has executed ahead of its commit: the entries and the digests behind them.
pub type Early = VecDeque<(Entry, u64)>;

/// Lets somebody change the mode, and looks for what was lost.
pub(crate) struct AheadCheck;

impl Check for AheadCheck {
    fn prepare(&self, world: &mut World, _mix: &mut Mix) {
        world.prepare_ahead();
    }

    fn executed(&self, world: &mut World, done: &Done<'_>) {
        if !done.committed {
            world.executed_ahead(done.host, done.run, done.entry, done.digest);
        } else if done.entry.kind == Kind::Open {
            world.ahead.opened(done.entry.epoch, world.time);
        }
    }

    fn ended(&self, world: &mut World, ended: &Ended<'_>) -> Option<u64> {
        world.next_mode(ended.client)
    }

    /// The mode stays from here on.
    fn rest(&self, world: &mut World) {
        world.ahead.operator = 0;
    }

    fn judge_whole(&self, world: &mut World) {
        world.judge_ahead();
    }
}

impl World {
    /// Somebody changes the mode now and then.
    fn prepare_ahead(&mut self) {
        if self.ahead.wanted {
            let id = self.clients.len() as u64;
            self.ahead.operator = id;
            self.clients.push(Client::new(id, None));
            self.order(id, Job::Rest);
            self.ahead.loyal = id + 1..id + 1 + self.hosts.len() as u64;
            for (host, loyal) in self.ahead.loyal.clone().enumerate() {
                let pinned = Some(host);
                let client = Client { pinned, target: host, ..Client::new(loyal, None) };
                self.clients.push(client);
                self.order(loyal, Job::Rest);
            }
        }
    }

    /// What the client that changes the mode does next, or one of those that write at one replica alone,
    /// and after which pause.
    fn next_mode(&mut self, client: u64) -> Option<u64> {
        if !self.ahead.wanted || self.ahead.operator == 0 {
            return None;
        }
        if self.ahead.loyal.contains(&client) {
            let put = Put::new(format!("loyal/{client}"), "v");
            self.clients[client as usize].queue.push_back(Job::Operate(put.into()));
            return Some(self.ahead.rng.u64(5 * MILLISECOND..100 * MILLISECOND));
        }
        // A change of settings must not be lost: where the primary is cut off, nothing would be answered after it.
        if client != self.ahead.operator || self.ahead.isolates {
            return None;
        }
        let settings = self.ahead.draw(self.options.settings);
        self.clients[client as usize].queue.push_back(Job::Settle(settings));
        Some(self.ahead.rng.u64(100 * MILLISECOND..2 * SECOND))
    }

    /// What was executed ahead and is committed now is as good as any.
    pub(crate) fn settle_ahead(&mut self, host: HostId, run: Run) {
        let name = self.name(host);
        while let Some(process) = self.hosts[host].running(run)
            && let Some((entry, _)) = process.early.front()
            && entry.index <= process.driver.replica().commit()
            && let Some((entry, digest)) = process.early.pop_front()
        {
            let executed = self.ledger.executed(&name, &entry);
            self.blame(executed);
            let same = self.ledger.digest(&name, entry.index, digest);
            self.blame(same);
        }
    }

    /// An entry is executed before it is committed: only in `async` mode, and within its bounds.
    fn executed_ahead(&mut self, host: HostId, run: Run, entry: &Entry, digest: u64) {
        let Some(process) = self.hosts[host].running(run) else { return };
        process.early.push_back((entry.clone(), digest));
        let settings = process.driver.executed().settings;
        let bytes: usize = process.early.iter().map(|(entry, _)| entry.weight()).sum();
        let name = self.name(host);
        let index = entry.index;
        let wrong = if settings.execution != Execution::Async {
            format!("{name} executes entry {index} ahead of its commit, in sync mode")
        } else if entry.kind == Kind::Settings || requires_commit(entry) {
            format!("{name} executes entry {index} ahead of its commit, and it must not be lost")
        } else if bytes as u64 > settings.max_tail_bytes {
            format!("{name} has executed {bytes} bytes ahead of their commit")
        } else {
            return self.counts.add("executed ahead of the commit");
        };
        self.guilty(Property::AheadWithinBounds, wrong);
    }

    /// A client is told of what is not committed: perhaps just now its only copy is cut off, and dies, or
    /// is stopped for so long that another takes its place.
    pub(crate) fn told_ahead(&mut self, host: HostId, entry: &Entry, waiter: &Waiter) {
        let (epoch, opened) = self.ahead.opened;
        if let Waiter::Client { sent, .. } = waiter
            && *sent > opened
            && epoch > entry.epoch
        {
            let late = *sent - opened;
            let explanation = format!(
                "{} answers, ahead of its commit, for what was sent {late} ns after its successor in epoch {epoch} served",
                self.name(host)
            );
            self.guilty(Property::NothingAheadOfASuccessor, explanation);
        }
        if self.ahead.isolates && self.ahead.operator > 0 {
            if self.ahead.rng.u32(0..400) == 0 {
                self.depose(host);
            }
        } else if self.ahead.rng.u32(0..200) == 0 && self.ahead.operator > 0 {
            let blow = if self.ahead.rng.bool() { Blow::Cut } else { Blow::Pause };
            self.strike(host, blow);
            if self.ahead.rng.bool() {
                let delay = self.ahead.rng.u64(0..300 * MILLISECOND);
                self.after(delay, Happening::Strike(host, Blow::Kill));
            }
        }
        self.counts.add("client told ahead of the commit");
        self.ahead.told.insert((entry.index, entry.hash));
    }

    /// A tail is set aside; `cut`: because another primary has gone on without it. Then nothing of it
    /// is committed, where a member cuts. (It may be in the end, if a third copy holds it and wins; and
    /// a spare may follow a primary that is deposed.)
    pub(crate) fn noted_aside(&mut self, host: HostId, entries: &[Entry], cut: bool) {
        if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
            let name = self.name(host);
            self.narrate(|| format!("{name} sets aside entries {} to {}", first.index, last.index));
        }
        self.ahead.aside.extend(entries.iter().map(|entry| (entry.index, entry.hash)));
        let known = |entry: &&Entry| self.ledger.hash(entry.index) == Some(entry.hash);
        let member = self.hosts[host]
            .incarnation
            .is_some_and(|copy| self.register.record().is_some_and(|record| record.names(copy)));
        if let Some(entry) = entries.iter().find(known).filter(|_| cut && member) {
            let explanation = format!("entry {} is set aside and is committed", entry.index);
            self.guilty(Property::LostIsSetAside, explanation);
        }
    }

    /// Everybody is of one log again.
    pub(crate) fn judge_ahead(&mut self) {
        if !self.ahead.there {
            return;
        }
        let lost = |entry: &&(Index, u64)| self.ledger.hash(entry.0) != Some(entry.1);
        let lost = self.ahead.told.iter().filter(lost).count();
        self.counts.more("entry lost that a client was told of", lost as u64);
        let judged = self.ahead.judge(|index| self.ledger.hash(index));
        self.blame(
            judged.map_err(|explanation| Violation {
                property: Property::LostIsSetAside,
                explanation,
            }),
        );
    }
}

/// Whether the machine says of a command that it must not be lost.
pub(crate) fn requires_commit(entry: &Entry) -> bool {
    entry.kind == Kind::Command && payload_requires_commit(&entry.payload)
}

/// Whether it goes on while the disk is full.
pub(crate) fn is_upkeep(payload: &[u8]) -> bool {
    Command::decode(payload).is_ok_and(|command| command.is_upkeep())
}

pub(crate) fn payload_requires_commit(payload: &[u8]) -> bool {
    Command::decode(payload).is_ok_and(|command| command.requires_commit())
}
