//! The primary's role: its parts, each of which guards what holds of it, and what they say together. What it does
//! with an event begins in lead/step.rs.

// Its parts.
mod evictions;
mod followers;
mod handover;
mod membership;
mod peer;
mod progress;
mod reads;
mod tail;

// What it does with them.
mod answer_reads;
mod change_members;
mod commit;
mod contradict;
mod evict;
mod hand_over;
mod predial;
mod replicate;
mod requests;
mod speculate;
mod step;
mod wrong;

use bytes::Bytes;

use understudy_evidence::{correct, reached};

use crate::clock::wall_clock;
use crate::core::Core;
use crate::{
    Effect, Entry, Epoch, Follower, Incarnation, Index, Kind, Record, RoleName, Status, Time,
};
use evictions::Evictions;
use followers::Followers;
use handover::Handover;
pub(crate) use handover::Predial;
use membership::Membership;
use peer::Peer;
use reads::Reads;
use tail::Tail;

pub(crate) struct Leading {
    /// Whom the register names, and whom this primary obliges besides.
    membership: Membership,
    /// Who follows, how far each copy goes, and what was sent.
    followers: Followers,
    /// What is appended and not committed: `commit < index <= last`, as far as this term appended it.
    tail: Tail,
    /// Reads, and the rounds that confirm them.
    reads: Reads,
    handover: Handover,
    evictions: Evictions,
    /// The first epoch of this term; acknowledgements since then count, as the log goes on.
    acting_from: Epoch,
    /// Its opening entry (rule 8). Nothing is answered before it is executed.
    opening: Index,
    /// The last entry that was committed because backups had received it: `by_receipt <= commit`.
    by_receipt: Index,
    /// Asked to go: without a handover at the latest then.
    leave_by: Option<u64>,
    /// What is wrong with the register, said once.
    complaint: Option<String>,
    /// When the register was last read for the members' sake.
    looked_at: u64,
    /// How long the loop had run when this term began, and what logged time was.
    began: u64,
    elapsed: u64,
}

impl Leading {
    /// A primary that has just won `record`, its epoch on disk: appends the opening entry.
    pub fn new(core: &mut Core, record: Record) -> Self {
        core.acts = true;
        let others = record.members.iter().filter(|member| member.incarnation != core.me).cloned();
        let mut leading = Leading {
            followers: Followers::named(others, core.now.mono),
            acting_from: record.epoch,
            membership: Membership::new(record),
            tail: Tail::default(),
            reads: Reads::default(),
            handover: Handover::default(),
            evictions: Evictions::default(),
            opening: core.log.last().index + 1,
            by_receipt: 0,
            leave_by: None,
            complaint: None,
            looked_at: 0,
            began: core.running.ran(),
            elapsed: core.log.last_time().elapsed,
        };
        correct!(leading.open(core), "skip-opening-entry" => leading.opening = 0);
        leading
    }

    /// Rule 8, and what a log without settings lacks.
    fn open(&mut self, core: &mut Core) {
        // Alone, for an opening entry may use the disk's reserve.
        let open = self.append(core, Kind::Open, Bytes::new(), true);
        core.out.push(Effect::Append(vec![open]));
        // The founder's may have died with it.
        if !core.has_settings() {
            let settings = core.config.settings.encode().into();
            let settings = self.append(core, Kind::Settings, settings, true);
            core.out.push(Effect::Append(vec![settings]));
        }
        // What a backup has deferred is executed while that is on its way.
        if core.log.handed < core.log.commit {
            reached!("backlog executed by a new primary");
        }
        core.execute(core.log.commit);
    }

    /// The old primary has been silent since before this term: it is not given that time again.
    pub fn inherit_silence(&mut self, of: Incarnation, since: u64) {
        if let Some(peer) = self.followers.get_mut(of) {
            peer.heard = since;
        }
    }

    /// This process did not run for a while: that counts for nobody's silence.
    pub fn forgive(&mut self, pause: u64) {
        self.followers.forgive(pause);
        self.handover.forgive(pause);
    }

    pub fn name(&self, core: &Core) -> RoleName {
        if core.log.applied >= self.opening { RoleName::Primary } else { RoleName::Opening }
    }

    pub fn describe(&self, core: &Core, status: &mut Status) {
        status.named = true;
        status.primary = Some(core.member());
        status.members = self.membership.record().members.clone();
        let obliged = self.membership.obliged(core);
        status.followers = self
            .followers
            .iter()
            .map(|peer| Follower {
                member: peer.member.clone(),
                obliged: obliged.contains(&peer.member.incarnation),
                connected: peer.is_connected(),
                durable: peer.progress.acked(),
            })
            .collect();
        status.reason = self.complaint.clone().unwrap_or_default();
        if core.is_full() && self.complaint.is_none() {
            status.reason = "the disk is full: writes are refused".into();
        }
        if self.handover.is_under_way() {
            status.reason = "handing over".into();
        }
    }

    /// Who has the least memory, of those who know; the outer `None` before the opening entry is executed. All who are
    /// named have said hello by then, and one that is gone counts until it is named no more.
    pub fn least_memory<'a>(&'a self, core: &'a Core) -> Option<Option<(&'a str, u64)>> {
        let counts =
            |peer: &&Peer| peer.is_connected() || self.membership.names(peer.member.incarnation);
        let peers = self.followers.iter().filter(counts);
        let own = (core.config.name.as_str(), core.config.memory);
        let theirs = peers.map(|peer| (peer.member.name.as_str(), peer.memory));
        let least = [own]
            .into_iter()
            .chain(theirs)
            .filter_map(|(name, memory)| Some((name, memory?)))
            .min_by_key(|one| one.1);
        (core.log.applied >= self.opening).then_some(least)
    }

    /// Logged elapsed time once this loop has run for so long; `None` before the opening entry is executed.
    pub fn elapsed(&self, core: &Core, ran: u64) -> Option<u64> {
        (core.log.applied >= self.opening).then(|| self.logged(ran))
    }

    /// Logged elapsed time once this loop has run for so long.
    fn logged(&self, ran: u64) -> u64 {
        self.elapsed.saturating_add(ran.saturating_sub(self.began))
    }

    /// Appends one entry to the log in memory; the caller hands it to the disk.
    fn append(
        &mut self,
        core: &mut Core,
        kind: Kind,
        payload: Bytes,
        requires_commit: bool,
    ) -> Entry {
        let last = core.log.last();
        let elapsed = self.logged(core.running.ran());
        let wall = wall_clock(core.log.last_time(), elapsed, core.now.wall);
        let time = Time { wall, elapsed };
        let entry = Entry::after(last, self.membership.epoch(), time, kind, payload);
        core.log.push(entry.clone());
        self.tail.push(&entry, core.now.mono, requires_commit);
        entry
    }

    /// Ends this term: those that wait for a read are told where to go.
    fn dismiss(&mut self, core: &mut Core, primary: Option<String>) {
        core.acts = false;
        let mut ids = self.reads.take_all();
        ids.extend(self.handover.take_request());
        self.handover.end();
        if !ids.is_empty() {
            core.reject(ids, primary);
        }
        core.out.extend(self.followers.hang_up_all().map(Effect::Close));
    }
}
