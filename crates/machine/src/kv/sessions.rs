//! All sessions: which are alive, and what was answered.

use std::ops::Bound;

use bytes::Bytes;
use imbl::OrdMap;
use understudy_evidence::correct;

use super::deadlines::{Deadlines, Life};
use super::held::Held;
use super::memory;
use super::quota::Quota;
use super::session::Session;
use super::shares::Shares;
use crate::{Failure, FailureCode, Limit, SessionInfo, Stamp};

/// Responses up to this length are held also where a quota on held bytes is used up: every
/// failure is shorter, so that a refusal can always be remembered.
pub(crate) const SMALL: u64 = 64;

/// The lifetime of a session that asks for none, nanoseconds: five minutes.
const DEFAULT_TTL: u64 = 300_000_000_000;

/// The table of sessions.
///
/// *Expired or never issued?* An id is a log index, and ids rise. An id above the highest one
/// issued never existed; any other that is not alive is gone. So a number at or below the highest
/// id that some client made up, and that was never a session, counts as expired: telling it apart
/// would take memory that grows for ever, and in either case nothing is executed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions {
    pub(super) alive: OrdMap<u64, Session>,
    pub(super) deadlines: Deadlines,
    /// The highest id issued.
    pub(super) highest: u64,
    held_bytes: u64,
    /// What each owner has of them.
    shares: Shares,
    /// How many answers are held.
    held: u64,
}

/// What a good stamp means.
pub(crate) enum Verdict {
    /// Not executed yet.
    Fresh,
    /// Executed, with this encoded response.
    Answered(Bytes),
}

impl Sessions {
    pub fn len(&self) -> u64 {
        self.alive.len() as u64
    }

    pub fn held_bytes(&self) -> u64 {
        self.held_bytes
    }

    pub fn shares(&self) -> &Shares {
        &self.shares
    }

    /// Bytes of memory that they take, about.
    pub fn memory(&self) -> u64 {
        self.len() * memory::SESSION + memory::of_held(self.held, self.held_bytes)
    }

    /// Issues a session, if the quota and its owner's share allow it; returns its lifetime.
    pub fn open(
        &mut self,
        id: u64,
        ttl: u64,
        now: u64,
        owner: &Bytes,
        quota: &Quota,
    ) -> Result<u64, Failure> {
        let (least, most) = (quota.min_session_ttl, quota.max_session_ttl);
        let ttl = if ttl == 0 { DEFAULT_TTL.clamp(least, most) } else { ttl };
        if ttl < least {
            return Err(out_of_bounds(Limit::MinSessionTtl, least, ttl));
        }
        if ttl > most {
            return Err(out_of_bounds(Limit::MaxSessionTtl, most, ttl));
        }
        let kind = (Limit::Sessions, quota.max_sessions);
        self.shares.check(kind, (self.len(), 1), owner, quota)?;
        self.insert(id, Session::new(Life::new(ttl, now), owner.clone()));
        self.highest = id;
        Ok(ttl)
    }

    /// Adds a session as it is.
    pub fn insert(&mut self, id: u64, mut session: Session) {
        session.owner = self.shares.add(&session.owner);
        self.deadlines.add(id, &session.life);
        self.held_bytes += session.held_bytes;
        self.held += session.held.len() as u64;
        self.alive.insert(id, session);
    }

    /// Renews a session; returns its lifetime.
    pub fn keep(&mut self, id: u64, now: u64) -> Result<u64, Failure> {
        let session = self.alive_mut(id, now)?;
        session.life.used = now;
        Ok(session.life.ttl)
    }

    pub fn close(&mut self, id: u64, now: u64) -> Result<(), Failure> {
        self.alive_mut(id, now)?;
        self.remove(id);
        Ok(())
    }

    pub fn info(&self, id: u64, now: u64) -> Result<SessionInfo, Failure> {
        self.find(id, now).map(|session| self.told(id, session, now))
    }

    /// Those that are alive, by id, after the one that is given.
    pub fn infos(&self, after: u64, now: u64) -> impl Iterator<Item = SessionInfo> {
        let all = self.alive.range((Bound::Excluded(after), Bound::Unbounded));
        let alive = all.filter(move |(_, session)| !self.deadlines.is_over(&session.life, now));
        alive.map(move |(id, session)| self.told(*id, session, now))
    }

    fn told(&self, id: u64, session: &Session, now: u64) -> SessionInfo {
        SessionInfo {
            session: id,
            ttl: session.life.ttl,
            left: self.deadlines.end(&session.life).saturating_sub(now),
            trim: session.trim,
            held: session.held.len() as u64,
            held_bytes: session.held_bytes,
            owner: session.owner.clone(),
        }
    }

    /// Judges a stamp on an operation with this hash. A good one counts as a use and trims what
    /// the client has received; a bad one changes nothing.
    pub fn consult(&mut self, stamp: &Stamp, operation: u64, now: u64) -> Result<Verdict, Failure> {
        let Stamp { session, sequence, received_below } = *stamp;
        let session = self.alive_mut(session, now)?;
        if sequence <= session.trim {
            let failure = sequence_failure(FailureCode::SequenceTrimmed, session.trim, sequence);
            return correct!(Err(failure), "trimmed-executed-again" => Ok(Verdict::Fresh));
        }
        if received_below > sequence {
            return Err(Failure::new(FailureCode::BadCommand));
        }
        let trim = session.trim.max(received_below.saturating_sub(1));
        let end = Session::window_end(trim);
        if sequence > end {
            return Err(sequence_failure(FailureCode::SequenceOutsideWindow, end, sequence));
        }
        let held = session.held.get(&sequence);
        let verdict = match correct!(held, "retry-executed-again" => None) {
            None => Verdict::Fresh,
            Some(held) if held.operation == operation => Verdict::Answered(held.response.clone()),
            Some(_) => return Err(Failure::found(FailureCode::SequenceReused, sequence)),
        };
        session.life.used = now;
        let held = session.held.len();
        let freed = session.trim_to(trim);
        let fewer = held - session.held.len();
        self.held_bytes -= freed;
        self.held -= fewer as u64;
        Ok(verdict)
    }

    /// Whether a response of `length` bytes may be held for `session`.
    pub fn check_room(&self, session: u64, length: u64, quota: &Quota) -> Result<(), Failure> {
        if length <= SMALL {
            return Ok(());
        }
        let own = self.alive.get(&session).map_or(0, |session| session.held_bytes);
        let quotas = [
            (Limit::SessionHeldBytes, quota.max_session_held_bytes, own + length),
            (Limit::HeldBytes, quota.max_held_bytes, self.held_bytes + length),
        ];
        for (what, limit, after) in quotas {
            if after > limit {
                return Err(Failure::beyond(FailureCode::QuotaExceeded, what, limit, after));
            }
        }
        Ok(())
    }

    /// Holds the answer to a fresh stamp for its retries.
    pub fn remember(&mut self, stamp: &Stamp, held: Held) {
        if let Some(session) = self.alive.get_mut(&stamp.session) {
            self.held_bytes += held.weight();
            let before = session.held.len();
            session.hold(stamp.sequence, held);
            self.held += (session.held.len() - before) as u64;
        }
    }

    /// Removes sessions whose deadline has come, oldest first: as many as cost so much work, sessions
    /// looked at plus responses freed.
    pub fn expire(&mut self, now: u64, most: u64) {
        let mut work = 0;
        while work < most
            && let Some(id) = self.deadlines.due(now)
        {
            work += 1;
            let Some(session) = self.alive.get_mut(&id) else {
                unreachable!("session {id} is queued and not alive");
            };
            if self.deadlines.look(id, &mut session.life, now) {
                work += session.held.len() as u64;
                self.remove(id);
            }
        }
    }

    fn remove(&mut self, id: u64) {
        if let Some(session) = self.alive.remove(&id) {
            self.deadlines.remove(id, &session.life);
            self.held_bytes -= session.held_bytes;
            self.shares.remove(&session.owner);
            self.held -= session.held.len() as u64;
        }
    }

    /// The session, if it is alive: one whose deadline has come is not, whether or not the batches
    /// of [`Sessions::expire`] have reached it.
    fn find(&self, id: u64, now: u64) -> Result<&Session, Failure> {
        match self.alive.get(&id) {
            Some(session) if !self.deadlines.is_over(&session.life, now) => Ok(session),
            None if id == 0 || id > self.highest => {
                Err(Failure::found(FailureCode::SessionUnknown, id))
            }
            _ => Err(Failure::found(FailureCode::SessionExpired, id)),
        }
    }

    fn alive_mut(&mut self, id: u64, now: u64) -> Result<&mut Session, Failure> {
        self.find(id, now)?;
        Ok(self.alive.get_mut(&id).expect("a session that was found is in the table"))
    }
}

fn out_of_bounds(what: Limit, limit: u64, actual: u64) -> Failure {
    Failure::beyond(FailureCode::OutOfBounds, what, limit, actual)
}

fn sequence_failure(code: FailureCode, limit: u64, actual: u64) -> Failure {
    Failure { limit, actual, ..Failure::new(code) }
}
