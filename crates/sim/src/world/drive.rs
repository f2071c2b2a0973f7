//! The runtime of one replica: what has arrived reaches it when its process runs, and it goes on step by step.

use understudy_host::{Request as Asked, RequestKind, Step};
use understudy_machine::{Outcome, Response};
use understudy_protocol::{Effect, Event, Room};

use crate::checks::ahead::{is_upkeep, payload_requires_commit};
use crate::checks::violation::Property;
use crate::clients::{Told, Wish};
use crate::report::brief;
use crate::report::trace::Detail;
use crate::world::World;
use crate::world::event::{Input, SimEvent};
use crate::world::executed::Due;
use crate::world::host::{Wait, Waiter};
use crate::world::id::{HostId, Run};

/// Steps that follow from one input at once; more are a circle.
const ENDLESS: u32 = 1_000_000;

impl World {
    /// A replica's deadline has come.
    pub(crate) fn wake(&mut self, host: HostId, run: Run) {
        let Some(process) = self.hosts[host].running(run) else { return };
        process.wake_at = None;
        if process.waits.is_some() {
            process.late = true;
        } else if !process.paused {
            self.drive(host, run);
        }
    }

    /// Something reaches a process, or waits until it is resumed.
    pub(crate) fn input(&mut self, host: HostId, run: Run, input: Input) {
        let Some(process) = self.hosts[host].running(run) else { return };
        if process.paused || process.waits.is_some() && !matches!(input, Input::Ready) {
            process.inbox.push_back(input);
            return;
        }
        match input {
            Input::Ready => self.go_on(host, run),
            // It is gathered first.
            Input::Request(_) => self.take_in(host, run, input),
            _ => {
                self.take_in(host, run, input);
                self.drive(host, run);
            }
        }
    }

    /// What has arrived is given to the replica, which goes on later.
    fn take_in(&mut self, host: HostId, run: Run, input: Input) {
        let Some(process) = self.hosts[host].running(run) else { return };
        match input {
            // It goes on already.
            Input::Ready => {}
            Input::Synced => {
                process.syncing = false;
                self.sync(host, run);
            }
            Input::Event(event) => self.give(host, run, understudy_host::Input::Event(event)),
            Input::Leave => self.give(host, run, understudy_host::Input::Leave),
            Input::Done(id) => {
                if let Some(done) = process.done.remove(&id) {
                    self.give(host, run, understudy_host::Input::Done(done));
                }
            }
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

    fn give(
        &mut self,
        host: HostId,
        run: Run,
        input: understudy_host::Input<
            understudy_wal::sim::SimDisk,
            understudy_machine::KvMachine,
            Waiter,
        >,
    ) {
        let now = self.hosts[host].clock.read(self.time);
        if let Some(process) = self.hosts[host].running(run) {
            process.driver.input(now, input);
        }
    }

    /// Asks a replica for something, now.
    pub(crate) fn ask(&mut self, host: HostId, run: Run, kind: RequestKind, waiter: Waiter) {
        self.give(host, run, understudy_host::Input::Request(Asked { kind, waiter }));
        self.drive(host, run);
    }

    /// Lets the replica go on as far as it can.
    pub(crate) fn drive(&mut self, host: HostId, run: Run) {
        let mut steps = 0;
        let now = self.hosts[host].clock.read(self.time);
        while self.violation.is_none()
            && let Some(process) = self.hosts[host].running(run)
            && process.goes_on()
        {
            let next = process.driver.peek();
            let executes = matches!(next, Some(Step::Effect(Effect::Apply(_))));
            let takes_event = matches!(next, Some(Step::Event(_)));
            if !self.before_step(host, run) {
                return;
            }
            let Some(process) = self.hosts[host].running(run) else { return };
            let Some(output) = process.driver.next(now) else { break };
            if takes_event {
                self.judge_elapsed(host, run);
            }
            self.note_written(host);
            self.carry_out(host, run, output);
            if executes {
                self.take_time(host, run);
            }
            steps += 1;
            if steps > ENDLESS {
                let explanation = format!("{} steps for ever without waiting", self.name(host));
                return self.fail(Property::Progress, explanation);
            }
        }
        self.watch_if_stepped(host, run);
        self.schedule_wake(host, run);
    }

    /// A machine takes a while for its batch: nothing else goes on at this replica.
    fn take_time(&mut self, host: HostId, run: Run) {
        let Some(time) = self.deferred.takes().filter(|time| *time > 0) else { return };
        if let Some(process) = self.hosts[host].running(run) {
            process.waits = Some(Wait::Machine);
            self.input_after(time, host, run, Input::Ready);
        }
    }

    /// What the process waited for is done. What has arrived meanwhile comes after it, but between two batches of a
    /// machine: however much is left to execute, a runtime takes it in.
    fn go_on(&mut self, host: HostId, run: Run) {
        let Some(process) = self.hosts[host].running(run) else { return };
        match process.waits.take() {
            Some(Wait::Disk) => self.sync(host, run),
            Some(Wait::Machine) | None => {
                while let Some(process) = self.hosts[host].running(run)
                    && let Some(input) = process.inbox.pop_front()
                {
                    self.take_in(host, run, input);
                }
            }
        }
        self.drive(host, run);
        while let Some(process) = self.hosts[host].running(run)
            && process.goes_on()
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
        // One that is paused, or waits, looks at the time when it goes on.
        let Some(deadline) = process.driver.deadline().filter(|_| process.goes_on()) else {
            return;
        };
        let at = clock.time_of(deadline).max(time + 1);
        if process.wake_at.is_none_or(|planned| planned > at) {
            process.wake_at = Some(at);
            self.queue.push(at, SimEvent::Wake(host, run));
        }
    }

    /// Looks at what the replica does next. Gives whether it still runs.
    fn before_step(&mut self, host: HostId, run: Run) -> bool {
        let Some(process) = self.hosts[host].running(run) else { return false };
        match process.driver.peek() {
            Some(Step::Event(event)) => {
                let text = self.trace.wants(Detail::Everything).then(|| brief::event(event));
                let full = matches!(event, Event::Space(Room::None));
                self.watch_if_stepped(host, run);
                if let Some(text) = text.flatten() {
                    let name = self.name(host);
                    self.say(|| format!("{name} <- {text}"));
                }
                if full {
                    self.inject_at_full_disk(host);
                }
                if let Some(process) = self.hosts[host].running(run) {
                    process.stepped = true;
                }
            }
            Some(Step::Effect(effect)) => {
                let due = Due::of(effect);
                let text = self.trace.wants(Detail::Everything).then(|| brief::effect(effect));
                if let Some(text) = text {
                    let name = self.name(host);
                    self.say(|| format!("{name} -> {text}"));
                }
                if let Some((victim, left)) = &mut self.armed
                    && *victim == host
                {
                    if *left == 0 {
                        self.armed = None;
                        self.counts.add("kill within a step");
                        self.end_process(host, "killed within a step".into());
                        return false;
                    }
                    *left -= 1;
                }
                if let Some(due) = due {
                    self.before_effect(host, run, due);
                }
            }
            Some(Step::Execute(_)) | None => {}
        }
        self.hosts[host].running(run).is_some()
    }

    /// Judges what a replica says of itself, once everything is done that a step has asked for.
    fn watch_if_stepped(&mut self, host: HostId, run: Run) {
        if let Some(process) = self.hosts[host].running(run)
            && process.driver.effects().next().is_none()
            && std::mem::take(&mut process.stepped)
        {
            self.watch(host, run);
        }
    }

    /// Gives the gathered requests to the replica together.
    fn flush(&mut self, host: HostId, run: Run) {
        let Some(process) = self.hosts[host].running(run) else { return };
        for request in std::mem::take(&mut process.gathered) {
            if let Wish::Execute(payload) = &request.wish
                && let Some(failure) = self.refused_by_a_view(host, payload)
            {
                let result = Some(Outcome::Failure(failure));
                let told = Told::Executed(Response { revision: 0, result });
                self.tell(host, request.client, request.attempt, told);
                continue;
            }
            let kind = match &request.wish {
                Wish::Execute(payload) => {
                    let (payload, requires_commit) =
                        (payload.clone(), payload_requires_commit(payload));
                    let upkeep = is_upkeep(&payload);
                    RequestKind::Command { payload, requires_commit, upkeep, answer: 0 }
                }
                Wish::Settle(settings) => RequestKind::Settings(*settings),
                Wish::Read(..) => RequestKind::Read,
                Wish::HandOver => RequestKind::HandOver(None),
            };
            let waiter = Waiter::Client {
                client: request.client,
                attempt: request.attempt,
                wish: request.wish,
                sent: request.sent,
            };
            self.give(host, run, understudy_host::Input::Request(Asked { kind, waiter }));
        }
    }
}
