//! The world's wires: streams between replicas, dials, probes and questions. Streams behave like TCP:
//! a frame that is lost is sent again and holds up those behind it, and now and then the stream is
//! given up. Everything else is a datagram: what is lost is gone.

use understudy_protocol::{
    ConnId, Event, Incarnation, Message, PROTOCOL_VERSION, PeerState, ProbeResult, Refusal,
};

use crate::checks::violation::Property;
use crate::world::World;
use crate::world::clock::{MILLISECOND, SECOND};
use crate::world::event::{Input, SimEvent};
use crate::world::id::{HostId, Run};
use crate::world::net::{End, Frame, Node};

/// How long TCP waits before it sends a frame again.
const RETRANSMIT: u64 = 200 * MILLISECOND;
/// One in a thousand lost frames takes the stream with it.
const GIVEN_UP: u32 = 50;
/// Bytes of the largest entry that a client of the world makes.
const LARGEST_ENTRY: usize = 4096;

impl World {
    fn net_delay(&mut self) -> u64 {
        let delay = self.net.delay;
        self.span(delay)
    }

    /// Puts a frame on a stream of this process.
    pub(crate) fn send(&mut self, run: Run, conn: ConnId, frame: Frame) {
        let Some(stream) = self.net.streams.get(&conn.0) else { return };
        let Some(from) = stream.ends.iter().position(|end| end.run == run && end.open) else {
            return;
        };
        let (me, to) = (stream.ends[from].host, stream.ends[1 - from].host);
        let frame = match frame {
            Frame::Message(message) => Frame::Message(self.spoken(me, to, message)),
            end => end,
        };
        self.put_on_wire(conn.0, from, frame);
    }

    /// What a message says to a program of another version.
    fn spoken(&mut self, from: HostId, to: HostId, mut message: Message) -> Message {
        match &mut message {
            Message::Hello(hello) => hello.version = self.seen_version(from, to),
            Message::Refused(Refusal::WrongVersion(_)) => {
                self.counts.add("stream refused for another version");
            }
            _ => {}
        }
        message
    }

    /// The version of one host's program as another one sees it, whose own is the one of this code.
    fn seen_version(&self, of: HostId, by: HostId) -> u32 {
        let (of, by) = (self.hosts[of].version, self.hosts[by].version);
        PROTOCOL_VERSION.wrapping_add(of).wrapping_sub(by)
    }

    fn put_on_wire(&mut self, id: u64, direction: usize, frame: Frame) {
        let mut delay = self.net_delay();
        if self.lost("frame lost and sent again") {
            delay += RETRANSMIT;
            if matches!(frame, Frame::Message(_)) && self.chance(GIVEN_UP) {
                self.counts.add("stream broken by loss");
                return self.cut_short(id);
            }
        }
        let Some(stream) = self.net.streams.get_mut(&id) else { return };
        let narrow = self.hosts[stream.ends[1 - direction].host].bandwidth;
        let took = narrow.map_or(0, |bytes| (64 + weight(&frame)) * SECOND / bytes);
        let free = stream.last[direction].max(if took > 0 { self.time } else { 0 });
        let arrival = (self.time + delay).max(free + took + 1);
        stream.last[direction] = arrival;
        stream.bytes[direction] += weight(&frame);
        stream.flight[direction].push_back(frame);
        let (bytes, from) = (stream.bytes[direction], stream.ends[direction].host);
        self.queue.push(arrival, SimEvent::Frame(id, direction));
        self.watch_flight(from, bytes);
    }

    /// A primary sends no more than its follower's window, and one message, and one part of a snapshot beside it.
    fn watch_flight(&mut self, from: HostId, bytes: u64) {
        let limits = &self.hosts[from].config.limits;
        let part = if self.deferred.is_enabled() { limits.part_bytes } else { 0 };
        let message = limits.message_bytes.max(limits.part_bytes) + part + LARGEST_ENTRY;
        if bytes > (limits.flight_bytes + message) as u64 {
            let explanation =
                format!("{} has {bytes} bytes under way on a stream", self.name(from));
            self.fail(Property::BoundedMemory, explanation);
        }
    }

    /// Whether the network loses something now.
    pub(crate) fn lost(&mut self, what: &'static str) -> bool {
        let lost = self.chance(self.net.loss);
        if lost {
            self.counts.add(what);
        }
        lost
    }

    /// Ends a process's end of a stream; the other one hears of it after what was sent.
    pub(crate) fn close(&mut self, run: Run, conn: ConnId) {
        let Some(stream) = self.net.streams.get_mut(&conn.0) else { return };
        let Some(from) = stream.ends.iter().position(|end| end.run == run && end.open) else {
            return;
        };
        stream.ends[from].open = false;
        self.put_on_wire(conn.0, from, Frame::Fin);
    }

    /// The next frame arrives, unless the link is broken.
    pub(crate) fn frame_arrives(&mut self, id: u64, direction: usize) {
        let Some(stream) = self.net.streams.get_mut(&id) else { return };
        let (from, to) = (stream.ends[direction].host, stream.ends[1 - direction].host);
        if self.net.broken.contains(&(from, to)) {
            stream.held[direction] += 1;
            return self.counts.add("frame stopped by a partition");
        }
        if self.time < stream.until[direction] {
            // They keep their order: each takes the place of the one before it.
            let until = stream.until[direction];
            return self.queue.push(until, SimEvent::Frame(id, direction));
        }
        let Some(frame) = stream.flight[direction].pop_front() else { return };
        stream.bytes[direction] -= weight(&frame);
        let End { host, run, open } = stream.ends[1 - direction];
        let runs = self.hosts[host].running(run).is_some();
        let read = open || runs && self.chance(self.net.stale);
        let Some(stream) = self.net.streams.get_mut(&id) else { return };
        let end = &mut stream.ends[1 - direction];
        match frame {
            Frame::Message(message) if runs && read => {
                // A process may have read it before it closed the stream, and look at it later.
                let what = if open { "message" } else { "message of a closed stream" };
                self.counts.add(what);
                if self.net.has_newer(id) {
                    self.counts.add("message of an older stream after a newer one");
                }
                self.input(host, run, Input::Event(Event::Received(ConnId(id), message)));
            }
            // The machine is back but the process is not: it answers with a reset.
            Frame::Message(_) if open && !runs && self.hosts[host].powered => {
                end.open = false;
                self.put_on_wire(id, 1 - direction, Frame::Fin);
            }
            Frame::Message(_) => {}
            Frame::Fin => {
                end.open = false;
                if open {
                    self.input(host, run, Input::Event(Event::Closed(ConnId(id))));
                }
                self.net.sweep();
            }
        }
    }

    /// Breaks a stream: both ends hear of it, what was under way is lost.
    pub fn break_stream(&mut self, id: u64) {
        self.counts.add("stream broken");
        self.cut_short(id);
    }

    /// The dialer hears that the stream is gone and may dial anew; what it had sent arrives later.
    pub fn sever(&mut self, id: u64) {
        let until = self.time + self.span((20 * MILLISECOND, 600 * MILLISECOND));
        let Some(stream) = self.net.streams.get_mut(&id) else { return };
        self.counts.add("stream severed at one end");
        stream.until[0] = until;
        stream.flight[1].clear();
        stream.bytes[1] = 0;
        self.put_on_wire(id, 1, Frame::Fin);
        self.put_on_wire(id, 0, Frame::Fin);
    }

    fn cut_short(&mut self, id: u64) {
        let Some(stream) = self.net.streams.get_mut(&id) else { return };
        for direction in 0..2 {
            stream.flight[direction].clear();
            stream.bytes[direction] = 0;
        }
        for direction in 0..2 {
            self.put_on_wire(id, direction, Frame::Fin);
        }
    }

    /// Heals links: what they held up arrives.
    pub(crate) fn release_held(&mut self) {
        let mut due = Vec::new();
        for (&id, stream) in &mut self.net.streams {
            for direction in 0..2 {
                let (from, to) = (stream.ends[direction].host, stream.ends[1 - direction].host);
                if !self.net.broken.contains(&(from, to)) {
                    let held = std::mem::take(&mut stream.held[direction]);
                    due.extend(std::iter::repeat_n((id, direction), held));
                }
            }
        }
        for (id, direction) in due {
            let delay = self.net_delay();
            self.after(delay, SimEvent::Frame(id, direction));
        }
    }

    /// A narrow line is wide again: what is on its way arrives soon.
    pub(crate) fn widen(&mut self, host: HostId) {
        if self.hosts[host].bandwidth.take().is_none() {
            return;
        }
        let begin = self.time + self.net.delay.1;
        for (&id, stream) in &mut self.net.streams {
            for direction in (0..2).filter(|d| stream.ends[1 - d].host == host) {
                let frames = stream.flight[direction].len() as u64;
                stream.last[direction] = begin + frames;
                for nth in 0..frames {
                    self.queue.push(begin + nth, SimEvent::Frame(id, direction));
                }
            }
        }
    }

    pub(crate) fn dial(&mut self, host: HostId, run: Run, address: String) {
        let delay = self.net_delay();
        self.after(delay, SimEvent::Dial(host, run, address));
    }

    pub(crate) fn dial_arrives(&mut self, host: HostId, run: Run, address: &str) {
        if self.hosts[host].running(run).is_none() {
            return;
        }
        let (mut probe, target) = self.reach(host, address);
        if self.lost("dial lost") {
            probe = ProbeResult::Silent;
        }
        let delay = match probe {
            ProbeResult::Silent => self.options.dial_timeout,
            _ => self.net_delay(),
        };
        let event = match (probe, target) {
            (ProbeResult::Answered, Some(target)) => {
                if self.chance(self.net.twice) {
                    self.counts.add("dial that gave two streams");
                    let second = Event::Connected(ConnId(self.net.open((host, run), target)));
                    self.input_after(2 * delay, host, run, Input::Event(second));
                }
                Event::Connected(ConnId(self.net.open((host, run), target)))
            }
            _ => Event::DialFailed(probe),
        };
        self.input_after(delay, host, run, Input::Event(event));
    }

    pub(crate) fn probe(&mut self, host: HostId, run: Run, who: Incarnation, address: String) {
        let delay = self.net_delay();
        self.after(delay, SimEvent::Probe(host, run, who, address));
    }

    pub(crate) fn probe_arrives(
        &mut self,
        host: HostId,
        run: Run,
        who: Incarnation,
        address: &str,
    ) {
        let (mut probe, _) = self.reach(host, address);
        if self.lost("probe lost") {
            probe = ProbeResult::Silent;
        }
        let delay = match probe {
            ProbeResult::Silent => self.options.dial_timeout,
            _ => self.net_delay(),
        };
        self.input_after(delay, host, run, Input::Event(Event::Probed(who, probe)));
    }

    /// Who, if anybody, accepts a connection there.
    fn reach(&mut self, from: HostId, address: &str) -> (ProbeResult, Option<(HostId, Run)>) {
        let Some(to) = self.host_named(address) else { return (ProbeResult::Silent, None) };
        if self.cut(from, to) || !self.hosts[to].powered {
            return (ProbeResult::Silent, None);
        }
        match &self.hosts[to].process {
            Some(process) => (ProbeResult::Answered, Some((to, process.run))),
            None => (ProbeResult::Refused, None),
        }
    }

    /// Whether a question cannot come back.
    fn cut(&self, a: Node, b: Node) -> bool {
        self.net.blocked(a, b) || self.net.blocked(b, a)
    }

    pub(crate) fn inquire(&mut self, host: HostId, run: Run, peer: String, address: String) {
        let delay = self.net_delay();
        self.after(delay, SimEvent::Inquire(host, run, peer, address));
    }

    pub(crate) fn inquiry_arrives(&mut self, host: HostId, run: Run, peer: String, address: &str) {
        let (probe, target) = self.reach(host, address);
        let lost = self.lost("question lost");
        let state = target
            .and_then(|(target, _)| Some((target, self.hosts[target].process.as_ref()?)))
            .filter(|(_, process)| !process.paused && !lost)
            .map(|(target, process)| PeerState {
                version: self.seen_version(target, host),
                ..process.driver.peer_state()
            });
        let delay = match (&state, probe) {
            (None, ProbeResult::Answered | ProbeResult::Silent) => self.options.dial_timeout,
            _ => self.net_delay(),
        };
        let answer = state.ok_or_else(|| format!("{probe:?}"));
        self.input_after(delay, host, run, Input::Event(Event::Inquired { peer, answer }));
    }
}

/// Bytes of a frame's content.
fn weight(frame: &Frame) -> u64 {
    let bytes = match frame {
        Frame::Message(Message::Append(append)) => {
            append.entries.iter().map(understudy_protocol::Entry::weight).sum()
        }
        Frame::Message(Message::SnapshotPart(part)) => part.data.len(),
        _ => 0,
    };
    bytes as u64
}
