//! A structured account of why nothing was executed.

use std::fmt;

use crate::{FailureCode, Limit};

/// Why an operation was not executed. Its fields depend on the code: see [`FailureCode`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Failure {
    /// Why.
    #[prost(enumeration = "FailureCode", tag = "1")]
    pub code: i32,
    /// What the limit is on.
    #[prost(enumeration = "Limit", tag = "2")]
    pub what: i32,
    /// The limit.
    #[prost(uint64, tag = "3")]
    pub limit: u64,
    /// What was found instead.
    #[prost(uint64, tag = "4")]
    pub actual: u64,
    /// In a transaction: which element of its list, from 0.
    #[prost(uint32, optional, tag = "5")]
    pub operation: Option<u32>,
}

impl Failure {
    /// A failure that its code alone explains.
    pub fn new(code: FailureCode) -> Self {
        Failure { code: code.into(), ..Failure::default() }
    }

    /// A failure about one number.
    pub fn found(code: FailureCode, actual: u64) -> Self {
        Failure { actual, ..Failure::new(code) }
    }

    /// A failure against a limit.
    pub fn beyond(code: FailureCode, what: Limit, limit: u64, actual: u64) -> Self {
        Failure { code: code.into(), what: what.into(), limit, actual, operation: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { limit, actual, .. } = self;
        match self.code() {
            FailureCode::Unspecified => write!(f, "unspecified failure"),
            FailureCode::BadCommand => {
                write!(f, "the command cannot be understood: use a client of this version")
            }
            FailureCode::ConditionFailed if *actual == 0 => {
                write!(f, "condition failed: the key is missing")
            }
            FailureCode::ConditionFailed => {
                write!(f, "condition failed: the key was last changed at revision {actual}")
            }
            FailureCode::KeyEmpty => write!(f, "the key is empty: give it at least one byte"),
            FailureCode::KeyTooLong => {
                write!(f, "the key has {actual} bytes: at most {limit} are allowed")
            }
            FailureCode::ValueTooLong => {
                write!(f, "the value has {actual} bytes: at most {limit} are allowed")
            }
            FailureCode::TooManyOperations => write!(
                f,
                "the transaction's list has {actual} elements: at most {limit} are allowed"
            ),
            FailureCode::DuplicateKeyInTxn => {
                write!(f, "the transaction writes a key twice: write each key once")
            }
            FailureCode::TooManyKeys => {
                write!(f, "the range holds more than {limit} keys: give a limit or split it")
            }
            FailureCode::ResponseTooLarge => {
                write!(f, "the response would exceed {limit} bytes: ask for less")
            }
            FailureCode::QuotaExceeded if self.what() == Limit::Memory => write!(
                f,
                "the store would take {actual} bytes of memory, and the replica with the least has {limit} for \
                 it: free some, or give that replica more (see `understudy status`)"
            ),
            FailureCode::QuotaExceeded => write!(
                f,
                "the quota of {limit} {} would be exceeded: free some, or raise it with `understudy quota`",
                noun(self.what())
            ),
            FailureCode::ShareExceeded => write!(
                f,
                "one owner may have {limit} {} of the quota now: end some, or raise max-owner-percent with \
                 `understudy quota`",
                noun(self.what())
            ),
            FailureCode::LeaseUnknown => write!(f, "there is no lease {actual}: grant one first"),
            FailureCode::LeaseExists => {
                write!(f, "there is a lease {actual} already: choose another id")
            }
            FailureCode::OutOfBounds => {
                write!(f, "{actual} {} is out of bounds: the bound is {limit}", noun(self.what()))
            }
            FailureCode::Compacted => {
                write!(f, "revision {actual} is not kept, the oldest that is is {limit}")
            }
            FailureCode::FutureRevision => {
                write!(f, "revision {actual} does not exist yet, the newest is {limit}")
            }
            FailureCode::GeneratorUnknown => {
                write!(f, "there is no generator of that name: seed it")
            }
            FailureCode::SessionUnknown => write!(f, "session {actual} never existed: open one"),
            FailureCode::SessionExpired => write!(
                f,
                "session {actual} has expired or was closed: what was pending has an unknown outcome"
            ),
            FailureCode::SequenceTrimmed => write!(
                f,
                "sequence {actual} is at or below the trim mark {limit}: its answer was already received"
            ),
            FailureCode::SequenceOutsideWindow => write!(
                f,
                "sequence {actual} is beyond the session's window, which ends at {limit}: receive answers first"
            ),
            FailureCode::SequenceReused => write!(
                f,
                "sequence {actual} was used for a different operation: use each sequence once"
            ),
        }?;
        match self.operation {
            Some(operation) => write!(f, " (element {operation} of the transaction)"),
            None => Ok(()),
        }
    }
}

fn noun(what: Limit) -> &'static str {
    match what {
        Limit::Unspecified => "units",
        Limit::Keys => "keys",
        Limit::Bytes => "bytes of keys and values",
        Limit::KeyBytes => "bytes a key",
        Limit::ValueBytes => "bytes a value",
        Limit::TxnOperations => "operations a transaction",
        Limit::RangeKeys => "keys a range",
        Limit::ResponseBytes => "bytes a response",
        Limit::Sessions => "sessions",
        Limit::MinSessionTtl | Limit::MaxSessionTtl => "nanoseconds of lifetime",
        Limit::SessionHeldBytes => "bytes of held responses in the session",
        Limit::HeldBytes => "bytes of held responses",
        Limit::HistoryRevisions => "revisions of history",
        Limit::HistoryBytes => "bytes of history",
        Limit::Generators => "generators",
        Limit::Leases => "leases",
        Limit::HistoryAge => "nanoseconds of history",
        Limit::OwnerPercent => "percent",
        Limit::Memory => "bytes of memory",
    }
}
