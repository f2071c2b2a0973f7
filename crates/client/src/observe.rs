//! Observing the tries that a client makes.

use std::time::Duration;

use understudy_proto::kv::v1::RequestStamp;

/// Is told about every try that a client makes, when it has ended. It runs on the operation's path:
/// be quick.
pub trait Observe: Send + Sync {
    /// One try has ended.
    fn attempted(&self, attempt: &Attempt<'_>);
}

/// One try of one operation.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Name of the call, such as `put`.
    pub call: &'static str,
    /// Which replica was asked, `host:port`.
    pub address: &'a str,
    /// The stamp that it carried: the same in all tries of one mutation.
    pub stamp: Option<RequestStamp>,
    /// Which try of the operation this was, from 1.
    pub number: u32,
    /// How long it took, connecting included.
    pub took: Duration,
    /// What went wrong; absent if it was answered.
    pub failure: Option<&'a str>,
}
