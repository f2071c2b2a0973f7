//! How a client behaves.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::Observe;

/// How a client behaves. The defaults suit a pair in one data centre.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// How long one operation may take with all its repetitions. Default 30 s. If nothing can have
    /// happened, no further try is begun in the last tenth of an `attempt_timeout` before it.
    pub deadline: Duration,
    /// How long one try may take before another replica is asked; doubles after each second
    /// time-out of an operation, so that a slow primary is not drowned. Default 1 s.
    pub attempt_timeout: Duration,
    /// How long a connection may take to be made. Default 500 ms. An operation that needs it asks
    /// another replica after a fifth of that, and comes back when that one is no primary.
    pub connect_timeout: Duration,
    /// How often a connection is probed by HTTP/2 pings. Default 500 ms.
    pub keep_alive_interval: Duration,
    /// How long the answer of a ping may take before the connection counts as broken. Default 1 s.
    pub keep_alive_timeout: Duration,
    /// The shortest pause before a replica is asked again. Default 5 ms.
    pub shortest_pause: Duration,
    /// The longest pause before a replica is asked again. Default 200 ms.
    pub longest_pause: Duration,
    /// Time to live of the client's session, at least 1 s; it is renewed three times in that time.
    /// Default 60 s.
    pub session_ttl: Duration,
    /// Connections to each replica. Default 1; more help beyond some 50,000 requests per second.
    pub connections: usize,
    /// From which of this machine's addresses it connects: what it makes counts for the share of that address.
    /// Default: whichever the system chooses.
    pub local_address: Option<IpAddr>,
    /// Who is told about every try.
    pub observer: Option<Arc<dyn Observe>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            attempt_timeout: Duration::from_secs(1),
            connect_timeout: Duration::from_millis(500),
            keep_alive_interval: Duration::from_millis(500),
            keep_alive_timeout: Duration::from_secs(1),
            shortest_pause: Duration::from_millis(5),
            longest_pause: Duration::from_millis(200),
            session_ttl: Duration::from_secs(60),
            connections: 1,
            local_address: None,
            observer: None,
        }
    }
}

impl Options {
    /// With another deadline for each operation.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// With another time-out for each try.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// With another time-out for making connections.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// With another time to live of the session.
    pub fn session_ttl(mut self, ttl: Duration) -> Self {
        self.session_ttl = ttl;
        self
    }

    /// With this many connections to each replica, at least one.
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// Connecting from this address.
    pub fn local_address(mut self, address: IpAddr) -> Self {
        self.local_address = Some(address);
        self
    }

    /// With an observer of every try.
    pub fn observer(mut self, observer: Arc<dyn Observe>) -> Self {
        self.observer = Some(observer);
        self
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("deadline", &self.deadline)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("session_ttl", &self.session_ttl)
            .field("connections", &self.connections)
            .field("local_address", &self.local_address)
            .finish_non_exhaustive()
    }
}
