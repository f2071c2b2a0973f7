//! The world's wires: streams between replicas, dials, knocks and questions, the way to the
//! register.

use understudy_protocol::{ConnId, Event, Incarnation, Knock, Message};

use crate::happening::{Happening, HostId, Input, Run};
use crate::net::{Frame, Node, REGISTER};
use crate::register::{Ask, Pending};
use crate::violation::Property;
use crate::world::World;

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
        self.put_on_wire(conn.0, from, frame);
    }

    fn put_on_wire(&mut self, id: u64, direction: usize, frame: Frame) {
        let arrival = self.time + self.net_delay();
        let Some(stream) = self.net.streams.get_mut(&id) else { return };
        let arrival = arrival.max(stream.last[direction] + 1);
        stream.last[direction] = arrival;
        stream.flight[direction].push_back(frame);
        self.queue.push(arrival, Happening::Frame(id, direction));
    }

    /// Ends a process's end of a stream; the other one hears of it behind what was sent.
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
            return;
        }
        let Some(frame) = stream.flight[direction].pop_front() else { return };
        let end = &mut stream.ends[1 - direction];
        let (host, run, open) = (end.host, end.run, end.open);
        match frame {
            Frame::Message(message) if open && self.hosts[host].running(run).is_some() => {
                self.input(host, run, Input::Event(Event::Received(ConnId(id), message)));
            }
            // The machine is back but the process is not: it answers with a reset.
            Frame::Message(_) if open && self.hosts[host].powered => {
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
        let Some(stream) = self.net.streams.get_mut(&id) else { return };
        for direction in 0..2 {
            stream.flight[direction].clear();
        }
        for direction in 0..2 {
            self.put_on_wire(id, direction, Frame::Fin);
        }
    }

    /// Mends links: what they held up arrives.
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
            self.after(delay, Happening::Frame(id, direction));
        }
    }

    pub(crate) fn dial(&mut self, host: HostId, run: Run, address: String) {
        let delay = self.net_delay();
        self.after(delay, Happening::Dial(host, run, address));
    }

    pub(crate) fn dial_arrives(&mut self, host: HostId, run: Run, address: &str) {
        if self.hosts[host].running(run).is_none() {
            return;
        }
        let (knock, target) = self.reach(host, address);
        let delay = match knock {
            Knock::Silent => self.options.dial_timeout,
            _ => self.net_delay(),
        };
        let event = match (knock, target) {
            (Knock::Answered, Some(target)) => {
                Event::Connected(ConnId(self.net.open((host, run), target)))
            }
            _ => Event::DialFailed(knock),
        };
        self.input_after(delay, host, run, Input::Event(event));
    }

    pub(crate) fn knock(&mut self, host: HostId, run: Run, who: Incarnation, address: String) {
        let delay = self.net_delay();
        self.after(delay, Happening::Knock(host, run, who, address));
    }

    pub(crate) fn knock_arrives(
        &mut self,
        host: HostId,
        run: Run,
        who: Incarnation,
        address: &str,
    ) {
        let (knock, _) = self.reach(host, address);
        let delay = match knock {
            Knock::Silent => self.options.dial_timeout,
            _ => self.net_delay(),
        };
        self.input_after(delay, host, run, Input::Event(Event::Knocked(who, knock)));
    }

    /// Who, if anybody, accepts a connection there.
    fn reach(&mut self, from: HostId, address: &str) -> (Knock, Option<(HostId, Run)>) {
        let Some(to) = self.host_named(address) else { return (Knock::Silent, None) };
        if self.cut(from, to) || !self.hosts[to].powered {
            return (Knock::Silent, None);
        }
        match &self.hosts[to].process {
            Some(process) => (Knock::Answered, Some((to, process.run))),
            None => (Knock::Refused, None),
        }
    }

    /// Whether a question cannot come back.
    fn cut(&self, a: Node, b: Node) -> bool {
        self.net.blocked(a, b) || self.net.blocked(b, a)
    }

    pub(crate) fn inquire(&mut self, host: HostId, run: Run, peer: String, address: String) {
        let delay = self.net_delay();
        self.after(delay, Happening::Inquire(host, run, peer, address));
    }

    pub(crate) fn inquiry_arrives(&mut self, host: HostId, run: Run, peer: String, address: &str) {
        let (knock, target) = self.reach(host, address);
        let state = target
            .and_then(|(target, _)| self.hosts[target].process.as_ref())
            .filter(|process| !process.paused)
            .map(|process| process.replica.peer_state());
        let delay = match (&state, knock) {
            (None, Knock::Answered | Knock::Silent) => self.options.dial_timeout,
            _ => self.net_delay(),
        };
        let answer = state.ok_or_else(|| format!("{knock:?}"));
        self.input_after(delay, host, run, Input::Event(Event::Inquired { peer, answer }));
    }

    pub(crate) fn ask_register(&mut self, host: HostId, run: Run, ask: Ask) {
        self.asks += 1;
        let id = self.asks;
        let timeout = self.options.register_timeout;
        let mut delay = self.register_delay();
        if matches!(ask, Ask::Write { .. }) && self.chance(self.register.late) {
            delay = self.span((timeout, 8 * timeout));
            self.counts.add("register write that lands late");
        }
        if matches!(ask, Ask::Write { .. }) {
            delay += self.register.write_lag;
        }
        if matches!(ask, Ask::Write { .. }) {
            self.aim();
        }
        let unanswered = ask.unanswered("no answer in time");
        self.register.pending.insert(id, Pending { host, run, ask, answered: false });
        self.after(delay, Happening::Register(id));
        self.after(timeout, Happening::RegisterAnswer(id, unanswered));
    }

    fn register_delay(&mut self) -> u64 {
        let delay = self.register.delay;
        self.span(delay)
    }

    pub(crate) fn ask_arrives(&mut self, id: u64) {
        let Some(pending) = self.register.pending.get(&id) else { return };
        let (host, run, ask) = (pending.host, pending.run, pending.ask.clone());
        if self.register.down || self.net.blocked(host, REGISTER) {
            return;
        }
        let wins = self.register.wins;
        let event = self.register.execute(&ask);
        if self.register.wins > wins {
            self.register.writer = Some(run);
            self.register_written(host);
        }
        if self.net.blocked(REGISTER, host) || self.chance(self.register.lost) {
            self.counts.add("register answer lost");
            return;
        }
        let delay = self.register_delay();
        self.after(delay, Happening::RegisterAnswer(id, event));
    }

    fn register_written(&mut self, by: HostId) {
        let Some(record) = self.register.record().cloned() else { return };
        let (name, text) = (self.name(by), self.describe(&record));
        self.narrate(|| format!("register: {name} wrote {text}"));
        let forward = self.ledger.register(record.epoch);
        if !self.may_halt {
            self.blame(forward);
        }
        self.counts.add("register writes won");
        if record.epoch <= self.hosts[by].epoch {
            let known = self.hosts[by].epoch;
            let explanation = format!("{name} wrote epoch {}, but knows {known}", record.epoch);
            self.guilty(Property::EpochsNeverGoBack, explanation);
        }
        self.register_changed();
    }

    /// Whoever watches the register hears that it has changed.
    pub(crate) fn register_changed(&mut self) {
        for host in 0..self.hosts.len() {
            let delay = self.register_delay();
            let missed = self.chance(self.register.lost) || self.net.blocked(REGISTER, host);
            if let Some(run) = self.hosts[host].process.as_ref().map(|process| process.run)
                && !missed
            {
                self.input_after(delay, host, run, Input::Event(Event::RegisterChanged));
            }
        }
    }

    pub(crate) fn ask_answered(&mut self, id: u64, event: Event) {
        let Some(pending) = self.register.pending.get_mut(&id) else { return };
        if std::mem::replace(&mut pending.answered, true) {
            return;
        }
        let (host, run) = (pending.host, pending.run);
        self.input(host, run, Input::Event(event));
    }

    /// Messages under way to a process, for the bounds of memory.
    pub fn in_flight(&self, run: Run) -> usize {
        let weight = |frame: &Frame| match frame {
            Frame::Message(Message::Append(append)) => {
                append.entries.iter().map(understudy_protocol::Entry::weight).sum()
            }
            Frame::Message(Message::SnapshotPart(part)) => part.data.len(),
            _ => 0,
        };
        self.net
            .of(run)
            .into_iter()
            .map(|(id, end)| {
                self.net.streams[&id].flight[1 - end].iter().map(weight).sum::<usize>()
            })
            .sum()
    }
}
