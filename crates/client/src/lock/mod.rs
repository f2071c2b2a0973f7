//! Locks, and with them the election of a leader.
//!
//! A client that wants a lock puts a key of its own under the lock's name, on a lease, and holds the lock once
//! no older key is left there: all wait in a queue, each for the one before it. (The same recipe:
//! P. Hunt et al., *ZooKeeper: Wait-free coordination for Internet-scale systems*, USENIX ATC 2010,
//! 2.4.)

mod acquire;
mod held;
mod key;
mod leaders;
mod queue;

pub use acquire::Acquire;
pub use held::Lock;
pub use leaders::Leaders;
pub use queue::Holder;
