//! Who is a member: joining learners (rule 4), dropping the silent (rule 3), and standing down when
//! the register says so (rule 6).

use understudy_evidence::{correct, reached};

use super::Leading;
use super::peer::{Peer, Transfer};
use super::replicate::is_spared;
use super::wrong::evict_suspect;
use crate::core::Core;
use crate::register_client::Verdict;
use crate::role::{Next, examined};
use crate::{Effect, Incarnation, Member, Message, Observed, Record};

/// A change of the members that the primary wants.
enum Change {
    Drop(Incarnation),
    Name(Incarnation),
}

impl Leading {
    /// Starts what has to be started. The register is read first, and written only if the change is
    /// still wanted then.
    pub(super) fn advance_membership(&mut self, core: &mut Core) {
        self.hang_up_on_the_silent(core);
        self.probe(core);
        self.oblige(core);
        self.release_the_leaving(core);
        let timing = core.config.timing;
        // A primary that cannot see a member may have been deposed by it, and have missed the news.
        let pace = match self.due_change(core) {
            Some(_) => timing.retry,
            None if self.successor_hung_up() => timing.retry,
            None if self.misses_a_member(core) => timing.promote,
            None => return,
        };
        if core.register.is_free() && core.now.mono >= self.looked_at + pace {
            self.looked_at = core.now.mono;
            core.register.read(&mut core.out);
        }
    }

    fn misses_a_member(&self, core: &Core) -> bool {
        self.membership
            .record()
            .members
            .iter()
            .filter_map(|m| self.followers.get(m.incarnation))
            .any(|peer| !peer.is_connected() || core.passed(peer.heard, core.config.timing.drop))
    }

    /// The next change of the members, if one is due now.
    fn due_change(&self, core: &Core) -> Option<Change> {
        if self.handover.is_under_way() {
            return None;
        }
        let backups = || self.membership.others(core.me);
        let waits = self.something_waits(core);
        let silent = backups().find(|m| {
            self.followers.get(m.incarnation).is_some_and(|peer| {
                peer.leaving
                    || is_spared(core, peer)
                    || self.followers.is_replaced(peer)
                    || waits && self.suspects(core, peer)
                    || is_stuck(core, peer)
            })
        });
        if let Some(member) = silent {
            return Some(Change::Drop(member.incarnation));
        }
        if let Some(join) = self.membership.joining() {
            let learner = self.followers.get(join.incarnation);
            let holds = learner.is_some_and(|peer| peer.progress.acked() >= join.barrier);
            let ready = correct!(holds, "join-before-caught-up" => true);
            return ready.then_some(Change::Name(join.incarnation));
        }
        let opened = core.log.commit >= self.opening;
        let surplus = backups().count() > core.settings.sync_backups as usize;
        (opened && surplus).then(|| self.least_useful(core)).flatten().map(Change::Drop)
    }

    /// Of more backups than are wanted: one without a stream, else the last by name.
    fn least_useful(&self, core: &Core) -> Option<Incarnation> {
        self.membership
            .others(core.me)
            .max_by_key(|m| {
                let away = self.followers.get(m.incarnation).is_none_or(|p| !p.is_connected());
                (away, m.name.clone())
            })
            .map(|m| m.incarnation)
    }

    fn something_waits(&self, core: &Core) -> bool {
        core.log.last().index > core.log.commit || !self.reads.is_empty()
    }

    pub(super) fn suspects(&self, core: &Core, peer: &Peer) -> bool {
        let timing = &core.config.timing;
        peer.gone || core.passed(peer.heard, timing.drop) || is_stuck(core, peer)
    }

    /// A stream that says nothing any more holds log and memory for nobody.
    fn hang_up_on_the_silent(&mut self, core: &mut Core) {
        let silence = 3 * core.config.timing.promote;
        for peer in self.followers.iter_mut() {
            peer.progress.is_complete(core.log.last().index, core.now.mono);
        }
        for conn in self.followers.streams().collect::<Vec<_>>() {
            let Some(peer) = self.followers.at(conn) else { continue };
            if core.passed(peer.heard, silence) {
                core.note(format!("{} was silent; hanging up", peer.member.name));
                core.out.push(Effect::Close(conn));
                self.on_closed(core, conn);
            }
        }
    }

    /// A backup without a stream: does its process still exist?
    fn probe(&mut self, core: &mut Core) {
        let (now, timing) = (core.now.mono, core.config.timing);
        for member in self.membership.others(core.me) {
            let Some(peer) = self.followers.get_mut(member.incarnation) else { continue };
            let due = peer.probe_at.is_none_or(|at| now >= at);
            if !peer.is_connected() && !peer.gone && due {
                let pause = peer.probes.next(timing.retry, timing.longest_pause());
                peer.probe_at = Some(now + pause);
                let (incarnation, address) = (member.incarnation, member.peer_address.clone());
                core.out.push(Effect::Probe { incarnation, address });
            }
        }
    }

    /// Obliges the next learner that is caught up, and lets go of one that has gone away before a
    /// write named it.
    fn oblige(&mut self, core: &mut Core) {
        if let Some(join) = self.membership.joining()
            && correct!(
                core.register.undecided().is_none_or(|record| !record.names(join.incarnation)),
                "undecided-not-obliged" => true,
            )
            && !self.followers.get(join.incarnation).is_some_and(|peer| self.may_join(core, peer))
        {
            reached!("join let go");
            self.membership.let_go();
        }
        if self.membership.joining().is_some()
            || self.handover.is_under_way()
            || core.log.commit < self.opening
            || self.membership.backups() >= core.settings.sync_backups as usize
        {
            return;
        }
        let is_named = |peer: &Peer| self.membership.names(peer.member.incarnation);
        let candidate =
            self.followers.iter().find(|peer| !is_named(peer) && self.may_join(core, peer));
        if let Some(peer) = candidate {
            reached!("learner obliged");
            let barrier = correct!(core.log.commit, "join-without-a-barrier" => 0);
            self.membership.oblige(peer.member.incarnation, barrier);
            self.replicate(core);
        }
    }

    /// A follower that wants to leave and is not obliged (any more) may go.
    fn release_the_leaving(&mut self, core: &mut Core) {
        let obliged = self.membership.obliged(core);
        self.followers.each_on_stream(|conn, peer| {
            if peer.leaving
                && !obliged.contains(&peer.member.incarnation)
                && !std::mem::replace(&mut peer.released, true)
            {
                core.out.push(Effect::Send(conn, Message::Dropped));
            }
        });
    }

    fn may_join(&self, core: &Core, peer: &Peer) -> bool {
        let acked = peer.progress.acked();
        peer.is_connected()
            && peer.transfer == Transfer::Log
            && !peer.leaving
            && !peer.full
            && !self.followers.is_replaced(peer)
            && !self.suspects(core, peer)
            && correct!(
                acked > 0 && acked + core.config.limits.caught_up >= core.log.commit,
                "join-before-caught-up" => true,
            )
    }

    pub(super) fn on_verdict(&mut self, core: &mut Core, verdict: Verdict) -> Next {
        match verdict {
            Verdict::Pending => Next::Stay,
            Verdict::Failed(failure) => {
                self.decide_evictions(core, false);
                let complaint = format!("{failure}; serving on");
                if self.complaint.as_ref() != Some(&complaint) {
                    core.note(complaint.clone());
                    self.complaint = Some(complaint);
                }
                Next::Stay
            }
            Verdict::Won(record, _) => {
                self.on_won(core, record);
                Next::Stay
            }
            Verdict::Seen(observed) | Verdict::Lost(observed) => self.on_register(core, observed),
        }
    }

    /// A write of my own is in: the members are what it says, the epoch is on disk before it counts.
    fn on_won(&mut self, core: &mut Core, record: Record) {
        core.note_won(&record);
        core.save_epoch(record.epoch);
        let epoch = record.epoch;
        let (before, joined) = self.membership.won(record);
        for member in gone(&before, self.membership.record()) {
            reached!("drop won");
            core.note(format!("epoch {epoch}: {} is no member any more", member.name));
            self.note_dropped(core, &member);
            self.followers.drop_member(member.incarnation);
        }
        for member in gone(self.membership.record(), &before) {
            core.note(format!("epoch {epoch}: {} is a member", member.name));
        }
        if joined {
            reached!("join won");
        }
        if self.membership.record().members.len() < core.settings.min_copies as usize {
            // What waited is committed with fewer copies than asked for: nobody is told "done".
            core.abandon_commands();
        }
        self.welcome_all(core);
        self.looked_at = 0;
    }

    /// Anything but my own last write ends this life, or this term where it was handed over.
    fn on_register(&mut self, core: &mut Core, observed: Observed) -> Next {
        if let Some(next) = examined(core, &observed) {
            return next;
        }
        self.complaint = None;
        let Some(record) = observed.record.clone() else { return Next::Stay };
        if record != *self.membership.record() {
            return correct!(
                self.on_succeeded(core, record, observed),
                "loser-stays" => Next::Stay,
            );
        }
        self.decide_evictions(core, true);
        let Some(change) = self.due_change(core).filter(|_| core.register.is_free()) else {
            return Next::Stay;
        };
        let mut members = record.members.clone();
        match change {
            Change::Drop(incarnation) => {
                correct!(
                    {},
                    "drop-unwritten" => self.membership.drop_unwritten(incarnation),
                    "evict-before-drop" => evict_suspect(core, &record, incarnation),
                );
                members.retain(|m| m.incarnation != incarnation);
            }
            Change::Name(incarnation) => {
                members.extend(self.followers.get(incarnation).map(|peer| peer.member.clone()));
                members.sort_by(|a, b| a.name.cmp(&b.name));
            }
        }
        let draft = core.draft(&record, core.me, members);
        core.register.write(observed, draft, &mut core.out);
        Next::Stay
    }
}

/// Its disk does not get on, though entries wait for it: also where nothing else waits for that.
fn is_stuck(core: &Core, peer: &Peer) -> bool {
    peer.progress.acked() < core.log.last().index
        && core.passed(peer.progress.moved(), core.config.timing.stall)
}

/// The members that a record names and the other does not.
fn gone(of: &Record, from: &Record) -> Vec<Member> {
    of.members.iter().filter(|member| !from.names(member.incarnation)).cloned().collect()
}
