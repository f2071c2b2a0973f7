//! Who is a member: joining learners (rule 4), dropping the silent (rule 3), and standing down when
//! the register says so (rule 6).

use std::collections::BTreeSet;

use understudy_evidence::{correct, reached};

use crate::core::Core;
use crate::lead::Leading;
use crate::peer::{Peer, Transfer};
use crate::register_client::Verdict;
use crate::replica::{Next, examined};
use crate::replicate::is_spared;
use crate::wrong::evict_suspect;
use crate::{Effect, Incarnation, Index, Member, Message, Observed, Record};

/// A learner on its way to be named.
pub(crate) struct Join {
    pub incarnation: Incarnation,
    /// The commit index when it was obliged: it is named once it holds that much.
    pub barrier: Index,
}

/// A change of the members that the primary wants.
enum Change {
    Drop(Incarnation),
    Name(Incarnation),
}

impl Leading {
    /// Whose acknowledgement is needed, besides the primary's own: the members of the register last
    /// won, those named in an undecided write, and a learner that is joining.
    pub(crate) fn obliged(&self, core: &Core) -> BTreeSet<Incarnation> {
        let undecided = correct!(core.register.undecided(), "undecided-not-obliged" => None);
        let undecided = undecided.into_iter().flat_map(|record| &record.members);
        let mut set: BTreeSet<Incarnation> =
            self.record.members.iter().chain(undecided).map(|m| m.incarnation).collect();
        set.extend(self.joining.as_ref().map(|join| join.incarnation));
        correct!({}, "oblige-after-write" => set.retain(|i| self.record.names(*i)));
        set.remove(&core.me);
        set
    }

    pub(crate) fn is_obliged(&self, core: &Core, incarnation: Incarnation) -> bool {
        self.obliged(core).contains(&incarnation)
    }

    /// Starts what has to be started. The register is read first, and written only if the change is
    /// still wanted then.
    pub(crate) fn advance_membership(&mut self, core: &mut Core) {
        self.hang_up_on_the_silent(core);
        self.probe(core);
        self.oblige(core);
        self.release_the_leaving(core);
        let timing = core.config.timing;
        // A primary that cannot see a member may have been deposed by it, and have missed the news.
        let pace = match self.wanted(core) {
            Some(_) => timing.retry,
            None if self.successor_hung_up() => timing.retry,
            None if self.misses_a_member(core) => timing.promote,
            None => return,
        };
        if core.register.is_free() && core.now.mono >= self.looked_at + pace {
            self.looked_at = core.now.mono;
            core.register.look(&mut core.out);
        }
    }

    fn misses_a_member(&self, core: &Core) -> bool {
        self.record
            .members
            .iter()
            .filter_map(|m| self.peers.get(&m.incarnation))
            .any(|peer| peer.conn.is_none() || core.passed(peer.heard, core.config.timing.drop))
    }

    /// The next change of the members, if one is due now.
    fn wanted(&self, core: &Core) -> Option<Change> {
        if self.seal.is_some() {
            return None;
        }
        let backups = || self.record.members.iter().filter(|m| m.incarnation != core.me);
        let waits = self.something_waits(core);
        let silent = backups().find(|m| {
            self.peers.get(&m.incarnation).is_some_and(|peer| {
                peer.leaving
                    || is_spared(core, peer)
                    || self.is_replaced(peer)
                    || waits && self.suspects(core, peer)
                    || is_stuck(core, peer)
            })
        });
        if let Some(member) = silent {
            return Some(Change::Drop(member.incarnation));
        }
        if let Some(join) = &self.joining {
            let holds = self.peers.get(&join.incarnation).is_some_and(|p| p.acked >= join.barrier);
            let ready = correct!(holds, "join-before-caught-up" => true);
            return ready.then_some(Change::Name(join.incarnation));
        }
        let opened = core.log.commit >= self.opening;
        let surplus = backups().count() > core.settings.sync_backups as usize;
        (opened && surplus).then(|| self.least_useful(core)).flatten().map(Change::Drop)
    }

    /// Of more backups than are wanted: one without a stream, else the last by name.
    fn least_useful(&self, core: &Core) -> Option<Incarnation> {
        self.record
            .members
            .iter()
            .filter(|m| m.incarnation != core.me)
            .max_by_key(|m| {
                let away = self.peers.get(&m.incarnation).is_none_or(|p| p.conn.is_none());
                (away, m.name.clone())
            })
            .map(|m| m.incarnation)
    }

    fn something_waits(&self, core: &Core) -> bool {
        core.log.last().index > core.log.commit || !self.reads.is_empty()
    }

    pub(crate) fn suspects(&self, core: &Core, peer: &Peer) -> bool {
        let timing = &core.config.timing;
        peer.gone || core.passed(peer.heard, timing.drop) || is_stuck(core, peer)
    }

    /// A stream that says nothing any more holds log and memory for nobody.
    fn hang_up_on_the_silent(&mut self, core: &mut Core) {
        let silence = 3 * core.config.timing.promote;
        for peer in self.peers.values_mut().filter(|p| p.acked >= core.log.last().index) {
            peer.moved = core.now.mono;
        }
        for (conn, incarnation) in self.conns.clone() {
            let Some(peer) = self.peers.get_mut(&incarnation) else { continue };
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
        for member in self.record.members.iter().filter(|m| m.incarnation != core.me) {
            let Some(peer) = self.peers.get_mut(&member.incarnation) else { continue };
            let due = peer.probe_at.is_none_or(|at| now >= at);
            if peer.conn.is_none() && !peer.gone && due {
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
        if let Some(join) = &self.joining
            && correct!(
                core.register.undecided().is_none_or(|record| !record.names(join.incarnation)),
                "undecided-not-obliged" => true,
            )
            && !self.peers.get(&join.incarnation).is_some_and(|peer| self.may_join(core, peer))
        {
            reached!("join let go");
            self.joining = None;
        }
        let backups = self.record.members.len() - 1;
        if self.joining.is_some()
            || self.seal.is_some()
            || core.log.commit < self.opening
            || backups >= core.settings.sync_backups as usize
        {
            return;
        }
        let candidate = self
            .peers
            .values()
            .find(|peer| !self.record.names(peer.member.incarnation) && self.may_join(core, peer));
        if let Some(peer) = candidate {
            let incarnation = peer.member.incarnation;
            reached!("learner obliged");
            let barrier = correct!(core.log.commit, "join-without-a-barrier" => 0);
            self.joining = Some(Join { incarnation, barrier });
            self.replicate(core);
        }
    }

    /// A follower that wants to leave and is not obliged (any more) may go.
    fn release_the_leaving(&mut self, core: &mut Core) {
        let obliged = self.obliged(core);
        for (conn, incarnation) in &self.conns {
            if let Some(peer) = self.peers.get_mut(incarnation)
                && peer.leaving
                && !obliged.contains(incarnation)
                && !std::mem::replace(&mut peer.released, true)
            {
                core.out.push(Effect::Send(*conn, Message::Dropped));
            }
        }
    }

    /// A copy of the same name is here that came later: it stands in the place of this one, whose data
    /// is gone. Only while its stream lasts: a hello of the older copy may arrive late, but its stream
    /// ends when something is sent on it.
    pub(crate) fn is_replaced(&self, peer: &Peer) -> bool {
        self.peers.values().any(|other| {
            other.greeted > peer.greeted
                && other.conn.is_some()
                && other.member.name == peer.member.name
        })
    }

    fn may_join(&self, core: &Core, peer: &Peer) -> bool {
        peer.conn.is_some()
            && peer.transfer == Transfer::Log
            && !peer.leaving
            && !peer.full
            && !self.is_replaced(peer)
            && !self.suspects(core, peer)
            && correct!(
                peer.acked > 0 && peer.acked + core.config.limits.caught_up >= core.log.commit,
                "join-before-caught-up" => true,
            )
    }

    pub(crate) fn on_verdict(&mut self, core: &mut Core, verdict: Verdict) -> Next {
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
        let changed = |a: &Record, b: &Record| -> Vec<Member> {
            a.members.iter().filter(|m| !b.names(m.incarnation)).cloned().collect()
        };
        for member in changed(&self.record, &record) {
            reached!("drop won");
            core.note(format!("epoch {}: {} is no member any more", record.epoch, member.name));
            self.note_dropped(core, &member);
            self.peers.entry(member.incarnation).and_modify(Peer::dropped);
            if self.peers.get(&member.incarnation).is_some_and(|peer| peer.conn.is_none()) {
                self.peers.remove(&member.incarnation);
            }
        }
        for member in changed(&record, &self.record) {
            core.note(format!("epoch {}: {} is a member", record.epoch, member.name));
        }
        if self.joining.as_ref().is_some_and(|join| record.names(join.incarnation)) {
            reached!("join won");
            self.joining = None;
        }
        if (record.members.len() as u32) < core.settings.min_copies {
            // What waited is committed with fewer copies than asked for: nobody is told "done".
            core.abandon_commands();
        }
        self.record = record;
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
        if record != self.record {
            return correct!(
                self.on_succeeded(core, record, observed),
                "loser-stays" => Next::Stay,
            );
        }
        self.decide_evictions(core, true);
        let Some(change) = self.wanted(core).filter(|_| core.register.is_free()) else {
            return Next::Stay;
        };
        let mut members = record.members.clone();
        match change {
            Change::Drop(incarnation) => {
                correct!(
                    {},
                    "drop-unwritten" => self.record.members.retain(|m| m.incarnation != incarnation),
                    "evict-before-drop" => evict_suspect(core, &record, incarnation),
                );
                members.retain(|m| m.incarnation != incarnation);
            }
            Change::Name(incarnation) => {
                members.extend(self.peers.get(&incarnation).map(|peer| peer.member.clone()));
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
    peer.acked < core.log.last().index && core.passed(peer.moved, core.config.timing.stall)
}
