//! A follower's stream to its primary: dial, hello, welcome or refusal, and what a broken one means.

use understudy_evidence::{correct, reached};

use super::{Following, Link};
use crate::core::Core;
use crate::lead::Predial;
use crate::role::Next;
use crate::{
    ClusterId, ConnId, Contradiction, Effect, Epoch, Hello, Message, Nonce, PROTOCOL_VERSION,
    ProbeResult, Refusal,
};

impl Following {
    /// A stream whose other end lost power or its way is never closed from there.
    pub(super) fn give_up_a_silent_stream(&mut self, core: &mut Core) {
        let timing = core.config.timing;
        let (conn, silent) = match self.link {
            Link::Greeting(conn) => (conn, core.passed(self.link_since, timing.drop / 2)),
            Link::Live(conn) => (conn, core.passed(self.heard, timing.promote)),
            _ => return,
        };
        if silent {
            core.out.push(Effect::Close(conn));
            self.unlink(core.now.mono);
        }
    }

    pub(super) fn dial(&mut self, core: &mut Core) {
        let Some(primary) = self.record.member(self.record.primary) else { return };
        // Also an older copy of my own, whose data is gone, may still be named.
        if primary.incarnation == core.me || primary.name == core.config.name {
            return;
        }
        self.link = Link::Dialing { to: primary.incarnation };
        core.out.push(Effect::Dial { address: primary.peer_address.clone() });
    }

    pub(super) fn on_connected(&mut self, core: &mut Core, conn: ConnId) -> Next {
        let Link::Dialing { to } = self.link else {
            core.out.push(Effect::Close(conn));
            return Next::Stay;
        };
        if to != self.record.primary {
            core.out.push(Effect::Close(conn));
            self.unlink(core.now.mono);
            return self.on_tick(core);
        }
        let (first, runs) = core.log.runs();
        let hello = Hello {
            version: PROTOCOL_VERSION,
            cluster: core.state.cluster,
            member: core.member(),
            life: core.life,
            epoch: core.state.epoch,
            nonce: core.nonce_of(core.state.epoch),
            commit: core.committed(),
            first,
            runs,
            full: core.is_full(),
            memory: core.config.memory,
        };
        self.link = Link::Greeting(conn);
        self.link_since = core.now.mono;
        self.verified = correct!(None, "old-stream-counts" => self.verified);
        self.told_commit = 0;
        self.round = 0;
        (self.storing, self.background) = (None, None);
        core.out.push(Effect::Send(conn, Message::Hello(Box::new(hello))));
        Next::Stay
    }

    pub(super) fn on_dial_failed(&mut self, core: &mut Core, probe: ProbeResult) -> Next {
        let Link::Dialing { to } = self.link else { return Next::Stay };
        if to != self.record.primary {
            self.unlink(core.now.mono);
            return self.on_tick(core);
        }
        self.gone |= probe == ProbeResult::Refused;
        let timing = core.config.timing;
        let pause = if probe == ProbeResult::Refused { timing.retry } else { timing.tick };
        self.link = Link::Idle { until: self.redial_at(core, pause) };
        self.pursue(core);
        Next::Stay
    }

    pub(super) fn on_closed(&mut self, core: &mut Core, conn: ConnId) -> Next {
        let mine = match self.link {
            Link::Greeting(c) | Link::Live(c) => c == conn,
            _ => false,
        };
        if !mine {
            return Next::Stay;
        }
        if self.leave_by.is_some() {
            return Next::left(core, "asked to leave; the primary is gone");
        }
        // A dying process may accept a stream and drop it before its port is closed: dial again
        // soon, for the refusal is what tells that it is gone.
        let timing = core.config.timing;
        let live = matches!(self.link, Link::Live(_));
        if live && core.passed(self.link_since, timing.longest_pause()) {
            self.redials.reset();
        }
        // At once after a stream that lasted, or the first one that did not.
        let pause = if live && self.redials.is_reset() { 0 } else { timing.tick };
        let until = self.redial_at(core, pause);
        self.unlink(until);
        self.on_tick(core)
    }

    /// When to dial after one more stream that came to nothing.
    fn redial_at(&mut self, core: &Core, pause: u64) -> u64 {
        core.now.mono + self.redials.next(pause, core.config.timing.longest_pause())
    }

    pub(super) fn unlink(&mut self, until: u64) {
        self.link = Link::Idle { until };
        self.verified = correct!(None, "old-stream-counts" => self.verified);
        (self.storing, self.background) = (None, None);
    }

    pub(super) fn on_greeting(&mut self, core: &mut Core, conn: ConnId, message: Message) -> Next {
        match message {
            Message::Welcome { epoch, cluster, ordered, records } => {
                self.link = Link::Live(conn);
                self.on_welcome(core, conn, epoch, cluster, ordered, &records)
            }
            Message::Refused(refusal) => self.on_refused(core, conn, refusal),
            _ => {
                self.hang_up(core, conn);
                Next::Stay
            }
        }
    }

    /// What the primary says before anything of its epoch.
    pub(super) fn on_welcome(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        epoch: Epoch,
        cluster: ClusterId,
        ordered: Epoch,
        records: &[(Epoch, Nonce)],
    ) -> Next {
        if core.state.cluster.is_some_and(|mine| mine != cluster) {
            return self.on_other_cluster(core, conn, cluster);
        }
        if correct!(epoch < core.state.epoch, "follow-older-epoch" => false) {
            core.note(format!("a primary of old epoch {epoch} answered; hanging up"));
            self.hang_up(core, conn);
            return Next::Stay;
        }
        if records.iter().any(|record| record.0 > epoch) {
            self.hang_up(core, conn);
            return Next::Stay;
        }
        if let Some(other) = records.iter().find(|known| core.knows_another(known.0, known.1)) {
            return self.contradict(core, conn, Contradiction::Record(other.0));
        }
        let news = core.learn_records(records) | (ordered > core.state.ordered);
        core.state.ordered = core.state.ordered.max(ordered);
        if epoch != core.state.epoch || news {
            self.follow_epoch(core, epoch);
        }
        self.heard = core.now.mono;
        self.gone = false;
        self.lapsed = false;
        self.served = true;
        correct!(Next::Stay, "ack-unverified" => self.acknowledge_all(core))
    }

    /// Addresses are used again, and the register may name an old one: no reason to halt.
    fn on_other_cluster(&mut self, core: &mut Core, conn: ConnId, cluster: ClusterId) -> Next {
        let primary = self.record.member(self.record.primary);
        let address = primary.map_or("there", |m| m.peer_address.as_str());
        self.reason = format!(
            "the replica at {address} is of another cluster, {cluster}: check the peer addresses"
        );
        self.hang_up(core, conn);
        self.pursue(core);
        Next::Stay
    }

    fn on_refused(&mut self, core: &mut Core, conn: ConnId, refusal: Refusal) -> Next {
        let mut pause = core.config.timing.retry;
        match refusal {
            Refusal::NotPrimary(epoch) => {
                self.reason = "the named primary does not act".into();
                // Somebody answers at its port.
                self.gone = false;
                self.answered = core.now.mono;
                // It did: that life is over, and the next one has no more right to act than I.
                self.lapsed = self.served;
                // It answers, so it may win any moment.
                pause = core.config.timing.tick;
                if epoch > core.state.epoch.max(self.record.epoch) {
                    self.newer = Some(epoch);
                }
            }
            Refusal::WrongCluster(cluster) => {
                return self.on_other_cluster(core, conn, cluster);
            }
            Refusal::OldLife(life) => {
                return Next::halt(
                    core,
                    format!(
                        "life {life} of this copy is running elsewhere: the data directory was copied or is used twice"
                    ),
                );
            }
            Refusal::WrongVersion(version) => {
                self.reason = format!(
                    "the primary speaks protocol version {version}, this replica {PROTOCOL_VERSION}"
                );
            }
            Refusal::Contradiction(found) => {
                core.out.push(Effect::Close(conn));
                return self.halt_with(core, found);
            }
            Refusal::Other(why) => self.reason = format!("the primary refuses: {why}"),
        }
        core.out.push(Effect::Close(conn));
        let until = self.redial_at(core, pause);
        self.unlink(until);
        self.pursue(core);
        Next::Stay
    }

    pub(super) fn hang_up(&mut self, core: &mut Core, conn: ConnId) {
        core.out.push(Effect::Close(conn));
        let until = self.redial_at(core, core.config.timing.retry);
        self.unlink(until);
    }

    /// Goes on with the stream that was dialed ahead.
    pub(crate) fn go_on(&mut self, core: &mut Core, predial: Predial) {
        match predial {
            Predial::None => {}
            Predial::Dialing(to) => self.link = Link::Dialing { to },
            Predial::Open(to, conn) => {
                reached!("followed on a stream dialed ahead");
                self.link = Link::Dialing { to };
                self.on_connected(core, conn);
            }
        }
    }
}
