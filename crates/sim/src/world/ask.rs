//! The way to the register and back.

use understudy_protocol::{Event, Record, WriteAnswer};

use crate::checks::violation::Property;
use crate::world::World;
use crate::world::event::{Input, SimEvent};
use crate::world::id::{HostId, Run};
use crate::world::net::REGISTER;
use crate::world::register::{Ask, Pending};

impl World {
    pub(crate) fn ask_register(&mut self, host: HostId, run: Run, ask: Ask) {
        self.asks += 1;
        let id = self.asks;
        let timeout = self.options.register_timeout;
        let mut delay = self.register_delay();
        let writes = matches!(ask, Ask::Write { .. });
        if writes && self.chance(self.register.late) {
            delay = self.span((timeout, 8 * timeout));
        }
        if writes {
            delay += self.register.write_lag;
            self.inject_during_write(host);
        }
        let unanswered = ask.unanswered("no answer in time");
        self.register
            .pending
            .insert(id, Pending { host, run, ask, answered: false, landed: false });
        if !self.lost("register request lost") {
            self.after(delay, SimEvent::Register(id));
        }
        if self.chance(self.net.twice) {
            let again = delay + self.span((0, 2 * timeout));
            self.after(again, SimEvent::Register(id));
        }
        self.after(timeout, SimEvent::RegisterAnswer(id, unanswered));
    }

    pub(crate) fn register_delay(&mut self) -> u64 {
        let delay = self.register.delay;
        self.span(delay)
    }

    pub(crate) fn ask_arrives(&mut self, id: u64) {
        let Some(pending) = self.register.pending.get_mut(&id) else { return };
        let (host, run) = (pending.host, pending.run);
        let (ask, answered) = (pending.ask.clone(), pending.answered);
        if self.register.down {
            return self.counts.add("register request during an outage");
        }
        if self.net.blocked(host, REGISTER) {
            return;
        }
        let again = std::mem::replace(&mut pending.landed, true);
        let writes = matches!(ask, Ask::Write { .. });
        if again {
            self.counts.add(if writes {
                "register write delivered twice"
            } else {
                "register read delivered twice"
            });
        } else if writes && self.chance(self.register.edits) {
            // Somebody sets a label just between the read and the write.
            self.register.edit();
            self.counts.add("foreign edit between read and write");
        }
        let before = self.register.record().cloned();
        let wins = self.register.wins;
        let event = self.register.execute(&ask);
        let won = self.register.wins > wins;
        if won {
            self.register.writer = Some(run);
            let names_a_learner = self.register_written(host, before.as_ref());
            self.inject_at_landing(host, names_a_learner);
            if answered {
                self.counts.add("register write that landed late");
            }
        }
        if event == Event::RegisterWritten(WriteAnswer::Conflict) {
            self.counts.add("test-and-set conflict");
        }
        // Whatever lies between loses the answer, and asks again for what has landed.
        let repeated = won && self.chance(self.register.repeated);
        if repeated {
            self.counts.add("register write repeated after it landed");
            let again = self.register_delay();
            self.after(again, SimEvent::Register(id));
        }
        if self.net.blocked(REGISTER, host) || repeated || self.chance(self.register.lost) {
            self.counts.add(if won {
                "register answer lost after a write that landed"
            } else {
                "register answer lost"
            });
            return;
        }
        let delay = self.register_delay();
        self.after(delay, SimEvent::RegisterAnswer(id, event));
    }

    /// A write has landed. Gives whether it names somebody whom the record before did not.
    fn register_written(&mut self, by: HostId, before: Option<&Record>) -> bool {
        let Some(record) = self.register.record().cloned() else { return false };
        let (name, text) = (self.name(by), self.describe(&record));
        self.narrate(|| format!("register: {name} wrote {text}"));
        let forward = self.ledger.register(record.epoch);
        if !self.may_halt {
            self.fail_on(forward);
        }
        self.counts.add("register write won");
        if record.epoch <= self.hosts[by].epoch {
            let known = self.hosts[by].epoch;
            let explanation = format!("{name} wrote epoch {}, but knows {known}", record.epoch);
            self.fail(Property::EpochsNeverGoBack, explanation);
        }
        if let Some(before) = before {
            self.count_change(before, &record);
        }
        self.register_changed();
        let names_another =
            |before: &Record| record.members.iter().any(|member| !before.names(member.incarnation));
        before.is_some_and(names_another)
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

    fn count_change(&mut self, before: &Record, after: &Record) {
        let joined = after.members.iter().filter(|m| !before.names(m.incarnation));
        for member in joined {
            let host = self.hosts.iter().find(|host| host.incarnation == Some(member.incarnation));
            if host.is_some_and(|host| host.is_slow()) {
                self.counts.add("slow learner joined");
            }
            self.counts.add("join completed");
        }
        if before.primary != after.primary {
            self.counts.add("promotion");
        } else {
            let gone = before.members.iter().filter(|m| !after.names(m.incarnation)).count();
            self.counts.more("drop won", gone as u64);
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
}
