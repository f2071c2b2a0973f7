//! What a replica asks of its runtime is done, or begins, as chance has it.

use understudy_host::{Answer, End, Output, Reason, Work, WorkKind};
use understudy_machine::KvMachine;
use understudy_wal::sim::SimDisk;

use crate::checks::violation::Property;
use crate::clients::{Told, Wish};
use crate::world::World;
use crate::world::event::Input;
use crate::world::host::{SLOW, Wait, Waiter};
use crate::world::id::{HostId, Run};
use crate::world::net::Frame;
use crate::world::register::Ask;

/// How long a snapshot takes to be written, to be checked, to be restored, nanoseconds.
const WRITING: (u64, u64) = (1_000_000, 200_000_000);
const CHECKING: (u64, u64) = (0, 20_000_000);
const RESTORING: (u64, u64) = (0, 100_000_000);

impl World {
    pub(crate) fn carry_out(
        &mut self,
        host: HostId,
        run: Run,
        output: Output<SimDisk, KvMachine, Waiter>,
    ) {
        match output {
            Output::Internal => {}
            Output::Sync => self.begin_sync(host, run),
            Output::Barrier => self.wait_for_disk(host, run),
            Output::Dial(address) => self.dial(host, run, address),
            Output::Probe(incarnation, address) => self.probe(host, run, incarnation, address),
            Output::Inquire(peer, address) => self.inquire(host, run, peer, address),
            Output::Send(conn, message) => self.send(run, conn, Frame::Message(message)),
            Output::Close(conn) => self.close(run, conn),
            Output::ReadRegister => self.ask_register(host, run, Ask::Read),
            Output::WriteRegister(base, record) => {
                self.inject_at_naming(&record);
                let write = Ask::Write { base: base.into(), record: record.into() };
                self.ask_register(host, run, write);
            }
            Output::Work(work) => self.begin_work(host, run, work),
            Output::Executed(executed) => self.executed_entry(host, run, executed),
            Output::Answer(waiter, answer) => self.answer(host, run, &waiter, answer),
            Output::SnapshotSaved(_) => self.counts.add("snapshot taken"),
            Output::SnapshotReceived(_) => self.counts.add("snapshot taken on in the background"),
            Output::SnapshotInstalled(position) => {
                self.hosts[host].shadow.install(position);
                if let Some(process) = self.hosts[host].running(run) {
                    process.unwritten.clear();
                }
                self.counts.add("snapshot installed");
                self.check_past(host);
            }
            Output::SetAside { .. } | Output::Note(..) => {}
            Output::Transition(transition) => {
                self.counts.add("transitions");
                self.note_transition(host, &transition);
            }
            Output::Evict(member) => self.evict(host, &member),
            Output::Halted(why) => self.halt(host, run, why),
            Output::End(End::Life(Reason::Bug(why))) => {
                let explanation = format!("{}: {why}", self.name(host));
                self.fail(Property::Assertions, explanation);
            }
            Output::End(End::Life(why)) => self.end_life(host, why.to_string()),
            Output::End(End::Renewed(why)) => self.renew(host, why),
            Output::End(End::Left) => {
                self.counts.add("left in order");
                self.end_in_order(host, "left".into());
            }
        }
    }

    /// The log is to be synced: it is, after a while, and with it what is appended meanwhile.
    fn begin_sync(&mut self, host: HostId, run: Run) {
        let delay = self.hosts[host].sync_delay;
        let delay = self.span(delay);
        let Some(process) = self.hosts[host].running(run) else { return };
        if std::mem::replace(&mut process.syncing, true) {
            return;
        }
        if delay >= SLOW {
            self.counts.add("slow sync");
        }
        self.input_after(delay, host, run, Input::Synced);
    }

    /// Nothing goes on before the disk has what it was given.
    fn wait_for_disk(&mut self, host: HostId, run: Run) {
        let delay = self.hosts[host].state_delay;
        let delay = self.span(delay);
        if delay >= SLOW {
            self.counts.add("slow save of the hard state");
        }
        if delay == 0 {
            return self.sync(host, run);
        }
        if let Some(process) = self.hosts[host].running(run) {
            process.waits = Some(Wait::Disk);
            self.input_after(delay, host, run, Input::Ready);
        }
    }

    /// What was written is durable.
    pub(crate) fn sync(&mut self, host: HostId, run: Run) {
        let place = &mut self.hosts[host];
        let Some(process) = place.process.as_mut().filter(|process| process.run == run) else {
            return;
        };
        let position = process.driver.store().last();
        let dirty = process.driver.is_dirty();
        process.driver.sync();
        if dirty && !process.driver.is_dirty() && !process.driver.has_ended() {
            place.shadow.synced(position);
        }
    }

    /// Work on another thread: the disk has it at once, the replica hears of it later.
    fn begin_work(&mut self, host: HostId, run: Run, work: Work<SimDisk, KvMachine>) {
        let takes = match work.kind() {
            WorkKind::Snapshot => WRITING,
            WorkKind::Check => CHECKING,
            WorkKind::Restore => RESTORING,
        };
        let delay = self.span(takes);
        let done = work.run();
        if done.has_failed() {
            self.counts.add("snapshot that failed");
        }
        self.attempts += 1;
        let id = self.attempts;
        if let Some(process) = self.hosts[host].running(run) {
            process.done.insert(id, done);
            self.input_after(delay, host, run, Input::Done(id));
        }
    }

    fn answer(&mut self, host: HostId, run: Run, waiter: &Waiter, answer: Answer) {
        let Waiter::Client { client, attempt, wish, .. } = waiter else { return };
        let told = match answer {
            Answer::Read => match self.read(host, run, wish) {
                Some(told) => told,
                None => return,
            },
            Answer::HandedOver => {
                self.counts.add("handover completed on order");
                Told::HandedOver
            }
            Answer::Rejected(why) => Told::Rejected(why),
            Answer::Unknown => Told::Lost,
            Answer::CutOff => {
                let explanation = format!("{}: no client orders its requests", self.name(host));
                return self.fail(Property::Assertions, explanation);
            }
        };
        self.tell(host, *client, *attempt, told);
    }

    /// Executes a read.
    fn read(&mut self, host: HostId, run: Run, wish: &Wish) -> Option<Told> {
        let process = self.hosts[host].running(run)?;
        let Wish::Read(key, revision) = wish else { return None };
        let machine = process.driver.machine();
        let found = match revision {
            0 => Ok(machine.get(key.as_bytes())),
            _ => machine.at(revision.cast_signed()).map(|reader| reader.get(key.as_bytes())),
        };
        let told = Told::Read(found, machine.revision());
        let executed = process.driver.executed().position.index;
        let seen = executed.min(process.driver.replica().commit());
        let alone = process.members == 1;
        self.ledger.promise(seen);
        self.counts.add(if alone { "read answered solo" } else { "read answered after a round" });
        Some(told)
    }
}
