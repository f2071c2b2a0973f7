//! A machine together with the log positions and clocks that a replica would give it.
#![allow(dead_code, clippy::unwrap_used)]

use bytes::Bytes;
use understudy_machine::{
    Command, Failure, FailureCode, Frozen, Input, KeepSession, KvMachine, Machine, Moment,
    OpenSession, Operation, Outcome, PutResult, Response, Stamp, TxnResult,
};

pub const SECOND: u64 = 1_000_000_000;

pub struct Driver {
    pub machine: KvMachine,
    pub index: u64,
    pub elapsed: u64,
}

impl Driver {
    pub fn new() -> Self {
        Driver { machine: KvMachine::new(), index: 0, elapsed: 0 }
    }

    pub fn feed(&mut self, input: Input<'_>) -> Response {
        self.index += 1;
        let moment = Moment { index: self.index, wall: 1_000 + self.index, elapsed: self.elapsed };
        self.machine.apply(moment, input)
    }

    pub fn payload(&mut self, payload: &[u8]) -> Response {
        self.feed(Input::Command(&Bytes::copy_from_slice(payload)))
    }

    pub fn command(&mut self, command: Command) -> Response {
        self.feed(Input::Command(&command.to_payload()))
    }

    pub fn run(&mut self, operation: impl Into<Operation>) -> Response {
        self.command(Command::new(operation))
    }

    pub fn owned(&mut self, owner: &'static str, operation: impl Into<Operation>) -> Response {
        let owner = Bytes::from_static(owner.as_bytes());
        self.command(Command::new(operation).owned_by(&owner))
    }

    pub fn stamped(
        &mut self,
        session: u64,
        sequence: u64,
        received_below: u64,
        operation: impl Into<Operation>,
    ) -> Response {
        let stamp = Stamp { session, sequence, received_below };
        self.command(Command::stamped(stamp, operation))
    }

    pub fn open_session(&mut self, ttl: u64) -> u64 {
        match self.run(OpenSession { ttl }).result {
            Some(Outcome::SessionOpened(opened)) => opened.session,
            other => panic!("no session: {other:?}"),
        }
    }

    pub fn keep(&mut self, session: u64) -> Response {
        self.run(KeepSession { session })
    }

    /// Lets logged time pass, without an entry.
    pub fn pass(&mut self, nanoseconds: u64) {
        self.elapsed += nanoseconds;
    }

    pub fn tick(&mut self) -> Response {
        self.feed(Input::Tick)
    }

    pub fn value(&self, key: &str) -> Option<Bytes> {
        self.machine.get(key.as_bytes()).map(|found| found.value)
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.machine.freeze().write(&mut bytes).unwrap();
        bytes
    }

    /// What a state and its index look like, to see that something left it alone.
    pub fn keys(&self) -> (i64, Vec<understudy_machine::KeyValue>) {
        let all = understudy_machine::KeyRange::all();
        (self.machine.revision(), self.machine.range(&all, usize::MAX, usize::MAX).keys)
    }
}

pub trait Answer {
    fn why(&self) -> Failure;
    fn put(self) -> PutResult;
    fn txn(self) -> TxnResult;
}

impl Answer for Response {
    #[track_caller]
    fn why(&self) -> Failure {
        *self.failure().unwrap_or_else(|| panic!("executed: {self:?}"))
    }

    #[track_caller]
    fn put(self) -> PutResult {
        match self.result {
            Some(Outcome::Put(put)) => put,
            other => panic!("no put: {other:?}"),
        }
    }

    #[track_caller]
    fn txn(self) -> TxnResult {
        match self.result {
            Some(Outcome::Txn(txn)) => txn,
            other => panic!("no transaction: {other:?}"),
        }
    }
}

#[track_caller]
pub fn assert_failed(response: &Response, code: FailureCode) {
    assert_eq!(response.why().code(), code, "{response:?}");
}
