//! Streams between processes. What is sent on one arrives in order; a broken link holds it up
//! until it is healed or the stream is given up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use understudy_protocol::Message;

use crate::world::id::{HostId, Run};

/// A place in the network: hosts, then [`CLIENTS`] on, and [`REGISTER`].
pub type Node = usize;
/// The first client's node.
pub const CLIENTS: Node = 100;
/// The register's node.
pub const REGISTER: Node = 1000;

/// What a stream carries.
#[derive(Clone, Debug)]
pub enum Frame {
    /// A message.
    Message(Message),
    /// The end: closed in order, reset, or the process is gone.
    Fin,
}

/// One end of a stream.
#[derive(Clone, Debug)]
pub struct End {
    /// On which host.
    pub host: HostId,
    /// Held by which process.
    pub run: Run,
    /// Whether the process still has it.
    pub open: bool,
}

/// A stream; direction 0 is from end 0 to end 1.
pub struct Stream {
    /// The dialer, and who was dialed.
    pub ends: [End; 2],
    /// What is under way, by direction.
    pub flight: [VecDeque<Frame>; 2],
    /// Bytes of log and snapshot under way, by direction.
    pub bytes: [u64; 2],
    /// When the frame sent last arrives.
    pub last: [u64; 2],
    /// Nothing arrives before that time.
    pub until: [u64; 2],
    /// Arrivals that a broken link holds up.
    pub held: [usize; 2],
}

/// All streams and links.
#[derive(Default)]
pub struct Net {
    /// Streams that at least one end has.
    pub streams: BTreeMap<u64, Stream>,
    /// Broken links, one way each.
    pub broken: BTreeSet<(Node, Node)>,
    /// How long a frame takes, nanoseconds: least and most.
    pub delay: (u64, u64),
    /// One in a thousand frames and datagrams that are lost.
    pub loss: u32,
    /// One in a thousand datagrams that arrive twice.
    pub twice: u32,
    /// One in a thousand messages that a process looks at though it has closed their stream.
    pub stale: u32,
    next: u64,
}

impl Net {
    /// A network without streams, whose frames take so long.
    pub fn new(delay: (u64, u64)) -> Self {
        Net { delay, ..Net::default() }
    }

    /// Whether nothing gets from one node to the other.
    pub fn blocked(&self, from: Node, to: Node) -> bool {
        self.broken.contains(&(from, to))
    }

    /// Opens a stream between two processes.
    pub fn open(&mut self, from: (HostId, Run), to: (HostId, Run)) -> u64 {
        self.next += 1;
        let end = |(host, run)| End { host, run, open: true };
        let stream = Stream {
            ends: [end(from), end(to)],
            flight: Default::default(),
            bytes: [0; 2],
            last: [0; 2],
            until: [0; 2],
            held: [0; 2],
        };
        self.streams.insert(self.next, stream);
        self.next
    }

    /// The streams that this process has, with its end of each.
    pub fn of(&self, run: Run) -> Vec<(u64, usize)> {
        let mut found = Vec::new();
        for (id, stream) in &self.streams {
            for (end, side) in stream.ends.iter().enumerate() {
                if side.run == run && side.open {
                    found.push((*id, end));
                }
            }
        }
        found
    }

    /// Whether the dialer of this stream has opened a newer one to the same process since.
    pub fn has_newer(&self, id: u64) -> bool {
        let ends = |stream: &Stream| (stream.ends[0].run, stream.ends[1].run);
        let Some(pair) = self.streams.get(&id).map(ends) else { return false };
        self.streams.range(id + 1..).any(|(_, stream)| ends(stream) == pair)
    }

    /// Forgets streams that nobody has and on which nothing is under way.
    pub fn sweep(&mut self) {
        self.streams.retain(|_, stream| {
            stream.ends.iter().any(|end| end.open)
                || stream.flight.iter().any(|flight| !flight.is_empty())
        });
    }
}
