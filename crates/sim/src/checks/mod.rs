//! What judges a run: each check knows what must hold, and most bring clients of their own that try it.

pub(crate) mod absence;
pub(crate) mod ahead;
pub(crate) mod bounds;
pub(crate) mod deferred;
pub(crate) mod draws;
pub(crate) mod full_disks;
pub(crate) mod gone_back;
pub(crate) mod holders;
pub(crate) mod ledger;
pub(crate) mod old_reads;
pub(crate) mod past;
pub(crate) mod ranges;
pub(crate) mod receipts;
pub(crate) mod shares;
pub(crate) mod violation;
pub(crate) mod watch;
pub(crate) mod watchers;
