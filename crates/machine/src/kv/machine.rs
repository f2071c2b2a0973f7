//! The machine that executes commands.

use std::{io, mem};

use bytes::Bytes;
use prost::Message;
use twox_hash::XxHash3_64;
use understudy_evidence::correct;

use super::change::Change;
use super::execution::{Execution, response_too_large};
use super::held::Held;
use super::memory::{self, Budget};
use super::mt19937::Mt19937;
use super::sessions::{SMALL, Verdict};
use super::state::State;
use super::{FrozenKv, digest, restore};
use crate::command::{MAX_OWNER, OWNER_KEY};
use crate::{
    Command, Compacted, Draw, Failure, FailureCode, GeneratorSet, Input, Machine, Moment,
    Operation, Outcome, QuotaSet, Response, RestoreError, SeedGenerator, SessionClosed,
    SessionKept, SessionOpened, SetMemory, Stamp, Time,
};

/// How much of expiry one input does: sessions looked at, plus responses freed; and leases looked at.
const EXPIRY_WORK: u64 = 4096;
/// Bytes of room that are kept from one operation to the next.
const ROOM: usize = 64 << 10;

/// Bytes of the maps' nodes that an entry copies where a frozen state keeps the old ones, about.
const COPIED: u64 = 4096;
/// Bytes of all nodes for each key.
const NODES: u64 = 256;

/// The key-value machine: ordered keys with revisions, transactions, sessions, leases, quotas.
#[derive(Debug)]
pub struct KvMachine {
    pub(super) state: State,
    /// Changes of the last operation; kept for its room.
    pub(super) changes: Vec<Change>,
    /// Bytes of memory that the state took before this input, without history.
    lasting: u64,
    /// Room to encode a response in.
    encoded: Vec<u8>,
    /// Room to fold the digest in.
    folded: Vec<u8>,
}

impl Machine for KvMachine {
    type Output = Response;
    type Frozen = FrozenKv;

    fn apply(&mut self, moment: Moment, input: Input<'_>) -> Response {
        assert!(
            moment.index > self.state.index,
            "entry {} was fed after entry {}",
            moment.index,
            self.state.index
        );
        self.state.index = moment.index;
        self.lasting = self.state.lasting();
        self.changes.clear();
        if input == Input::Open {
            self.state.expire_all();
        }
        self.state.elapsed = self.state.elapsed.max(moment.elapsed);
        if input == Input::Open {
            self.state.renew_all();
        }
        self.state.expire(EXPIRY_WORK);
        let response = match input {
            Input::Command(payload) => self.command(moment, payload),
            Input::Tick => self.tick(),
            Input::Open | Input::Settings => self.respond(None),
        };
        self.state.digest = digest::fold(
            self.state.digest,
            &mut self.folded,
            (moment, input),
            &self.state,
            &self.changes,
            &self.encoded,
        );
        if !self.changes.is_empty() {
            let State { history, digest, elapsed, .. } = &mut self.state;
            history.push(&mut self.changes, *digest, *elapsed);
        }
        if input == Input::Open {
            self.state.history.begin_term(self.state.digest);
        }
        let memory = self.state.left_for_history();
        self.state.history.trim(&self.state.quota, self.state.elapsed, memory);
        self.tidy();
        response
    }

    fn digest(&self) -> u64 {
        self.state.digest
    }

    fn deadline(&self) -> Option<u64> {
        // What one input could not forget is left to the next, which is due at once.
        let State { history, quota, sessions, leases, elapsed, .. } = &self.state;
        let memory = self.state.left_for_history();
        if history.is_too_long(quota, *elapsed, memory) || leases.is_ending() {
            return Some(0);
        }
        let firsts = [sessions.deadlines.first(), leases.deadlines.first()];
        firsts.into_iter().flatten().min()
    }

    fn freeze(&self) -> FrozenKv {
        FrozenKv::new(self.state.clone())
    }

    fn snapshot_bytes(&self) -> u64 {
        self.state.snapshot_bytes()
    }

    fn memory(&self) -> u64 {
        self.state.memory()
    }

    fn copied_bytes(&self, entries: u64) -> u64 {
        (entries * COPIED).min(self.state.keyspace.len() * NODES)
    }

    fn limit_memory(&self, bytes: u64) -> Option<Bytes> {
        let Budget(now) = self.state.budget;
        (bytes != now).then(|| Command::new(SetMemory { bytes }).to_payload())
    }

    fn restore(source: &mut dyn io::Read) -> Result<Self, RestoreError> {
        restore::restore(source).map(Self::from_state)
    }
}

impl Default for KvMachine {
    fn default() -> Self {
        Self::new()
    }
}

impl KvMachine {
    /// An empty store, as both replicas begin.
    pub fn new() -> Self {
        Self::from_state(State::new())
    }

    fn from_state(state: State) -> Self {
        KvMachine {
            state,
            changes: Vec::new(),
            lasting: 0,
            encoded: Vec::new(),
            folded: Vec::new(),
        }
    }

    /// Gives back what the last operation needed beyond the ordinary.
    fn tidy(&mut self) {
        self.changes.clear();
        self.changes.shrink_to(ROOM / size_of::<Change>());
        self.encoded.shrink_to(ROOM);
        self.folded.shrink_to(ROOM);
    }

    fn command(&mut self, moment: Moment, payload: &Bytes) -> Response {
        // Decoding from a slice copies, so that what is kept does not pin the entry's buffer.
        match Command::decode(&payload[..]) {
            Ok(command) if command.owner.len() <= MAX_OWNER => match command.stamp {
                None => self.execute(moment, command.operation, None, &command.owner),
                Some(stamp) => {
                    let hash = hash(&command, payload);
                    self.once(moment, &stamp, (command.operation, &command.owner), hash)
                }
            },
            _ => self.refuse(Failure::new(FailureCode::BadCommand)),
        }
    }

    /// Executes a stamped operation, unless it was already.
    fn once(
        &mut self,
        moment: Moment,
        stamp: &Stamp,
        (operation, owner): (Option<Operation>, &Bytes),
        hash: u64,
    ) -> Response {
        match self.state.sessions.consult(stamp, hash, self.state.elapsed) {
            Err(failure) => self.refuse(failure),
            Ok(Verdict::Answered(response)) => self.repeat(&response),
            Ok(Verdict::Fresh) => {
                let response = self.execute(moment, operation, Some(stamp), owner);
                let answer = Bytes::copy_from_slice(&self.encoded);
                self.state.sessions.remember(stamp, Held { operation: hash, response: answer });
                response
            }
        }
    }

    fn execute(
        &mut self,
        moment: Moment,
        operation: Option<Operation>,
        stamp: Option<&Stamp>,
        owner: &Bytes,
    ) -> Response {
        let outcome = match operation {
            None => Err(Failure::new(FailureCode::BadCommand)),
            Some(Operation::SetQuota(change)) => self.state.quota.changed(&change).map(|quota| {
                self.state.quota = quota;
                Outcome::QuotaSet(QuotaSet {})
            }),
            Some(Operation::SetMemory(set)) => {
                self.state.budget = Budget(set.bytes);
                Ok(Outcome::QuotaSet(QuotaSet {}))
            }
            Some(Operation::Compact(compact)) => {
                self.state.check_kept(compact.revision).map(|()| {
                    self.state.history.compact(compact.revision);
                    Outcome::Compacted(Compacted {})
                })
            }
            Some(operation @ (Operation::Put(_) | Operation::Delete(_) | Operation::Txn(_))) => {
                return self.change(operation, stamp, owner);
            }
            Some(Operation::Draw(draw)) => return self.draw(&draw, stamp),
            Some(Operation::SeedGenerator(seed)) => {
                self.set_generator(&seed.name, Some(Mt19937::seeded(&seed.seed)), owner)
            }
            Some(Operation::SetGenerator(set)) => {
                self.set_generator(&set.name, Mt19937::in_state(&set.words, set.position), owner)
            }
            Some(Operation::Now(_)) => {
                let (wall, elapsed) = (moment.wall, self.state.elapsed);
                Ok(Outcome::Time(Time { wall, elapsed }))
            }
            Some(
                ref lease @ (Operation::GrantLease(_)
                | Operation::KeepLease(_)
                | Operation::RevokeLease(_)),
            ) => self.lease_operation(lease, owner),
            Some(operation) => self.session_operation(operation, stamp, owner),
        };
        match outcome {
            Ok(outcome) => self.respond(Some(outcome)),
            Err(failure) => self.refuse(failure),
        }
    }

    fn set_generator(
        &mut self,
        name: &str,
        to: Option<Mt19937>,
        owner: &Bytes,
    ) -> Result<Outcome, Failure> {
        if self.state.generators.get(name).is_none() {
            self.check_growth(memory::GENERATOR)?;
        }
        let State { generators, quota, .. } = &mut self.state;
        generators.set(name, to.ok_or(Failure::new(FailureCode::BadCommand))?, owner, quota)?;
        Ok(Outcome::GeneratorSet(GeneratorSet {}))
    }

    /// Draws, if the answer may be given and kept for retries.
    fn draw(&mut self, draw: &Draw, stamp: Option<&Stamp>) -> Response {
        let attempt = self.state.generators.draw(draw).and_then(|(next, drawn)| {
            let result = Some(Outcome::Drawn(drawn));
            let response = Response { revision: self.state.revision, result };
            encode(&response, &mut self.encoded);
            self.check_response(stamp)?;
            self.state.generators.keep(&draw.name, next);
            Ok(response)
        });
        attempt.unwrap_or_else(|failure| self.refuse(failure))
    }

    fn session_operation(
        &mut self,
        operation: Operation,
        stamp: Option<&Stamp>,
        owner: &Bytes,
    ) -> Result<Outcome, Failure> {
        if stamp.is_none() && matches!(operation, Operation::OpenSession(_)) {
            // Alone: keys leave room for it, even where they have taken all that they can.
            self.state.budget.check(self.lasting, 0, self.lasting + memory::SESSION)?;
        }
        let State { index, elapsed, ref quota, ref mut sessions, .. } = self.state;
        match operation {
            _ if stamp.is_some() => Err(Failure::new(FailureCode::BadCommand)),
            Operation::OpenSession(open) => {
                let ttl = sessions.open(index, open.ttl, elapsed, owner, quota)?;
                Ok(Outcome::SessionOpened(SessionOpened { session: index, ttl }))
            }
            Operation::KeepSession(keep) => {
                let ttl = sessions.keep(keep.session, elapsed)?;
                Ok(Outcome::SessionKept(SessionKept { ttl }))
            }
            Operation::CloseSession(close) => {
                sessions.close(close.session, elapsed)?;
                Ok(Outcome::SessionClosed(SessionClosed {}))
            }
            _ => Err(Failure::new(FailureCode::BadCommand)),
        }
    }

    /// Executes an operation on the keys: all of it, or nothing and why.
    fn change(&mut self, operation: Operation, stamp: Option<&Stamp>, owner: &Bytes) -> Response {
        let frees = matches!(operation, Operation::Delete(_));
        let (changes, State { keyspace, leases, quota, revision, elapsed, .. }) =
            (mem::take(&mut self.changes), &mut self.state);
        let at = (*revision + 1, *elapsed);
        let mut execution = Execution::new((keyspace, leases), (quota, owner), at, changes);
        let attempt = execution.run(operation);
        let granted;
        (self.changes, granted) = execution.into_changes();
        let attempt = attempt.and_then(|response| {
            encode(&response, &mut self.encoded);
            self.check_response(stamp)?;
            let more = granted.len() as u64 * memory::LEASE;
            if !frees {
                self.check_growth(more)?;
            }
            Ok(response)
        });
        let State { keyspace, leases, revision, elapsed, .. } = &mut self.state;
        match attempt {
            Ok(response) => {
                *revision = response.revision;
                granted.into_iter().for_each(|(id, ttl)| leases.grant(id, ttl, *elapsed, owner));
                leases.follow(&self.changes);
                response
            }
            Err(failure) => {
                while let Some(change) = self.changes.pop() {
                    keyspace.undo(change);
                }
                self.refuse(failure)
            }
        }
    }

    /// Whether the state, as it is now, may take this many more bytes of memory.
    pub(super) fn check_growth(&self, more: u64) -> Result<(), Failure> {
        let after = self.state.lasting().saturating_add(more);
        self.state.budget.check(self.lasting, after, 0)
    }

    /// Whether the encoded response may be given, and kept for retries.
    fn check_response(&self, stamp: Option<&Stamp>) -> Result<(), Failure> {
        let State { budget, quota, sessions, .. } = &self.state;
        let length = self.encoded.len() as u64;
        let frame = correct!(FRAME, "response-without-its-frame" => 0);
        if length + frame > quota.max_response_bytes {
            return Err(response_too_large(quota));
        }
        let Some(stamp) = stamp.filter(|_| length > SMALL) else { return Ok(()) };
        sessions.check_room(stamp.session, length, quota)?;
        let held = memory::of_held(1, length);
        budget.check(self.lasting, 0, self.state.lasting().saturating_add(held))
    }

    /// Answers as the first execution did, byte for byte.
    fn repeat(&mut self, held: &Bytes) -> Response {
        self.encoded.clear();
        self.encoded.extend_from_slice(held);
        Response::decode(&held[..]).expect("a held response was encoded here or checked by restore")
    }

    fn refuse(&mut self, failure: Failure) -> Response {
        self.respond(Some(Outcome::Failure(failure)))
    }

    pub(super) fn respond(&mut self, result: Option<Outcome>) -> Response {
        let response = Response { revision: self.state.revision, result };
        encode(&response, &mut self.encoded);
        response
    }
}

/// Bytes of a client's message that its response does not have: the header (up to 42), the frame of a result in a
/// stream (up to 23), and revisions that the contract tells in both (up to 35).
const FRAME: u64 = 128;

/// The hash of an operation: of the payload without its stamp, which is encoded first, and its owner, which is
/// encoded last: a retry may carry others. Without a seed that each try draws for itself.
fn hash(command: &Command, payload: &[u8]) -> u64 {
    let operation = command.operation.as_ref();
    if let Some(Operation::SeedGenerator(seed)) = operation
        && seed.drawn
    {
        let seed = SeedGenerator { seed: Bytes::new(), ..seed.clone() };
        return XxHash3_64::oneshot(&seed.encode_to_vec());
    }
    let owner = match command.owner.len() {
        0 => 0,
        length => prost::length_delimiter_len(length) + length + OWNER_KEY,
    };
    let end = payload.len().saturating_sub(owner);
    let length = operation.map_or(0, Operation::encoded_len);
    XxHash3_64::oneshot(&payload[end.saturating_sub(length)..end])
}

fn encode(response: &Response, buffer: &mut Vec<u8>) {
    buffer.clear();
    response.encode(buffer).expect("a vector grows as an encoder needs");
}
