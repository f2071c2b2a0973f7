//! What every role shares: identity, log, hard state, the register client, and the effects of the
//! step under way.

mod execute;
mod records;
mod release;
mod rules;
mod turn_away;

use std::collections::{BTreeMap, VecDeque};

use understudy_evidence::{correct, reached};

use crate::log::Log;
use crate::register_client::{RegisterClient, Verdict};
use crate::running::Running;
use crate::{
    Config, Effect, Entry, Epoch, Execution, HardState, Incarnation, Index, Kind, Life, MS, Member,
    Nonce, Now, Observed, Position, Record, RegisterFailure, RequestId, Room, Settings, Snapshot,
    WriteAnswer,
};

/// Entries committed between two notes of the commit index in the hard state.
const NOTE_EVERY: Index = 16_384;

/// So long after the last commit it is noted in the hard state, nanoseconds: what follows on it carries it
/// in the log, but after the last entry nothing does.
const NOTE_AFTER: u64 = 1000 * MS;

/// Digests kept to compare with the primary's, one per entry.
const DIGESTS: usize = 8192;

pub(crate) struct Core {
    pub config: Config,
    pub me: Incarnation,
    pub life: Life,
    pub state: HardState,
    pub log: Log,
    pub register: RegisterClient,
    /// The cluster's settings, as far as committed here.
    pub settings: Settings,
    /// Whether they were ever logged, so far.
    settled: bool,
    /// This replica acts: it executes whatever the settings say of backups.
    pub acts: bool,
    pub now: Now,
    /// How long the loop has run.
    pub running: Running,
    pub out: Vec<Effect>,
    /// What room the disk has.
    pub room: Room,
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
    /// When the commit index last moved.
    committed_at: u64,
    digests: VecDeque<u64>,
    /// The primary's digest as of an entry not yet executed here.
    expected: Option<(Index, u64)>,
}

impl Core {
    pub fn new(config: Config, recovered: crate::Recovered, now: Now) -> Self {
        let (snapshot, clean) = (recovered.snapshot, recovered.clean);
        let mut core = Core {
            register: RegisterClient::new(config.timing),
            me: recovered.incarnation,
            life: recovered.life,
            log: Log::new(&recovered, &config.limits),
            state: recovered.state,
            settings: snapshot.settings,
            settled: snapshot.position.index > 0,
            acts: false,
            now,
            running: Running::new(now.mono),
            out: Vec::new(),
            room: Room::Ample,
            leaving: false,
            due: 0,
            doubt: false,
            waiting: BTreeMap::new(),
            seen: 0,
            known_at_read: 0,
            attempts: 0,
            committed_at: now.mono,
            digests: VecDeque::new(),
            expected: None,
            config,
        };
        core.check_beginnings();
        core.settle(snapshot.position.index);
        core.execute(core.log.commit);
        // What the last life had received after the last settings in this log counted by their rule.
        core.doubt = !clean && core.rules().last().is_some_and(|rule| rule.counts_received());
        core
    }

    /// Whether the disk has no room except for upkeep.
    pub fn is_full(&self) -> bool {
        self.room.is_full()
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
        let back = correct!(epoch < self.state.epoch, "follow-older-epoch" => false);
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

    /// Notes the commit index in the hard state at the end of a life: what was answered must not be cut later as if
    /// nobody had known of it.
    pub fn note_commit(&mut self) {
        if self.log.commit > self.state.commit {
            self.save();
        }
    }

    /// Notes the commit index in the hard state when nothing more is appended that would carry it, and now
    /// and then, so that the disk knows how far its log was once durable.
    pub fn note_progress(&mut self) {
        let behind = self.log.commit.saturating_sub(self.state.commit);
        let quiet = self.passed(self.committed_at, NOTE_AFTER);
        if behind >= NOTE_EVERY || behind > 0 && quiet {
            self.save();
        }
    }

    /// Whether the log, executed or not, says what the cluster's settings are.
    pub fn has_settings(&self) -> bool {
        self.settled || self.log.unexecuted().any(|entry| entry.kind == Kind::Settings)
    }

    /// Adopts the cluster and the register object of a blank copy's first record.
    pub fn adopt(&mut self, observed: &Observed) {
        let Some(record) = &observed.record else { return };
        if self.state.cluster.is_none() {
            self.state.cluster = Some(record.cluster);
            self.state.register = Some(observed.uid);
            self.save();
        }
    }

    /// What it means that the register was read.
    pub fn on_register_read(&mut self, result: Result<Observed, RegisterFailure>) -> Verdict {
        // Also while an attempt is undecided: it must not be repeated over a register that was
        // restored meanwhile. The caller halts when it examines what is given back (rule 12).
        if let Ok(observed) = &result
            && self.register.undecided().is_some()
            && self.examine(observed).is_err()
        {
            return self.register.give_up(observed.clone());
        }
        self.register.on_read(result, self.now.mono, &mut self.out)
    }

    /// What the answer to a write of the register means.
    pub fn on_register_written(&mut self, answer: WriteAnswer) -> Verdict {
        self.register.on_written(answer, self.now.mono, &mut self.out)
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
        if let Some(uid) = self.state.register
            && correct!(uid != observed.uid, "another-object-obeyed" => false)
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
        let newest = self.seen.max(self.state.epoch);
        let known = correct!(self.known_at_read, "overtaken-read-halts" => newest);
        correct!({}, "old-register-obeyed" => return Ok(true), "follow-older-epoch" => return Ok(true));
        if record.epoch < known {
            return Err(format!(
                "the register says epoch {}, but epoch {known} has been seen: it was restored from an older copy; see `understudy recover`",
                record.epoch
            ));
        }
        self.examine_nonce(record)?;
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
            epoch: correct!(base.epoch + 1, "reuse-an-epoch" => base.epoch),
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

    /// Ends the clients' requests whose entries wait with "outcome unknown".
    pub fn abandon_commands(&mut self) {
        let log = &self.log;
        let is_command = |index| log.get(index).is_some_and(|entry| entry.kind == Kind::Command);
        let commands: BTreeMap<Index, RequestId> =
            self.waiting.extract_if(.., |index, _| is_command(*index)).collect();
        self.out.push(Effect::Abandon(commands.into_values().collect()));
    }

    /// Cuts the log past `after`: another primary has gone on from there.
    pub fn cut(&mut self, after: Index) {
        self.set_aside(after);
        self.log.truncate(after);
        self.out.push(Effect::Truncate { after });
        self.forget_beginnings(after);
    }

    /// Sets aside what lies past `after` and is about to go, if clients may have been told that some
    /// of it is done: if `async` mode held somewhere there.
    fn set_aside(&mut self, after: Index) {
        let tail: Vec<Entry> = self.log.after(after).cloned().collect();
        let told = [self.settings_as_of(after)]
            .into_iter()
            .chain(tail.iter().filter_map(Settings::of))
            .any(|rule| rule.execution == Execution::Async);
        if correct!(told, "cut-without-a-trace" => false) && !tail.is_empty() {
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

    /// Log and machine are what a snapshot says.
    pub fn install(&mut self, snapshot: Snapshot) {
        self.log.reset(snapshot.position, snapshot.time);
        self.state.records.iter_mut().for_each(|record| record.begins = 0);
        self.settings = snapshot.settings;
        self.settled = true;
        self.digests.clear();
        self.expected = None;
    }
}

#[cfg(test)]
mod tests;
