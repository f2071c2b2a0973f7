//! The key-value machine.

mod change;
mod changes;
mod check;
mod digest;
mod execution;
mod frame;
mod frozen;
mod generators;
mod held;
mod history;
mod key;
mod keyspace;
mod machine;
mod page;
mod quota;
mod reader;
mod record;
mod session;
mod session_info;
mod sessions;
mod snapshot;
mod state;
mod thaw;
mod twister;
mod usage;
mod watch;

pub use changes::Changes;
pub use frozen::FrozenKv;
pub use machine::KvMachine;
pub use page::Page;
pub use quota::Quota;
pub use reader::{Listing, Mark, Order, Reader};
pub use session::WINDOW;
pub use session_info::SessionInfo;
pub use usage::Usage;
pub use watch::{Batch, KeyChange, Passed, Watch};
