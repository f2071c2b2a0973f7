//! The replication protocol as a pure step function: events in, effects out.
//!
//! [`Replica::step`] takes the clocks and one [`Event`] and gives the [`Effect`]s to carry out. It
//! does no IO, reads no clock, draws no random number and iterates nothing unordered, so that a
//! simulation can run the very code that ships. `docs/protocol.md` states the rules by number;
//! comments here refer to them as "rule 4".

mod clock;
mod commit;
mod config;
mod contradiction;
mod core;
mod effect;
mod end_reason;
mod entry;
mod event;
mod evict;
mod evidence;
mod follow;
mod hand_over;
mod ids;
mod lead;
mod link;
mod log;
mod membership;
mod message;
mod names;
mod pause;
mod peer;
mod predial;
mod promote;
mod read_round;
mod receive;
mod record;
mod register_client;
mod replica;
mod replicate;
mod role_name;
mod running;
mod settings;
mod start;
mod state;
mod status;
mod tail;
mod wrong;

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
pub use message::{Ack, Append, Hello, Message, PeerState, Refusal, SnapshotPart};
pub use names::{is_address, is_name};
pub use record::{Member, Observed, Record, RegisterFailure, WriteAnswer};
pub use replica::{BROKEN_INEQUALITY, Replica};
pub use role_name::RoleName;
pub use settings::{
    Acknowledgement, BackupExecution, Execution, MAX_TAIL_BYTES, MAX_TAIL_MS, Settings,
};
pub use state::{HardState, KnownRecord, Recovered, Snapshot};
pub use status::{Follower, Status};

/// Version of [`Message`], of what the messages mean, and of what entries say. Replicas of different versions
/// refuse each other.
pub const PROTOCOL_VERSION: u32 = 3;
