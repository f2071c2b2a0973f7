//! What this copy knows of the register's records, and what of its log others may contradict (rules 7, 9 and 12).

use understudy_evidence::correct;

use super::Core;
use crate::{Epoch, Index, KNOWN_RECORDS, KnownRecord, Nonce, Position, Record};

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
    pub fn lacks(&self, theirs: Position) -> bool {
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
}
