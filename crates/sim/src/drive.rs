//! The driver of one replica: gives it events, carries out its effects in order.

use understudy_evidence::mutant;
use understudy_machine::{Input as MachineInput, Machine, Moment, Outcome, Response};
use understudy_protocol::{Effect, Entry, Event, Kind, Proposal, RequestId, Settings};

use crate::ahead::{firm_payload, is_upkeep};
use crate::brief;
use crate::client::{Told, Wish};
use crate::clock::MILLISECOND;
use crate::happening::{Happening, HostId, Input, Run};
use crate::host::{SLOW, Waiter};
use crate::net::Frame;
use crate::register::Ask;
use crate::trace::Detail;
use crate::violation::Property;
use crate::watch::acts;
use crate::world::World;

/// As the service has it: between two ticks for the machine.
const TICK_PAUSE: u64 = 20 * MILLISECOND;
/// As a follower says that its digest is not the primary's.
const DIFFERS: &str = "state differs from the primary's";
/// Steps that follow from one event at once; more are a circle.
const ENDLESS: u32 = 100_000;

impl World {
    /// A replica's deadline has come.
    pub(crate) fn wake(&mut self, host: HostId, run: Run) {
        let Some(process) = self.hosts[host].running(run) else { return };
        process.wake_at = None;
        if process.blocked {
            process.late = true;
        } else if !process.paused {
            self.look_at_disk(host, run);
            self.write_backlog(host, run);
            self.feed(host, run, Event::Tick);
        }
    }

    /// Something reaches a process, or waits until it is resumed.
    pub(crate) fn input(&mut self, host: HostId, run: Run, input: Input) {
        let Some(process) = self.hosts[host].running(run) else { return };
        if process.paused || process.blocked && !matches!(input, Input::Saved) {
            process.inbox.push_back(input);
            return;
        }
        match input {
            Input::Saved => self.saved(host, run),
            Input::Event(event) => self.feed(host, run, event),
            Input::Synced => self.sync(host, run),
            Input::SnapshotWritten => self.adopt_snapshot(host, run),
            Input::Flush => self.flush(host, run),
            Input::Request(request) => {
                process.gathered.push(request);
                if process.gathered.len() == 1 {
                    let delay = self.span((0, 500_000));
                    self.input_after(delay, host, run, Input::Flush);
                }
            }
        }
    }

    /// Gives the replica an event, and then all that follow from it at once.
    pub(crate) fn feed(&mut self, host: HostId, run: Run, event: Event) {
        let Some(process) = self.hosts[host].running(run) else { return };
        process.todo.push_back(event);
        self.feed_todo(host, run);
    }

    /// Gives the replica what is to be fed at once.
    pub(crate) fn feed_todo(&mut self, host: HostId, run: Run) {
        let now = self.hosts[host].clock.read(self.time);
        let mut steps = 0;
        while let Some(process) = self.hosts[host].running(run)
            && !process.blocked
            && let Some(event) = process.todo.pop_front()
        {
            if self.trace.wants(Detail::Everything)
                && let Some(text) = brief::event(&event)
            {
                let name = self.name(host);
                self.say(|| format!("{name} <- {text}"));
            }
            let Some(process) = self.hosts[host].running(run) else { return };
            process.effects = process.replica.step(now, event).into();
            self.judge_elapsed(host, run);
            steps += 1;
            if steps > ENDLESS {
                let explanation = format!("{} steps for ever without waiting", self.name(host));
                return self.guilty(Property::Progress, explanation);
            }
            if !self.carry_on(host, run) {
                return;
            }
        }
        self.schedule_wake(host, run);
    }

    /// Carries out what is left of a step, up to where the driver must wait for the disk. Gives
    /// whether the step is done and the process still there.
    fn carry_on(&mut self, host: HostId, run: Run) -> bool {
        while let Some(process) = self.hosts[host].running(run)
            && let Some(effect) = process.effects.pop_front()
        {
            let waits = matches!(effect, Effect::SaveState(_) | Effect::Truncate { .. });
            let done = std::mem::replace(&mut process.blocked, false);
            let delay = if waits && !done { self.state_delay(host) } else { 0 };
            if delay > 0
                && let Some(process) = self.hosts[host].running(run)
            {
                process.effects.push_front(effect);
                process.blocked = true;
                self.input_after(delay, host, run, Input::Saved);
                return false;
            }
            self.carry_out(host, run, effect);
            if self.hosts[host].running(run).is_none() || self.violation.is_some() {
                return false;
            }
        }
        self.watch(host, run);
        self.propose_tick(host, run);
        true
    }

    fn state_delay(&mut self, host: HostId) -> u64 {
        let delay = self.hosts[host].state_delay;
        let delay = self.span(delay);
        if delay >= SLOW {
            self.counts.add("slow save of the hard state");
        }
        delay
    }

    /// The driver goes on where it waited for the disk; what has arrived meanwhile comes behind.
    fn saved(&mut self, host: HostId, run: Run) {
        if !self.carry_on(host, run) {
            return;
        }
        self.feed_todo(host, run);
        while let Some(process) = self.hosts[host].running(run)
            && !process.blocked
        {
            if std::mem::take(&mut process.late) {
                self.wake(host, run);
            } else if let Some(input) = process.inbox.pop_front() {
                self.input(host, run, input);
            } else {
                break;
            }
        }
    }

    fn schedule_wake(&mut self, host: HostId, run: Run) {
        let (time, clock) = (self.time, self.hosts[host].clock.clone());
        let Some(process) = self.hosts[host].running(run) else { return };
        let Some(deadline) = process.replica.deadline() else { return };
        let at = clock.time_of(deadline).max(time + 1);
        if process.wake_at.is_none_or(|planned| planned > at) {
            process.wake_at = Some(at);
            self.queue.push(at, Happening::Wake(host, run));
        }
    }

    fn carry_out(&mut self, host: HostId, run: Run, effect: Effect) {
        if self.trace.wants(Detail::Everything) {
            let name = self.name(host);
            self.say(|| format!("{name} -> {}", brief::effect(&effect)));
        }
        if let Some((victim, left)) = &mut self.armed
            && *victim == host
        {
            if *left == 0 {
                self.armed = None;
                self.counts.add("kill within a step");
                return self.end_process(host, "killed within a step".into());
            }
            *left -= 1;
        }
        match effect {
            Effect::Dial { address } => self.dial(host, run, address),
            Effect::Knock { incarnation, address } => self.knock(host, run, incarnation, address),
            Effect::Inquire { peer, address } => self.inquire(host, run, peer, address),
            Effect::Send(conn, message) => self.send(run, conn, Frame::Message(message)),
            Effect::Close(conn) => self.close(run, conn),
            Effect::ReadRegister => self.ask_register(host, run, Ask::Read),
            Effect::WriteRegister { base, record } => {
                self.strike_at_naming(&record);
                self.ask_register(
                    host,
                    run,
                    Ask::Write { base: base.into(), record: record.into() },
                );
            }
            Effect::Apply(batch) => self.apply(host, run, batch),
            Effect::Serve(ids) => self.serve(host, run, &ids),
            Effect::Reject(ids, why) => {
                for id in ids {
                    self.answer(host, run, id, Told::Rejected(why.clone()));
                }
            }
            Effect::Abandon(ids) => {
                for id in ids {
                    self.answer(host, run, id, Told::Lost);
                }
            }
            Effect::HandedOver(id) => {
                self.counts.add("handover completed on order");
                self.answer(host, run, id, Told::HandedOver);
            }
            Effect::Transition(transition) => {
                self.counts.add("transitions");
                self.note_transition(host, &transition);
            }
            Effect::Note(_) => {}
            Effect::Evict { member } => self.evict(host, &member),
            Effect::EndLife(why) => {
                if self.register.writer == Some(run) {
                    let explanation = format!("{} yields to its own write: {why}", self.name(host));
                    self.guilty(Property::YieldsToOthers, explanation);
                }
                if why.contains(DIFFERS) {
                    self.guilty(Property::EqualDigests, format!("{}: {why}", self.name(host)));
                }
                self.end_life(host, why);
            }
            Effect::Renew(why) => self.renew(host, why),
            Effect::Halt(why) => self.halt(host, run, why),
            Effect::Left => {
                self.counts.add("left in order");
                self.end_in_order(host, "left".into());
            }
            Effect::SetAside(entries) => {
                let next =
                    self.hosts[host].running(run).and_then(|process| process.effects.front());
                let cut = matches!(next, Some(Effect::Truncate { .. }));
                self.noted_aside(host, &entries, cut);
                self.use_disk(host, run, Effect::SetAside(entries));
            }
            disk @ (Effect::SaveState(_)
            | Effect::Append(_)
            | Effect::Truncate { .. }
            | Effect::Release { .. }
            | Effect::ReadLog { .. }
            | Effect::ReadSnapshot { .. }
            | Effect::StoreSnapshot(..)
            | Effect::AdoptSnapshot(_)) => self.use_disk(host, run, disk),
        }
    }

    fn apply(&mut self, host: HostId, run: Run, batch: Vec<(Entry, Option<RequestId>)>) {
        let Some(first) = batch.first().map(|(entry, _)| entry.index) else { return };
        self.settle_ahead(host, run);
        let now = self.hosts[host].clock.read(self.time);
        let takes = self.deferred.takes();
        let settings = batch.iter().any(|(entry, _)| entry.kind == Kind::Settings);
        let mut digests = Vec::with_capacity(batch.len());
        for (entry, waiting) in batch {
            let name = self.name(host);
            let Some(process) = self.hosts[host].running(run) else { return };
            let ahead = entry.index > process.replica.commit();
            if !ahead {
                self.executed_behind_fork(host, entry.index, entry.hash);
                let done = self.ledger.executed(&name, &entry);
                self.blame(done);
                if entry.kind == Kind::Open {
                    self.ahead.opened(entry.epoch, self.time);
                }
            }
            let Some(process) = self.hosts[host].running(run) else { return };
            let moment =
                Moment { index: entry.index, wall: entry.time.wall, elapsed: entry.time.elapsed };
            let input = match entry.kind {
                Kind::Open => MachineInput::Open,
                Kind::Command => MachineInput::Command(&entry.payload),
                Kind::Tick => MachineInput::Tick,
                Kind::Settings => MachineInput::Settings,
            };
            if entry.kind == Kind::Settings
                && let Some(settings) = Settings::decode(&entry.payload)
            {
                process.applied.settings = settings;
            }
            let moment = match mutant!("local-clock-expires") {
                true => Moment { elapsed: now.mono, ..moment },
                false => moment,
            };
            let response = process.machine.apply(moment, input);
            let digest = process.machine.digest();
            let revision = process.machine.revision();
            if !self.ahead.is_there() {
                self.past.note(&process.machine);
            }
            let held = self.holders.note(&entry, &response, &process.machine, &mut self.counts);
            let bounded = self.bounds.note(&name, &response, &process.machine);
            let executed = (&entry, &response);
            let shared = self.shares.note(&name, executed, &process.machine, &mut self.counts);
            let ranged = self.ranges.note(&entry, &response, &process.machine, &mut self.counts);
            process.applied.position = entry.position();
            process.applied.time = entry.time;
            process.ticking &= entry.kind != Kind::Tick;
            digests.push(digest);
            match ahead {
                true => self.executed_ahead(host, run, &entry, digest),
                false => {
                    let same = self.ledger.digest(&name, entry.index, digest);
                    self.blame(same);
                }
            }
            self.blame(held);
            self.blame(ranged);
            self.blame(bounded);
            self.blame(shared);
            if let Some(id) = waiting {
                // A retry carries the store's revision behind the first execution.
                if response.failure().is_none() && response.revision < revision {
                    self.counts.add("retry answered from the session table");
                }
                match ahead {
                    true => self.told_ahead(host, run, &entry, id),
                    false => self.ledger.promise(entry.index),
                }
                self.answer(host, run, id, Told::Executed(response));
            }
        }
        let Some(process) = self.hosts[host].running(run) else { return };
        let bytes = process.machine.snapshot_bytes();
        process.store.expect_snapshot(process.applied.position.index, bytes);
        let applied = Event::Applied { first, digests };
        match takes {
            None => process.todo.push_back(applied),
            Some(time) => self.input_after(time, host, run, Input::Event(applied)),
        }
        if settings && self.hosts[host].running(run).is_some_and(|p| acts(&p.replica.status())) {
            self.strike_at_settings(host);
        }
        self.begin_snapshot(host, run);
    }

    /// Executes reads.
    fn serve(&mut self, host: HostId, run: Run, ids: &[RequestId]) {
        for &id in ids {
            let Some(process) = self.hosts[host].running(run) else { return };
            let Some(Waiter::Client { wish: Wish::Read(key, revision), .. }) =
                process.waiting.get(&id)
            else {
                continue;
            };
            let machine = &process.machine;
            let found = match revision {
                0 => Ok(machine.get(key.as_bytes())),
                _ => machine.at(revision.cast_signed()).map(|reader| reader.get(key.as_bytes())),
            };
            let told = Told::Read(found, machine.revision());
            let seen = process.applied.position.index.min(process.replica.commit());
            let alone = process.members == 1;
            self.ledger.promise(seen);
            self.counts.add(if alone {
                "read answered solo"
            } else {
                "read answered after a round"
            });
            self.answer(host, run, id, told);
        }
    }

    /// Gives the gathered requests to the replica together.
    fn flush(&mut self, host: HostId, run: Run) {
        let Some(process) = self.hosts[host].running(run) else { return };
        let (mut proposals, mut reads) = (Vec::new(), Vec::new());
        for request in std::mem::take(&mut process.gathered) {
            if let Wish::Execute(payload) = &request.wish
                && let Some(failure) = self.refused_by_a_view(host, payload)
            {
                let result = Some(Outcome::Failure(failure));
                let told = Told::Executed(Response { revision: 0, result });
                self.tell(host, request.client, request.attempt, told);
                continue;
            }
            let Some(process) = self.hosts[host].running(run) else { return };
            let id = process.request_id();
            match &request.wish {
                Wish::Execute(payload) => {
                    let kind = Kind::Command;
                    let (payload, firm) = (payload.clone(), firm_payload(payload));
                    let upkeep = is_upkeep(&payload);
                    proposals.push(Proposal { id, kind, payload, firm, upkeep });
                }
                Wish::Settle(settings) => {
                    let (payload, kind) = (settings.encode().into(), Kind::Settings);
                    proposals.push(Proposal { id, kind, payload, firm: true, upkeep: true });
                }
                Wish::Read(..) => reads.push(id),
                Wish::HandOver => process.todo.push_back(Event::HandOver { id, to: None }),
            }
            let waiter = Waiter::Client {
                client: request.client,
                attempt: request.attempt,
                wish: request.wish,
                sent: request.sent,
            };
            process.waiting.insert(id, waiter);
        }
        if proposals.is_empty() && reads.is_empty() {
            return self.feed_todo(host, run);
        }
        self.feed(host, run, Event::Requests { proposals, reads });
    }

    fn answer(&mut self, host: HostId, run: Run, id: RequestId, told: Told) {
        let Some(process) = self.hosts[host].running(run) else { return };
        match process.waiting.remove(&id) {
            Some(Waiter::Client { client, attempt, .. }) => self.tell(host, client, attempt, told),
            Some(Waiter::Tick) => process.ticking = false,
            None => {}
        }
    }

    /// Lets time pass in the log when the machine waits for it.
    fn propose_tick(&mut self, host: HostId, run: Run) {
        let now = self.hosts[host].clock.read(self.time);
        let Some(process) = self.hosts[host].running(run) else { return };
        let Some(elapsed) = process.replica.elapsed(now) else { return };
        let due = process.machine.deadline().is_some_and(|deadline| deadline <= elapsed);
        // One that is turned away, by a full disk, is not proposed again at once.
        let early = self.time < process.tick_not_before;
        if (due || process.renew) && !process.ticking && !early {
            process.ticking = true;
            process.tick_not_before = self.time + TICK_PAUSE;
            let id = process.request_id();
            process.waiting.insert(id, Waiter::Tick);
            let (kind, payload) = (Kind::Tick, bytes::Bytes::new());
            let proposal = Proposal { id, kind, payload, firm: false, upkeep: true };
            process
                .todo
                .push_back(Event::Requests { proposals: vec![proposal], reads: Vec::new() });
            self.counts.add("machine ticks");
        }
    }
}
