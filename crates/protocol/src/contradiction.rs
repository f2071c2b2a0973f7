//! What proves that the register, or a disk, went back in time: two copies that cannot both be right
//! (rules 7, 9 and 12). Both stop, and nothing is cut: an operator decides which one to keep.

use std::fmt;

use understudy_evidence::{correct, reached};

use crate::core::Core;
use crate::follow::Following;
use crate::lead::Leading;
use crate::replica::{Next, refuse};
use crate::{
    ConnId, Effect, Epoch, Hello, Index, KnownRecord, Message, Nonce, Position, Record, Refusal,
};

/// Records whose nonces a copy remembers: the newest.
pub const KNOWN_RECORDS: usize = 16;

/// Why two copies cannot both be right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contradiction {
    /// They know two records of this epoch: the register went back, and was written again.
    Record(Epoch),
    /// They hold two entries of this index and epoch.
    Entry(Index, Epoch),
    /// The primary lacks this entry, of this epoch, which the follower knows to be committed.
    Committed(Index, Epoch),
    /// The follower lacks this entry, which it has acknowledged to this primary: its disk went back.
    Vanished(Index),
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Contradiction::Record(epoch) => write!(f, "epoch {epoch} was won twice"),
            Contradiction::Entry(index, epoch) => {
                write!(f, "there are two entries {index} of epoch {epoch}")
            }
            Contradiction::Committed(index, epoch) => {
                write!(f, "the primary lacks entry {index} of epoch {epoch}, which was committed")
            }
            Contradiction::Vanished(index) => {
                write!(f, "entry {index} is gone, which was acknowledged as durable")
            }
        }
    }
}

impl Contradiction {
    /// What is logged, and what to do. `other` is the name of the copy that differs.
    fn message(self, other: &str) -> String {
        format!(
            "this copy and that of {other} contradict each other ({self}): the register or a disk went back in time; nothing is cut, choose the copy to keep, see `understudy recover`"
        )
    }
}

impl Core {
    /// Notes the record of an epoch that this copy follows.
    pub fn note_record(&mut self, epoch: Epoch, nonce: Nonce) {
        self.remember(KnownRecord { epoch, nonce, begins: 0 });
    }

    /// The same of an epoch that it has won: what it appends from now on is of that one.
    pub fn note_won(&mut self, record: &Record) {
        let begins = self.log.last().index + 1;
        self.remember(KnownRecord { epoch: record.epoch, nonce: record.nonce, begins });
    }

    /// Notes, on disk, the record that an attempt to become primary would replace: should the attempt land after
    /// this life, the next one reads its own record, and would never have known what that rests on.
    pub fn note_base(&mut self, base: &Record) {
        if self.nonce_of(base.epoch).is_none() {
            self.note_record(base.epoch, base.nonce);
            self.save();
        }
    }

    fn remember(&mut self, record: KnownRecord) {
        if self.state.records.last().is_none_or(|newest| newest.epoch < record.epoch) {
            self.state.records.push(record);
            self.forget_oldest_records();
        }
    }

    fn forget_oldest_records(&mut self) {
        let excess = self.state.records.len().saturating_sub(KNOWN_RECORDS);
        self.state.records.drain(..excess);
    }

    /// Notes what a primary knows of earlier records: its followers may succeed it. Gives whether any was new.
    pub fn learn_records(&mut self, theirs: &[(Epoch, Nonce)]) -> bool {
        let before = self.state.records.clone();
        for &(epoch, nonce) in theirs {
            if let Err(at) = self.state.records.binary_search_by_key(&epoch, |known| known.epoch) {
                self.state.records.insert(at, KnownRecord { epoch, nonce, begins: 0 });
            }
        }
        self.forget_oldest_records();
        self.state.records != before
    }

    /// The beginnings that this copy gave its epochs past `after` are cut.
    pub fn forget_beginnings(&mut self, after: Index) {
        let cut = self.state.records.iter_mut().filter(|record| record.begins > after);
        if cut.map(|record| record.begins = 0).count() > 0 {
            self.save();
        }
    }

    /// A life begins: what the last one cut may still be noted.
    pub fn check_beginnings(&mut self) {
        let log = &self.log;
        for record in &mut self.state.records {
            let begins = record.begins;
            if begins > log.last().index || log.epoch_at(begins).is_some_and(|e| e != record.epoch)
            {
                record.begins = 0;
            }
        }
    }

    /// Whether this log does not hold a prefix that ends there, as far as can be told.
    fn lacks(&self, theirs: Position) -> bool {
        let later = |record: &KnownRecord| {
            record.epoch > theirs.epoch && (1..=theirs.index).contains(&record.begins)
        };
        self.log.lacks(theirs) || self.state.records.iter().any(later)
    }

    /// The end of what is committed, as far as its position is known; else the zero position.
    pub fn committed(&self) -> Position {
        self.log.position(self.log.commit).unwrap_or_default()
    }

    /// The nonce of this epoch's record, if known.
    pub fn nonce_of(&self, epoch: Epoch) -> Option<Nonce> {
        let known = self.state.records.iter().find(|record| record.epoch == epoch);
        known.map(|record| record.nonce)
    }

    /// Whether another record of this epoch is known here.
    pub fn knows_another(&self, epoch: Epoch, nonce: Nonce) -> bool {
        let known = self.nonce_of(epoch);
        correct!(known.is_some_and(|known| known != nonce), "nonce-forgotten" => false)
    }

    /// Rule 12 for a record that is as new as what is known, and is another one.
    pub fn examine_nonce(&mut self, record: &Record) -> Result<(), String> {
        if self.knows_another(record.epoch, record.nonce) {
            return Err(format!(
                "the register says another record of epoch {} than was known: it was restored from an older copy and written again; see `understudy recover`",
                record.epoch
            ));
        }
        if record.epoch == self.state.epoch {
            self.note_record(record.epoch, record.nonce);
        }
        Ok(())
    }

    /// Stops until an operator has chosen, also in lives to come.
    pub fn halt_for_good(&mut self, why: String) -> Next {
        self.state.halted = Some(why.clone());
        self.save();
        Next::halt(self, why)
    }
}

impl Leading {
    /// What a follower's hello proves, before it is welcome.
    pub(crate) fn contradiction(&self, core: &Core, hello: &Hello) -> Option<Contradiction> {
        if hello.nonce.is_some_and(|nonce| core.knows_another(hello.epoch, nonce)) {
            return Some(Contradiction::Record(hello.epoch));
        }
        if correct!(core.lacks(hello.commit), "commit-forgotten" => false) {
            return Some(Contradiction::Committed(hello.commit.index, hello.commit.epoch));
        }
        let acked = self.peers.get(&hello.member.incarnation).map_or(0, |peer| peer.acked);
        let end = hello.runs.last().map_or(0, |run| run.1);
        (end < acked).then_some(Contradiction::Vanished(acked))
    }

    /// Refuses a follower that contradicts this copy, and stops with it: unless it is its own disk that
    /// went back, or an operator has ordered to go on without what it may hold.
    pub(crate) fn contradict(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        hello: &Hello,
        found: Contradiction,
    ) -> Next {
        let name = hello.member.name.clone();
        let mine =
            !matches!(found, Contradiction::Vanished(_)) && hello.epoch >= core.state.ordered;
        refuse(core, conn, Refusal::Contradiction(found));
        self.stop(core, &name, found, mine)
    }

    /// A follower says that this copy contradicts its own.
    pub(crate) fn on_contradiction(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        found: Contradiction,
    ) -> Next {
        let Some(peer) = self.conns.get(&conn).and_then(|i| self.peers.get(i)) else {
            return Next::Stay;
        };
        let (name, mine) = (peer.member.name.clone(), peer.greeted_with >= core.state.ordered);
        core.out.push(Effect::Close(conn));
        self.on_closed(core, conn);
        self.stop(core, &name, found, mine)
    }

    fn stop(&mut self, core: &mut Core, name: &str, found: Contradiction, mine: bool) -> Next {
        if !correct!(mine, "contradiction-goes-on" => false) {
            core.note(format!("{name} must not follow: {found}"));
            return Next::Stay;
        }
        reached!("stopped by a contradiction");
        self.dismiss(core, None);
        core.halt_for_good(found.message(name))
    }
}

impl Following {
    /// The primary's log contradicts this one: tells it, and stops.
    pub(crate) fn contradict(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        found: Contradiction,
    ) -> Next {
        reached!("stopped by a contradiction");
        core.out.push(Effect::Send(conn, Message::Contradiction(found)));
        core.out.push(Effect::Close(conn));
        self.halt_with(core, found)
    }

    /// Stops: the primary knows already.
    pub(crate) fn halt_with(&mut self, core: &mut Core, found: Contradiction) -> Next {
        let primary = self.record.member(self.record.primary);
        let why = found.message(primary.map_or("the primary", |m| m.name.as_str()));
        correct!(core.halt_for_good(why), "contradiction-goes-on" => self.try_again(core))
    }

    /// What it proves that entries of the primary do not follow what is here.
    pub(crate) fn misfit(&self, core: &Core, previous: Position) -> Option<Contradiction> {
        if core.log.position(previous.index).is_some_and(|here| here.epoch == previous.epoch) {
            return Some(Contradiction::Entry(previous.index, previous.epoch));
        }
        // It sends from where the logs part: nothing before that can be missing from either.
        let commit = core.committed();
        (previous.index < commit.index)
            .then_some(Contradiction::Committed(commit.index, commit.epoch))
    }
}
