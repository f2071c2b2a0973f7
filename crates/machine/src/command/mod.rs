//! The operations of the key-value machine, as the log carries them.

mod compact;
mod compare;
mod delete;
mod get;
mod key_range;
mod lease;
mod put;
mod random;
mod session;
mod set_memory;
mod set_quota;
mod stamp;
mod txn;

use bytes::Bytes;
use prost::Message;

pub use compact::Compact;
pub use compare::{Compare, Relation, Target};
pub use delete::Delete;
pub use get::Get;
pub use key_range::{Between, KeyRange};
pub use lease::{GrantLease, KeepLease, RevokeLease};
pub use put::{Lifetime, Put};
pub use random::{Draw, Now, Random, SeedGenerator, SetGenerator};
pub use session::{CloseSession, KeepSession, OpenSession};
pub use set_memory::SetMemory;
pub use set_quota::SetQuota;
pub use stamp::Stamp;
pub use txn::{Step, Txn, TxnOperation};

/// Bytes of an upkeep command, at most.
const UPKEEP: usize = 16 << 10;

/// The payload of a command entry.
///
/// The machine answers `BAD_COMMAND` to bytes that do not decode, to a command without an
/// operation and to a session operation that carries a stamp.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Command {
    /// Makes the operation exactly-once; without it a retry executes again.
    #[prost(message, optional, tag = "1")]
    pub stamp: Option<Stamp>,
    /// What to do.
    #[prost(oneof = "Operation", tags = "2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17")]
    pub operation: Option<Operation>,
    /// Whose share of the quotas that counts for which it makes, sessions, leases and generators: at most 64
    /// bytes that mean nothing to the machine, else it is a bad command. Empty: nobody's.
    #[prost(bytes = "bytes", tag = "18")]
    pub owner: Bytes,
}

/// Bytes of an owner, at most.
pub(crate) const MAX_OWNER: usize = 64;
/// Bytes of the key of the field, which is encoded last.
pub(crate) const OWNER_KEY: usize = 2;

/// What a command does. Each is one operation: atomic, and at most one revision.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Operation {
    /// Writes one key.
    #[prost(message, tag = "2")]
    Put(Put),
    /// Removes the keys of a range.
    #[prost(message, tag = "3")]
    Delete(Delete),
    /// Compares, then does one of two lists of operations.
    #[prost(message, tag = "4")]
    Txn(Txn),
    /// Issues a session.
    #[prost(message, tag = "5")]
    OpenSession(OpenSession),
    /// Gives a session its full lifetime again.
    #[prost(message, tag = "6")]
    KeepSession(KeepSession),
    /// Ends a session.
    #[prost(message, tag = "7")]
    CloseSession(CloseSession),
    /// Changes limits and quotas.
    #[prost(message, tag = "8")]
    SetQuota(SetQuota),
    /// Forgets history.
    #[prost(message, tag = "9")]
    Compact(Compact),
    /// Seeds a generator.
    #[prost(message, tag = "10")]
    SeedGenerator(SeedGenerator),
    /// Puts a generator into a state.
    #[prost(message, tag = "11")]
    SetGenerator(SetGenerator),
    /// Draws from a generator.
    #[prost(message, tag = "12")]
    Draw(Draw),
    /// Reads the clock of the log.
    #[prost(message, tag = "13")]
    Now(Now),
    /// Grants a lease.
    #[prost(message, tag = "14")]
    GrantLease(GrantLease),
    /// Gives a lease its full lifetime again.
    #[prost(message, tag = "15")]
    KeepLease(KeepLease),
    /// Ends a lease.
    #[prost(message, tag = "16")]
    RevokeLease(RevokeLease),
    /// Says what the replicas have memory for.
    #[prost(message, tag = "17")]
    SetMemory(SetMemory),
}

impl Command {
    /// A command that is executed as often as it is logged.
    pub fn new(operation: impl Into<Operation>) -> Self {
        Command { operation: Some(operation.into()), ..Command::default() }
    }

    /// A command that is executed at most once, however often it is logged.
    pub fn stamped(stamp: Stamp, operation: impl Into<Operation>) -> Self {
        Command { stamp: Some(stamp), ..Command::new(operation) }
    }

    /// Whether it makes something that others rely on by its number: a session, a lease, or a key on a
    /// lease, such as a lock. A client whose acknowledged one was lost would find another's in its place.
    pub fn requires_commit(&self) -> bool {
        let on_lease = |put: &Put| !matches!(put.lifetime, None | Some(Lifetime::Kept(false)));
        match &self.operation {
            Some(Operation::OpenSession(_) | Operation::GrantLease(_)) => true,
            Some(Operation::Put(put)) => on_lease(put),
            Some(Operation::Txn(txn)) => {
                txn.then.iter().chain(&txn.otherwise).any(
                    |operation| matches!(&operation.step, Some(Step::Put(put)) if on_lease(put)),
                )
            }
            _ => false,
        }
    }

    /// Whether it is small and frees room, or keeps what there is: what goes on while a disk is full. A
    /// client that deletes may need a session first.
    pub fn is_upkeep(&self) -> bool {
        let writes = |operation: &TxnOperation| matches!(operation.step, Some(Step::Put(_)));
        let kind = match &self.operation {
            Some(
                Operation::Delete(_)
                | Operation::OpenSession(_)
                | Operation::KeepSession(_)
                | Operation::CloseSession(_)
                | Operation::SetQuota(_)
                | Operation::Compact(_)
                | Operation::KeepLease(_)
                | Operation::RevokeLease(_)
                | Operation::SetMemory(_),
            ) => true,
            Some(Operation::Txn(txn)) => !txn.then.iter().chain(&txn.otherwise).any(writes),
            _ => false,
        };
        kind && self.encoded_len() <= UPKEEP
    }

    /// This command, for this owner's share, if it may make something that counts for one.
    pub fn owned_by(self, owner: &Bytes) -> Self {
        let granting = |put: &Put| matches!(put.lifetime, Some(Lifetime::Ttl(_)));
        let step = |operation: &TxnOperation| matches!(&operation.step, Some(Step::Put(put)) if granting(put));
        let makes = match &self.operation {
            Some(
                Operation::OpenSession(_)
                | Operation::GrantLease(_)
                | Operation::SeedGenerator(_)
                | Operation::SetGenerator(_),
            ) => true,
            Some(Operation::Put(put)) => granting(put),
            Some(Operation::Txn(txn)) => txn.then.iter().chain(&txn.otherwise).any(step),
            _ => false,
        };
        if makes { Command { owner: owner.clone(), ..self } } else { self }
    }

    /// The payload of the log entry.
    pub fn to_payload(&self) -> Bytes {
        self.encode_to_vec().into()
    }
}

macro_rules! operation {
    ($($name:ident),*) => {
        $(impl From<$name> for Operation {
            fn from(operation: $name) -> Self {
                Operation::$name(operation)
            }
        })*
    };
}
operation!(Put, Delete, Txn, OpenSession, KeepSession, CloseSession, SetQuota, Compact);
operation!(SeedGenerator, SetGenerator, Draw, Now, GrantLease, KeepLease, RevokeLease, SetMemory);
