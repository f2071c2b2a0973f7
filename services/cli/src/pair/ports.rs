//! The ports of a pair on this machine.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// Candidates lie below the range that systems give to outgoing connections (on Linux from 32,768):
/// a client that keeps dialling a port of that range while nobody listens can end up connected to
/// itself, and then the replica cannot have its port back.
const CANDIDATES: std::ops::Range<u16> = 10_000..32_000;

/// Ports of one replica.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReplicaPorts {
    /// For clients.
    pub clients: u16,
    /// For peers.
    pub peers: u16,
    /// For operations.
    pub ops: u16,
}

/// Ports of a pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ports {
    /// The one that follows the primary.
    pub following: u16,
    /// Each replica's.
    pub replicas: [ReplicaPorts; 2],
}

impl Ports {
    /// The port that follows the primary by default: where `understudy serve` listens by default, too.
    pub const FIRST: u16 = 7440;

    /// The ports that the documentation names: `first` follows the primary, +10 and +20 are for clients,
    /// and the next two of each for peers and operators, as a replica has them by default.
    pub fn from(first: u16) -> Self {
        let replica = |first| ReplicaPorts { clients: first, peers: first + 1, ops: first + 2 };
        Ports { following: first, replicas: [replica(first + 10), replica(first + 20)] }
    }

    /// Ports that nobody listens on now.
    ///
    /// # Errors
    /// When there are none.
    pub fn free() -> io::Result<Self> {
        Ports::several(1).map(|pairs| pairs[0])
    }

    /// The same for this many pairs at once, all different.
    ///
    /// # Errors
    /// When there are too few.
    pub fn several(pairs: usize) -> io::Result<Vec<Self>> {
        let ports = free(7 * pairs)?;
        Ok(ports.chunks(7).map(Ports::of).collect())
    }

    fn of(ports: &[u16]) -> Self {
        let replica =
            |n: usize| ReplicaPorts { clients: ports[n], peers: ports[n + 1], ops: ports[n + 2] };
        Ports { following: ports[0], replicas: [replica(1), replica(4)] }
    }
}

/// This many ports of the loopback interface that nobody listens on. They are held until all are
/// found, so that none comes twice.
fn free(count: usize) -> io::Result<Vec<u16>> {
    let mut held = Vec::new();
    let mut port = fastrand::u16(CANDIDATES);
    for _ in CANDIDATES {
        port = if port + 1 < CANDIDATES.end { port + 1 } else { CANDIDATES.start };
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            held.push((port, listener));
            if held.len() == count {
                return Ok(held.into_iter().map(|(port, _)| port).collect());
            }
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no free ports on 127.0.0.1"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn free_ports_differ_and_can_be_bound() {
        let ports = free(20).unwrap();
        assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), 20);
        for port in ports {
            assert!(CANDIDATES.contains(&port));
        }
    }

    #[test]
    fn the_documented_ports_stay() {
        let ports = Ports::from(Ports::FIRST);
        assert_eq!(ports.following, 7440);
        assert_eq!(ports.replicas[0], ReplicaPorts { clients: 7450, peers: 7451, ops: 7452 });
        assert_eq!(ports.replicas[1], ReplicaPorts { clients: 7460, peers: 7461, ops: 7462 });
    }
}
