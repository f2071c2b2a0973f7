//! What every role shares: identity, log, hard state, the register's desk, and the effects of the
//! step under way.

use std::collections::{BTreeMap, VecDeque};

use understudy_evidence::{mutant, reached};

use crate::desk::{Desk, Verdict};
use crate::log::Log;
use crate::{
    BackupExecution, Config, Effect, Entry, Epoch, Event, Execution, HardState, Incarnation, Index,
    Kind, Life, Member, Nonce, Now, Observed, Position, Record, RequestId, Settings, Snapshot,
};

/// Entries committed between two notes of the commit index in the hard state.
const NOTE_EVERY: Index = 16_384;

/// Digests kept to compare with the primary's, one per entry.
const DIGESTS: usize = 8192;

pub(crate) struct Core {
    pub config: Config,
    pub me: Incarnation,
    pub life: Life,
    pub state: HardState,
    pub log: Log,
    pub desk: Desk,
    /// The cluster's settings, as far as committed here.
    pub settings: Settings,
    /// Whether they were ever logged, so far.
    settled: bool,
    /// This replica acts: it executes whatever the settings say of backups.
    pub acts: bool,
    pub now: Now,
    pub out: Vec<Effect>,
    /// Whether the disk has room beyond its reserve.
    pub space: bool,
    /// This process has been asked to go.
    pub leaving: bool,
    /// End of what the machine is to be given.
    due: Index,
    /// This copy crashed while what it had received counted: it may have forgotten some of that.
    pub doubt: bool,
    /// Requests whose entries are in the log and not executed.
    pub waiting: BTreeMap<Index, RequestId>,
    /// The highest epoch read from the register in this life.
    seen: Epoch,
    /// The highest epoch known when the read of the register under way was asked for.
    known_at_read: Epoch,
    attempts: u64,
    digests: VecDeque<u64>,
    /// The primary's digest behind an entry not yet executed here.
    expected: Option<(Index, u64)>,
}

impl Core {
    pub fn new(config: Config, recovered: crate::Recovered, now: Now) -> Self {
        let (snapshot, clean) = (recovered.snapshot, recovered.clean);
        let mut core = Core {
            desk: Desk::new(config.timing.retry),
            me: recovered.incarnation,
            life: recovered.life,
            log: Log::new(&recovered),
            state: recovered.state,
            settings: snapshot.settings,
            settled: snapshot.position.index > 0,
            acts: false,
            now,
            out: Vec::new(),
            space: true,
            leaving: false,
            due: 0,
            doubt: false,
            waiting: BTreeMap::new(),
            seen: 0,
            known_at_read: 0,
            attempts: 0,
            digests: VecDeque::new(),
            expected: None,
            config,
        };
        core.settle(snapshot.position.index);
        core.execute(core.log.commit);
        // What the last life had received behind the last settings in this log counted by their rule.
        core.doubt = !clean && core.rules().last().is_some_and(|rule| rule.counts_received());
        core
    }

    /// The settings in force and those that the log holds behind them.
    fn rules(&self) -> impl Iterator<Item = Settings> {
        let logged = self.log.behind(self.log.commit).filter(|entry| entry.kind == Kind::Settings);
        [self.settings].into_iter().chain(logged.filter_map(|e| Settings::decode(&e.payload)))
    }

    /// Whether something in this log may count because it was received.
    pub fn may_count_received(&self) -> bool {
        self.rules().any(|rule| rule.counts_received())
    }

    /// The end of what the rule in force may commit on the way to `to`: settings with another rule are
    /// the last that the old one counts.
    pub fn counted_by_this_rule(&self, to: Index) -> Index {
        let changes = |entry: &Entry| {
            entry.kind == Kind::Settings
                && Settings::decode(&entry.payload)
                    .is_some_and(|s| s.acknowledgement != self.settings.acknowledgement)
        };
        (self.log.commit + 1..=to)
            .find(|index| self.log.get(*index).is_some_and(changes))
            .unwrap_or(to)
    }

    /// This replica as the register names it.
    pub fn member(&self) -> Member {
        Member {
            incarnation: self.me,
            name: self.config.name.clone(),
            peer_address: self.config.peer_address.clone(),
            client_address: self.config.client_address.clone(),
        }
    }

    /// Whether `since` lies at least `span` nanoseconds back.
    pub fn passed(&self, since: u64, span: u64) -> bool {
        self.now.mono.saturating_sub(since) >= span
    }

    pub fn note(&mut self, text: impl Into<String>) {
        self.out.push(Effect::Note(text.into()));
    }

    /// Makes `epoch` the newest that this copy has followed or won, on disk before anything else.
    pub fn save_epoch(&mut self, epoch: Epoch) {
        let back = epoch < self.state.epoch && !mutant!("follow-older-epoch");
        assert!(!back, "epochs never go back (rule 12)");
        if epoch > self.state.epoch {
            reached!("epoch rose");
        }
        self.state.epoch = epoch;
        self.save();
    }

    pub fn save(&mut self) {
        self.state.commit = self.log.commit;
        self.out.push(Effect::SaveState(self.state.clone()));
    }

    /// Notes the commit index now and then, so that a restart knows most of what is committed and the
    /// disk how far its log was once durable.
    pub fn note_progress(&mut self) {
        if self.log.commit >= self.state.commit + NOTE_EVERY {
            self.save();
        }
    }

    /// Whether the log, executed or not, says what the cluster's settings are.
    pub fn has_settings(&self) -> bool {
        self.settled || self.log.unexecuted().any(|entry| entry.kind == Kind::Settings)
    }

    /// Takes on the cluster and the register object of a blank copy's first record.
    pub fn adopt(&mut self, observed: &Observed) {
        let Some(record) = &observed.record else { return };
        if self.state.cluster.is_none() {
            self.state.cluster = Some(record.cluster);
            self.state.register = Some(observed.uid);
            self.save();
        }
    }

    /// What an answer of the register means.
    pub fn judge(&mut self, answer: Event) -> Verdict {
        // Also while an attempt is undecided: it must not be repeated over a register that was
        // restored meanwhile. The caller halts when it examines what is given back (rule 12).
        if let Event::RegisterRead(Ok(observed)) = &answer
            && self.desk.undecided().is_some()
            && self.examine(observed).is_err()
        {
            return self.desk.give_up(observed.clone());
        }
        let (now, out) = (self.now.mono, &mut self.out);
        match answer {
            Event::RegisterRead(result) => self.desk.on_read(result, now, out),
            Event::RegisterWritten(answer) => self.desk.on_written(answer, now, out),
            _ => Verdict::Pending,
        }
    }

    /// Gives up the effects of this step.
    pub fn finish(&mut self) -> Vec<Effect> {
        if self.out.contains(&Effect::ReadRegister) {
            self.known_at_read = self.seen.max(self.state.epoch);
        }
        std::mem::take(&mut self.out)
    }

    /// Rule 12, and the half of rule 11 that a register can tell: `Err` says why this copy must not
    /// act on what it read; `false` that it was only read too early.
    pub fn examine(&mut self, observed: &Observed) -> Result<bool, String> {
        if let (Some(mine), Some(record)) = (self.state.cluster, &observed.record)
            && mine != record.cluster
        {
            return Err(format!(
                "the register is of cluster {}, this data directory of cluster {mine}: check the register's address and the data directory",
                record.cluster
            ));
        }
        if let Some(uid) = self.state.register.filter(|uid| *uid != observed.uid)
            && !mutant!("another-object-obeyed")
        {
            return Err(format!(
                "the register is another object than before (uid {}, known {uid}): it was replaced; see `understudy recover`",
                observed.uid
            ));
        }
        let Some(record) = &observed.record else {
            if self.state.cluster.is_some() || self.seen > 0 {
                return Err("the register is blank but this data directory has history: the register was replaced or emptied; see `understudy recover`".into());
            }
            return Ok(true);
        };
        let known = match mutant!("overtaken-read-halts") {
            true => self.seen.max(self.state.epoch),
            false => self.known_at_read,
        };
        if mutant!("old-register-obeyed") || mutant!("follow-older-epoch") {
            return Ok(true);
        }
        if record.epoch < known {
            return Err(format!(
                "the register says epoch {}, but epoch {known} has been seen: it was restored from an older copy; see `understudy recover`",
                record.epoch
            ));
        }
        let newest = self.seen.max(self.state.epoch);
        self.seen = self.seen.max(record.epoch);
        if record.epoch < newest {
            reached!("overtaken read repeated");
        }
        Ok(record.epoch >= newest)
    }

    /// A record for the next attempt, based on `base`.
    pub fn draft(&mut self, base: &Record, primary: Incarnation, members: Vec<Member>) -> Record {
        Record {
            cluster: base.cluster,
            epoch: if mutant!("reuse-an-epoch") { base.epoch } else { base.epoch + 1 },
            primary,
            members,
            floor: self.log.commit.max(base.floor),
            nonce: self.nonce(),
        }
    }

    /// Unique for ever: no other copy has this incarnation, no other life of it this number.
    pub fn nonce(&mut self) -> Nonce {
        self.attempts += 1;
        Nonce(self.me.0 ^ (u128::from(self.life) << 32) ^ u128::from(self.attempts))
    }

    /// Moves the commit index and gives the machine what is newly committed.
    pub fn commit(&mut self, to: Index) {
        let to = to.min(self.log.last().index);
        if to > self.log.commit {
            let behind = std::mem::replace(&mut self.log.commit, to);
            self.settle(behind);
            self.execute(to);
        }
    }

    /// The cluster's settings count from their commit on: who executes nothing must learn, too, that it
    /// shall execute again.
    fn settle(&mut self, behind: Index) {
        if self.defers() && mutant!("deferred-settings-unread") {
            return;
        }
        for index in behind + 1..=self.log.commit {
            if let Some(entry) = self.log.get(index)
                && entry.kind == Kind::Settings
                && let Some(settings) = Settings::decode(&entry.payload)
            {
                self.settings = settings;
                self.settled = true;
            }
        }
    }

    /// Whether this replica is to execute nothing: as a backup, where the settings say so. Not while a replay
    /// is to tell whether a digest still differs.
    pub fn is_deferred(&self) -> bool {
        let deferred = self.settings.backup_execution == BackupExecution::Deferred;
        deferred && !self.acts && !self.state.replaying
    }

    /// Whether what is committed waits in memory, unless there is too much of it.
    fn defers(&self) -> bool {
        let limits = &self.config.limits;
        let most = limits.window_bytes.saturating_add(limits.deferred_bytes);
        self.is_deferred() && (self.log.bytes() <= most || mutant!("deferred-without-bound"))
    }

    /// Ends the clients' requests whose entries wait with "outcome unknown".
    pub fn abandon_commands(&mut self) {
        let log = &self.log;
        let is_command = |index| log.get(index).is_some_and(|entry| entry.kind == Kind::Command);
        let commands: BTreeMap<Index, RequestId> =
            self.waiting.extract_if(.., |index, _| is_command(*index)).collect();
        self.out.push(Effect::Abandon(commands.into_values().collect()));
    }

    /// Gives the machine what it has not been given, up to `through`.
    pub fn execute(&mut self, through: Index) {
        self.due = self.due.max(through);
        self.hand_over_to_machine();
    }

    /// Gives the machine the next batch of what is due, once it has executed the last one: a long
    /// replay leaves the loop its time for everything else.
    fn hand_over_to_machine(&mut self) {
        if self.log.applied < self.log.handed || self.defers() {
            return;
        }
        let limits = &self.config.limits;
        if self.is_deferred() && self.log.handed < self.log.commit {
            reached!("backlog executed for its size");
        }
        let mut batch: Vec<(Entry, Option<RequestId>)> = Vec::new();
        let mut bytes = 0;
        while self.log.handed < self.due
            && batch.len() < limits.batch_entries.max(1)
            && (batch.is_empty() || bytes < limits.batch_bytes)
        {
            let entry =
                self.log.get(self.log.handed + 1).expect("unexecuted entries stay in the window");
            bytes += entry.weight();
            batch.push((entry.clone(), self.waiting.remove(&entry.index)));
            self.log.handed += 1;
        }
        if !batch.is_empty() {
            self.out.push(Effect::Apply(batch));
        }
    }

    pub fn applied(&mut self, first: Index, digests: &[u64]) {
        if first <= self.log.applied {
            return; // A snapshot was installed meanwhile: it holds them.
        }
        assert_eq!(first, self.log.applied + 1, "entries are executed in order");
        self.log.applied += digests.len() as Index;
        assert!(self.log.applied <= self.log.handed, "only what was handed over is executed");
        self.digests.extend(digests);
        let excess = self.digests.len().saturating_sub(DIGESTS);
        self.digests.drain(..excess);
        self.log.trim(self.config.limits.window_bytes);
        self.hand_over_to_machine();
    }

    /// The machine's digest behind an entry executed lately.
    fn digest(&self, index: Index) -> Option<u64> {
        let back = usize::try_from(self.log.applied.checked_sub(index)?).ok()?;
        self.digests.iter().rev().nth(back).copied()
    }

    /// The newest digest that everybody will have, `(0, 0)` when none is at hand: behind what was
    /// executed ahead of its commit, others may execute something else.
    pub fn latest_digest(&self) -> (Index, u64) {
        let index = self.log.applied.min(self.log.commit);
        self.digest(index).map_or((0, 0), |digest| (index, digest))
    }

    /// Compares the primary's digest with mine, now or once I have executed that far. `Err` is a
    /// difference.
    pub fn compare_digest(&mut self, told: Option<(Index, u64)>) -> Result<(), Index> {
        if let Some(told) = told.filter(|&(index, _)| index > 0) {
            self.expected = Some(told);
        }
        let Some((index, digest)) = self.expected else { return Ok(()) };
        if index > self.log.applied {
            return Ok(());
        }
        self.expected = None;
        match self.digest(index) {
            Some(mine) if mine != digest => Err(index),
            Some(_) if self.state.replaying => {
                self.state.replaying = false;
                self.save();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The settings in force behind an entry of this log that is committed or not.
    pub fn settings_behind(&self, index: Index) -> Settings {
        let later = self.log.behind(self.log.commit).take_while(|entry| entry.index <= index);
        later
            .filter(|entry| entry.kind == Kind::Settings)
            .filter_map(|entry| Settings::decode(&entry.payload))
            .last()
            .unwrap_or(self.settings)
    }

    /// Cuts the log behind `after`: another primary has gone on from there.
    pub fn cut(&mut self, after: Index) {
        self.set_aside(after);
        self.log.truncate(after);
        self.out.push(Effect::Truncate { after });
    }

    /// Sets aside what lies behind `after` and is about to go, if clients may have been told that some
    /// of it is done: if `async` mode held somewhere there.
    fn set_aside(&mut self, after: Index) {
        let tail: Vec<Entry> = self.log.behind(after).cloned().collect();
        let told = [after, self.log.last().index]
            .iter()
            .any(|&index| self.settings_behind(index).execution == Execution::Async);
        if told && !tail.is_empty() && !mutant!("cut-without-a-trace") {
            reached!("tail set aside");
            self.out.push(Effect::SetAside(tail));
        }
    }

    /// A snapshot is about to take the log's place. What of the log is in it, only a log tells that
    /// reaches as far; else more is set aside than is lost.
    pub fn make_way(&mut self, snapshot: Position) {
        let here = self.log.position(snapshot.index) == Some(snapshot);
        self.set_aside(if here { snapshot.index } else { self.log.commit });
    }

    /// Whether the primary's snapshot that ends there would spare this replica something: it stands for a
    /// committed part of this very log that was not executed here.
    pub fn is_spared_by(&self, position: Position) -> bool {
        let index = position.index;
        self.is_deferred()
            && index > self.log.handed
            && (index <= self.log.commit && self.log.position(index) == Some(position)
                || mutant!("deferred-snapshot-ahead"))
    }

    /// The machine is what the primary's snapshot says; the log stays.
    pub fn take_on(&mut self, position: Position) {
        reached!("snapshot taken on beside the log");
        self.out.push(Effect::AdoptSnapshot(position));
        self.log.skip(position);
        self.digests.clear();
        self.expected = None;
        self.log.trim(self.config.limits.window_bytes);
    }

    /// Log and machine are what a snapshot says.
    pub fn install(&mut self, snapshot: Snapshot) {
        self.log.reset(snapshot.position, snapshot.time);
        self.settings = snapshot.settings;
        self.settled = true;
        self.digests.clear();
        self.expected = None;
    }
}
