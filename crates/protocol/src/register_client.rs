//! The register client: one operation at a time, and the only place that judges whether an attempt
//! to write the register was won (rule 1).

use understudy_evidence::{correct, reached};

use crate::pause::Pause;
use crate::{Effect, Epoch, Observed, Record, RegisterFailure, RegisterUid, Timing, WriteAnswer};

/// What an answer of the register meant.
pub(crate) enum Verdict {
    /// Nothing yet.
    Pending,
    /// A read without an attempt under way.
    Seen(Observed),
    /// A read failed; it is repeated while an attempt is undecided.
    Failed(RegisterFailure),
    /// My attempt is what the register says.
    Won(Record, RegisterUid),
    /// Somebody else's is.
    Lost(Observed),
}

#[derive(PartialEq)]
enum Operation {
    None,
    Reading,
    Writing,
}

pub(crate) struct RegisterClient {
    operation: Operation,
    /// The undecided attempt and what it was last based on.
    attempt: Option<(Record, Observed)>,
    /// A read is wanted when the operation under way ends: that one may be too old.
    again: bool,
    /// Nothing is asked before this time: it failed.
    retry_at: Option<u64>,
    timing: Timing,
    failures: Pause,
    /// Conflicts that the attempt under way has met.
    conflicts: u32,
}

/// An attempt that meets more conflicts makes a pause after each.
const CONFLICTS: u32 = 4;

impl RegisterClient {
    pub fn new(timing: Timing) -> Self {
        RegisterClient {
            operation: Operation::None,
            attempt: None,
            again: false,
            retry_at: None,
            timing,
            failures: Pause::default(),
            conflicts: 0,
        }
    }

    /// The record of an attempt whose outcome is not known.
    pub fn undecided(&self) -> Option<&Record> {
        self.attempt.as_ref().map(|(record, _)| record)
    }

    /// Nothing under way: an attempt could be started on the read just seen.
    pub fn is_free(&self) -> bool {
        self.operation == Operation::None && self.attempt.is_none()
    }

    /// Wants a linearizable read that begins from now on; while the register fails, after a pause.
    pub fn read(&mut self, out: &mut Vec<Effect>) {
        if self.operation == Operation::None && self.retry_at.is_none() {
            self.ask(out);
        } else {
            self.again = true;
        }
    }

    /// Begins an attempt on what was just read.
    pub fn write(&mut self, base: Observed, record: Record, out: &mut Vec<Effect>) {
        assert!(self.is_free(), "one attempt at a time per replica (rule 1)");
        self.attempt = Some((record, base));
        self.conflicts = 0;
        self.send(out);
    }

    pub fn on_written(&mut self, answer: WriteAnswer, now: u64, out: &mut Vec<Effect>) -> Verdict {
        self.operation = Operation::None;
        match answer {
            WriteAnswer::Written => {
                reached!("attempt won");
                self.failures.reset();
                let (record, base) = self.attempt.take().expect("a write belongs to an attempt");
                self.read_again(out);
                Verdict::Won(record, base.uid)
            }
            WriteAnswer::Conflict => {
                reached!("attempt met a conflict");
                correct!(
                    {},
                    "conflict-is-won" => return self.won_unseen(),
                    "conflict-is-lost" => self.attempt = None,
                );
                self.conflicts = self.conflicts.saturating_add(1);
                match self.conflicts > CONFLICTS {
                    true => self.back_off(now),
                    false => self.ask(out),
                }
                Verdict::Pending
            }
            WriteAnswer::NoAnswer(_) => {
                reached!("attempt unknown");
                correct!(
                    {},
                    "unknown-is-won" => return self.won_unseen(),
                    "unknown-is-lost" => self.attempt = None,
                );
                self.back_off(now);
                Verdict::Pending
            }
        }
    }

    pub fn on_read(
        &mut self,
        result: Result<Observed, RegisterFailure>,
        now: u64,
        out: &mut Vec<Effect>,
    ) -> Verdict {
        self.operation = Operation::None;
        let observed = match result {
            Ok(observed) => observed,
            Err(failure) => {
                self.back_off(now);
                return Verdict::Failed(failure);
            }
        };
        let Some((record, base)) = &mut self.attempt else {
            self.failures.reset();
            self.read_again(out);
            return Verdict::Seen(observed);
        };
        let epoch_of = |o: &Observed| o.record.as_ref().map_or(0, |r| r.epoch);
        let seen: Epoch = epoch_of(&observed);
        if observed.uid == base.uid && seen == epoch_of(base) {
            correct!({}, "unlanded-is-lost" => return self.give_up(observed));
            // Not landed yet. It still may: the same nonce goes over the version just read.
            reached!("attempt not landed yet, repeated");
            *base = observed;
            self.send(out);
            return Verdict::Pending;
        }
        let is_mine = |r: &Record| correct!(r.nonce == record.nonce, "any-nonce-is-mine" => true);
        let mine = observed.uid == base.uid && observed.record.as_ref().is_some_and(is_mine);
        let won = record.clone();
        self.attempt = None;
        self.failures.reset();
        self.read_again(out);
        if mine {
            reached!("attempt won though unanswered");
            return Verdict::Won(won, observed.uid);
        }
        reached!("attempt lost");
        Verdict::Lost(observed)
    }

    pub fn on_tick(&mut self, now: u64, out: &mut Vec<Effect>) {
        if self.operation == Operation::None && self.retry_at.is_some_and(|at| at <= now) {
            match self.attempt.is_some() || self.again {
                true => self.ask(out),
                false => self.retry_at = None,
            }
        }
    }

    /// What was read contradicts what is known: the attempt counts for nothing any more.
    pub fn give_up(&mut self, observed: Observed) -> Verdict {
        self.operation = Operation::None;
        self.attempt = None;
        Verdict::Lost(observed)
    }

    /// A wrong version of an answer that decides nothing.
    fn won_unseen(&mut self) -> Verdict {
        let attempt = self.attempt.take();
        attempt.map_or(Verdict::Pending, |(record, base)| Verdict::Won(record, base.uid))
    }

    /// Asks nothing for a while, the longer the oftener it has failed in a row.
    fn back_off(&mut self, now: u64) {
        let pause = self.failures.next(self.timing.retry, self.timing.longest_pause());
        self.retry_at = Some(now + pause);
    }

    fn read_again(&mut self, out: &mut Vec<Effect>) {
        if std::mem::take(&mut self.again) {
            self.ask(out);
        }
    }

    fn ask(&mut self, out: &mut Vec<Effect>) {
        self.operation = Operation::Reading;
        self.retry_at = None;
        self.again = false;
        out.push(Effect::ReadRegister);
    }

    fn send(&mut self, out: &mut Vec<Effect>) {
        let (record, base) = self.attempt.clone().expect("an attempt is under way");
        self.operation = Operation::Writing;
        out.push(Effect::WriteRegister { base, record });
    }
}
