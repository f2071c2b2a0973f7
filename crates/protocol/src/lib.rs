//! The replication protocol as a pure step function: events in, effects out.
//!
//! [`Replica::step`] takes the clocks and one [`Event`] and gives the [`Effect`]s to carry out. It
//! does no IO, reads no clock, draws no random number and iterates nothing unordered, so that a
//! simulation can run the very code that ships. `docs/protocol.md` states the rules by number;
//! comments here refer to them as "rule 4".

mod clock;
mod config;
mod contradiction;
mod core;
mod effect;
mod end_reason;
mod entry;
mod event;
mod follow;
mod ids;
mod lead;
mod log;
mod message;
mod names;
mod pause;
mod record;
mod register_client;
mod replica;
mod role;
mod role_name;
mod running;
mod settings;
mod start;
mod state;
mod status;

pub use config::{Config, Limits, MS, Timing};
pub use contradiction::{Contradiction, KNOWN_RECORDS};
pub use effect::{Effect, OnDisk, Rejection, Transition};
pub use end_reason::EndReason;
pub use entry::{Entry, Kind, Position, Time};
pub use event::{Event, Now, ProbeResult, Proposal, Room};
pub use ids::{
    ClusterId, ConnId, Epoch, Incarnation, Index, Life, MAX_INDEX, Nonce, RegisterUid, RequestId,
    Round,
};
pub use message::{
    Ack, Append, Hello, Message, PROTOCOL_VERSION, PeerState, Refusal, SnapshotPart,
};
pub use names::{is_address, is_name};
pub use record::{Member, Observed, Record, RegisterFailure, WriteAnswer};
pub use replica::{BROKEN_INEQUALITY, Replica};
pub use role_name::RoleName;
pub use settings::{
    Acknowledgement, BackupExecution, Execution, MAX_TAIL_BYTES, MAX_TAIL_MS, Settings,
};
pub use state::{HardState, KnownRecord, Recovered, Snapshot};
pub use status::{Follower, Status};
