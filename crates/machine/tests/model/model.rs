//! The model's sessions and quotas.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;
use understudy_machine::{
    Command, Compact, Compacted, Failure, FailureCode, Input, Limit, Moment, Operation, Outcome,
    Quota, QuotaSet, Response, SessionClosed, SessionKept, SessionOpened, Stamp, Usage,
};

use crate::common::SECOND;
use crate::shares;
use crate::store::Store;

/// Responses up to this length are held beyond the quota.
const SMALL: usize = 64;

struct Session {
    ttl: u64,
    deadline: u64,
    trim: u64,
    answers: BTreeMap<u64, (Option<Operation>, Response)>,
    owner: Bytes,
}

pub struct Model {
    pub store: Store,
    /// The oldest revision kept: told by the machine, which decides it by weight.
    pub oldest: i64,
    /// Every id ever issued, in order.
    pub issued: Vec<u64>,
    sessions: BTreeMap<u64, Session>,
    quota: Quota,
    now: u64,
}

type Done<T> = Result<T, Failure>;

impl Model {
    pub fn new() -> Self {
        Model {
            store: Store::default(),
            oldest: 0,
            issued: Vec::new(),
            sessions: BTreeMap::new(),
            quota: Quota::INITIAL,
            now: 0,
        }
    }

    pub fn apply(&mut self, moment: Moment, input: Input<'_>) -> Response {
        self.now = moment.elapsed;
        self.store.leases.now = moment.elapsed;
        if input == Input::Open {
            self.store.leases.renew_all();
            for session in self.sessions.values_mut() {
                session.deadline = self.now + session.ttl;
            }
        }
        self.sessions.retain(|_, session| session.deadline > self.now);
        self.store.expire();
        match input {
            Input::Tick => {
                self.store.delete_leftovers();
                Response { revision: self.store.revision, result: None }
            }
            Input::Command(payload) => match Command::decode(&payload[..]) {
                Ok(Command { stamp, operation, owner }) if owner.len() <= 64 => {
                    self.store.leases.owner = owner;
                    match stamp {
                        None => self.execute(moment, operation, None),
                        Some(stamp) => self.stamped(moment, stamp, operation),
                    }
                }
                _ => self.answer(Err(Failure::new(FailureCode::BadCommand))),
            },
            _ => Response { revision: self.store.revision, result: None },
        }
    }

    pub fn first_deadline(&self) -> Option<u64> {
        let sessions = self.sessions.values().map(|session| session.deadline).min();
        sessions.into_iter().chain(self.store.leases.first_deadline()).min()
    }

    pub fn session_left(&self, id: u64) -> Result<u64, FailureCode> {
        match self.sessions.get(&id) {
            Some(session) => Ok(session.deadline - self.now),
            None => Err(self.gone(id).code()),
        }
    }

    /// The sessions that are alive, and whose they are.
    pub fn owners(&self) -> Vec<(u64, Bytes)> {
        self.sessions.iter().map(|(id, session)| (*id, session.owner.clone())).collect()
    }

    pub fn usage(&self) -> Usage {
        let (keys, bytes) = self.store.usage();
        let held_bytes = self.sessions.values().map(held).sum();
        let sessions = self.sessions.len() as u64;
        let leases = self.store.leases.all.len() as u64;
        Usage { keys, bytes, sessions, leases, held_bytes, ..Usage::default() }
    }

    fn answer(&self, outcome: Done<Outcome>) -> Response {
        let result = Some(outcome.unwrap_or_else(Outcome::Failure));
        Response { revision: self.store.revision, result }
    }

    fn gone(&self, id: u64) -> Failure {
        let expired = id != 0 && self.issued.iter().any(|issued| id <= *issued);
        let code = if expired { FailureCode::SessionExpired } else { FailureCode::SessionUnknown };
        Failure::found(code, id)
    }

    fn stamped(&mut self, moment: Moment, stamp: Stamp, operation: Option<Operation>) -> Response {
        match self.judge(stamp, &operation) {
            Err(failure) => self.answer(Err(failure)),
            Ok(Some(answer)) => answer,
            Ok(None) => {
                let response = self.execute(moment, operation.clone(), Some(stamp));
                let session = self.sessions.get_mut(&stamp.session).unwrap();
                session.answers.insert(stamp.sequence, (operation, response.clone()));
                response
            }
        }
    }

    fn judge(&mut self, stamp: Stamp, operation: &Option<Operation>) -> Done<Option<Response>> {
        let Stamp { session: id, sequence, received_below } = stamp;
        let gone = self.gone(id);
        let session = self.sessions.get_mut(&id).ok_or(gone)?;
        let failure = |code, limit| Failure { limit, ..Failure::found(code, sequence) };
        if sequence <= session.trim {
            return Err(failure(FailureCode::SequenceTrimmed, session.trim));
        }
        if received_below > sequence {
            return Err(Failure::new(FailureCode::BadCommand));
        }
        let trim = session.trim.max(received_below.saturating_sub(1));
        if sequence > trim + 1024 {
            return Err(failure(FailureCode::SequenceOutsideWindow, trim + 1024));
        }
        let answer = session.answers.get(&sequence).cloned();
        if answer.as_ref().is_some_and(|(answered, _)| answered != operation) {
            return Err(failure(FailureCode::SequenceReused, 0));
        }
        session.trim = trim;
        session.answers.retain(|sequence, _| *sequence > trim);
        session.deadline = self.now + session.ttl;
        Ok(answer.map(|(_, response)| response))
    }

    fn execute(
        &mut self,
        moment: Moment,
        operation: Option<Operation>,
        stamp: Option<Stamp>,
    ) -> Response {
        let outcome = match operation {
            None => Err(Failure::new(FailureCode::BadCommand)),
            Some(Operation::SetQuota(change)) => self.quota.changed(&change).map(|quota| {
                self.quota = quota;
                Outcome::QuotaSet(QuotaSet {})
            }),
            Some(Operation::Compact(Compact { revision })) => {
                let refuse = |code, limit: i64| {
                    Err(Failure { limit: limit as u64, ..Failure::found(code, revision as u64) })
                };
                match revision {
                    _ if revision > self.store.revision => {
                        refuse(FailureCode::FutureRevision, self.store.revision)
                    }
                    _ if revision < self.oldest => refuse(FailureCode::Compacted, self.oldest),
                    _ => Ok(Outcome::Compacted(Compacted {})),
                }
            }
            Some(operation @ (Operation::Put(_) | Operation::Delete(_) | Operation::Txn(_))) => {
                return self.change(operation, stamp);
            }
            Some(Operation::GrantLease(grant)) => self.store.leases.granted(grant, &self.quota),
            Some(Operation::KeepLease(keep)) => self.store.leases.keep(keep.lease),
            Some(Operation::RevokeLease(revoke)) => self.store.revoke(revoke.lease),
            Some(_) if stamp.is_some() => Err(Failure::new(FailureCode::BadCommand)),
            Some(operation) => self.session_operation(moment, operation),
        };
        self.answer(outcome)
    }

    fn change(&mut self, operation: Operation, stamp: Option<Stamp>) -> Response {
        let attempt = self.store.run(operation, &self.quota).and_then(|(after, outcome)| {
            let response = Response { revision: after.revision, result: Some(outcome) };
            self.check_held(&response.to_bytes(), stamp)?;
            Ok((after, response))
        });
        match attempt {
            Ok((after, response)) => {
                self.store = after;
                response
            }
            Err(failure) => self.answer(Err(failure)),
        }
    }

    fn check_held(&self, response: &Bytes, stamp: Option<Stamp>) -> Done<()> {
        let Some(stamp) = stamp.filter(|_| response.len() > SMALL) else { return Ok(()) };
        let after = held(&self.sessions[&stamp.session]) + response.len() as u64;
        let limit = self.quota.max_session_held_bytes;
        if after > limit {
            let what = Limit::SessionHeldBytes;
            return Err(Failure::beyond(FailureCode::QuotaExceeded, what, limit, after));
        }
        Ok(())
    }

    fn session_operation(&mut self, moment: Moment, operation: Operation) -> Done<Outcome> {
        match operation {
            Operation::OpenSession(open) => self.open(moment.index, open.ttl),
            Operation::KeepSession(keep) => {
                let gone = self.gone(keep.session);
                let session = self.sessions.get_mut(&keep.session).ok_or(gone)?;
                session.deadline = self.now + session.ttl;
                Ok(Outcome::SessionKept(SessionKept { ttl: session.ttl }))
            }
            Operation::CloseSession(close) => {
                let gone = self.gone(close.session);
                self.sessions.remove(&close.session).ok_or(gone)?;
                Ok(Outcome::SessionClosed(SessionClosed {}))
            }
            other => panic!("not an operation on sessions: {other:?}"),
        }
    }

    fn open(&mut self, id: u64, ttl: u64) -> Done<Outcome> {
        let least = self.quota.min_session_ttl;
        let ttl = if ttl == 0 { 300 * SECOND } else { ttl };
        if ttl < least {
            let what = Limit::MinSessionTtl;
            return Err(Failure::beyond(FailureCode::OutOfBounds, what, least, ttl));
        }
        let owner = self.store.leases.owner.clone();
        let owners = self.sessions.values().map(|session| &session.owner);
        let kind = (Limit::Sessions, self.quota.max_sessions);
        shares::check(kind, owners, &owner, &self.quota)?;
        let (deadline, answers) = (self.now + ttl, BTreeMap::new());
        self.sessions.insert(id, Session { ttl, deadline, trim: 0, answers, owner });
        self.issued.push(id);
        Ok(Outcome::SessionOpened(SessionOpened { session: id, ttl }))
    }
}

fn held(session: &Session) -> u64 {
    session.answers.values().map(|(_, answer)| answer.to_bytes().len() as u64).sum()
}
