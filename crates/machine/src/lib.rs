//! The deterministic state machine: the [`Machine`] trait and the key-value machine.
//!
//! A replica executes committed log entries on its machine, one after the other. Two machines fed
//! with the same entries are equal, byte for byte, for ever; everything here serves that. The
//! crate knows nothing of networks, disks, clocks, threads or the replication protocol.
//!
//! - [`Machine`], [`Input`], [`Moment`], [`Frozen`]: the seam to the replica that drives a machine.
//! - [`Command`] and [`Response`]: the format of the log's payloads and of the answers.
//! - [`KvMachine`]: keys with revisions, transactions, sessions with exactly-once, quotas.

mod command;
mod input;
mod kv;
mod machine;
mod moment;
mod response;
mod restore_error;

pub use command::{
    Between, CloseSession, Command, Compact, Compare, Delete, Draw, Get, GrantLease, KeepLease,
    KeepSession, KeyRange, Lifetime, Now, OpenSession, Operation, Put, Random, Relation,
    RevokeLease, SeedGenerator, SetGenerator, SetMemory, SetQuota, Stamp, Step, Target, Txn,
    TxnOperation,
};
pub use input::Input;
pub use kv::{
    Batch, Changes, FrozenKv, KeyChange, KvMachine, LEASE_BATCH, LEASE_TTL, LeaseInfo, Listing,
    Mark, Order, OwnerInfo, Page, Passed, Quota, Reader, SessionInfo, Usage, WINDOW, Watch,
};
pub use machine::{Frozen, Machine};
pub use moment::Moment;
pub use response::{
    Compacted, DeleteResult, Drawn, Failure, FailureCode, GeneratorSet, GetResult, KeyValue,
    LeaseGranted, LeaseKept, LeaseRevoked, Limit, Outcome, PutResult, QuotaSet, Response,
    SessionClosed, SessionKept, SessionOpened, StepOutcome, Time, TxnItem, TxnResult,
};
pub use restore_error::RestoreError;
