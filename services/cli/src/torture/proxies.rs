//! The proxies of a pair, by who talks to whom.

use tokio::sync::watch;

use super::fault::{Lines, Way};
use super::proxy::{Flow, Proxy};
use crate::pair::{Pair, Place};

/// Every direction between two replicas and their clients, and the proxies that obey.
pub struct Proxies {
    /// From this replica to the other.
    peer: [watch::Sender<Flow>; 2],
    /// From clients to this replica.
    inward: [watch::Sender<Flow>; 2],
    /// From this replica to clients.
    outward: [watch::Sender<Flow>; 2],
    /// Resets of connections to a replica's peer port, and to its client port.
    resets: [[watch::Sender<u64>; 2]; 2],
}

impl Proxies {
    /// Puts proxies that listen at `found` in front of the replicas, which listen at `places`.
    pub fn start(pair: &Pair, places: &[Place; 2], found: &[Place; 2]) -> Self {
        let proxies = Proxies {
            peer: flows(),
            inward: flows(),
            outward: flows(),
            resets: std::array::from_fn(|_| std::array::from_fn(|_| watch::channel(0).0)),
        };
        for number in 0..2 {
            let peers = Proxy {
                at: found[number].peers.clone(),
                to: places[number].peers.clone(),
                process: pair.watch(number),
                inward: proxies.peer[1 - number].subscribe(),
                outward: proxies.peer[number].subscribe(),
                resets: proxies.resets[number][0].subscribe(),
            };
            let clients = Proxy {
                at: found[number].clients.clone(),
                to: places[number].clients.clone(),
                process: pair.watch(number),
                inward: proxies.inward[number].subscribe(),
                outward: proxies.outward[number].subscribe(),
                resets: proxies.resets[number][1].subscribe(),
            };
            tokio::spawn(peers.serve());
            tokio::spawn(clients.serve());
        }
        proxies
    }

    /// Changes every direction between a replica and others.
    pub fn change(&self, number: usize, lines: Lines, way: Way, change: impl Fn(&mut Flow)) {
        for direction in self.directions(number, lines, way) {
            direction.send_modify(|flow| change(flow));
        }
    }

    /// Resets connections.
    pub fn reset(&self, number: usize, lines: Lines) {
        let mut resets = Vec::new();
        if lines != Lines::Clients {
            resets.extend([&self.resets[number][0], &self.resets[1 - number][0]]);
        }
        if lines != Lines::Peer {
            resets.push(&self.resets[number][1]);
        }
        for reset in resets {
            reset.send_modify(|resets| *resets += 1);
        }
    }

    fn directions(&self, number: usize, lines: Lines, way: Way) -> Vec<&watch::Sender<Flow>> {
        let mut directions = Vec::new();
        if lines != Lines::Clients && way != Way::In {
            directions.push(&self.peer[number]);
        }
        if lines != Lines::Clients && way != Way::Out {
            directions.push(&self.peer[1 - number]);
        }
        if lines != Lines::Peer && way != Way::In {
            directions.push(&self.outward[number]);
        }
        if lines != Lines::Peer && way != Way::Out {
            directions.push(&self.inward[number]);
        }
        directions
    }
}

fn flows() -> [watch::Sender<Flow>; 2] {
    std::array::from_fn(|_| watch::channel(Flow::default()).0)
}
