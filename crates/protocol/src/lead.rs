//! The primary's role. What happens is noted where it arrives; then [`Leading::advance`] draws all
//! consequences, in one order, after every event.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use understudy_evidence::{correct, reached};

use crate::clock::wall_clock;
use crate::core::Core;
use crate::evict::Evictions;
use crate::evidence::Rounds;
use crate::hand_over::Seal;
use crate::membership::Join;
use crate::peer::Peer;
use crate::predial::Predial;
use crate::replica::Next;
use crate::tail::Tail;
use crate::{
    ConnId, Effect, Entry, Epoch, Event, Follower, Incarnation, Index, Kind, Proposal, Record,
    Rejection, RequestId, RoleName, Room, Round, Status, Time,
};

pub(crate) struct Leading {
    /// The register as this primary last won it.
    pub(crate) record: Record,
    /// The first epoch of this term; acknowledgements since then count, as the log goes on.
    pub(crate) acting_from: Epoch,
    /// Its opening entry (rule 8).
    pub(crate) opening: Index,
    pub(crate) peers: BTreeMap<Incarnation, Peer>,
    pub(crate) conns: BTreeMap<ConnId, Incarnation>,
    /// Hellos accepted in this term.
    pub(crate) greeted: u64,
    /// The learner that is being obliged.
    pub(crate) joining: Option<Join>,
    /// The newest read round started, and the reads with the round that each needs.
    pub(crate) round: Round,
    pub(crate) rounds: Rounds,
    pub(crate) reads: VecDeque<(Round, RequestId)>,
    /// What is appended and not committed.
    pub(crate) tail: Tail,
    /// The last entry that was committed because backups had received it.
    pub(crate) by_receipt: Index,
    pub(crate) seal: Option<Seal>,
    pub(crate) predial: Predial,
    /// Asked to go: without a handover at the latest then.
    pub(crate) leave_by: Option<u64>,
    /// What is wrong with the register, said once.
    pub(crate) complaint: Option<String>,
    /// When the register was last read for the members' sake.
    pub(crate) looked_at: u64,
    pub(crate) evictions: Evictions,
    /// With a full disk, no handover by itself before this, and how many there were.
    pub(crate) give_way_at: u64,
    pub(crate) given_way: u32,
    /// How long the loop had run when this term began, and what logged time was.
    began: u64,
    elapsed: u64,
}

impl Leading {
    /// A primary that has just won `record`, its epoch on disk: appends the opening entry.
    pub fn new(core: &mut Core, record: Record) -> Self {
        let now = core.now.mono;
        let peers = record
            .members
            .iter()
            .filter(|m| m.incarnation != core.me)
            .map(|m| (m.incarnation, Peer::new(m.clone(), now)))
            .collect();
        core.acts = true;
        let mut leading = Leading {
            acting_from: record.epoch,
            record,
            opening: core.log.last().index + 1,
            peers,
            conns: BTreeMap::new(),
            greeted: 0,
            joining: None,
            round: 0,
            rounds: Rounds::default(),
            reads: VecDeque::new(),
            tail: Tail::default(),
            by_receipt: 0,
            seal: None,
            predial: Predial::None,
            leave_by: None,
            complaint: None,
            looked_at: 0,
            evictions: Evictions::default(),
            give_way_at: 0,
            given_way: 0,
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
        if let Some(peer) = self.peers.get_mut(&of) {
            peer.heard = since;
        }
    }

    /// This process did not run for a while: that counts for nobody's silence.
    pub fn forgive(&mut self, pause: u64) {
        for peer in self.peers.values_mut() {
            peer.heard += pause;
            peer.moved += pause;
        }
        if let Some(seal) = &mut self.seal {
            seal.until += pause;
        }
    }

    pub fn name(&self, core: &Core) -> RoleName {
        if core.log.applied >= self.opening { RoleName::Primary } else { RoleName::Opening }
    }

    pub fn describe(&self, core: &Core, status: &mut Status) {
        status.named = true;
        status.primary = Some(core.member());
        status.members = self.record.members.clone();
        status.followers = self
            .peers
            .values()
            .map(|peer| Follower {
                member: peer.member.clone(),
                obliged: self.is_obliged(core, peer.member.incarnation),
                connected: peer.conn.is_some(),
                durable: peer.acked,
            })
            .collect();
        status.reason = self.complaint.clone().unwrap_or_default();
        if core.is_full() && self.complaint.is_none() {
            status.reason = "the disk is full: writes are refused".into();
        }
        if self.seal.is_some() {
            status.reason = "handing over".into();
        }
    }

    /// Who has the least memory, of those who know; the outer `None` before the opening entry is executed. All who are
    /// named have said hello by then, and one that is gone counts until it is named no more.
    pub fn least_memory<'a>(&'a self, core: &'a Core) -> Option<Option<(&'a str, u64)>> {
        let counts =
            |peer: &&Peer| peer.conn.is_some() || self.record.names(peer.member.incarnation);
        let peers = self.peers.values().filter(counts);
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

    pub fn step(&mut self, core: &mut Core, event: Event) -> Next {
        let next = match event {
            Event::Requests { proposals, reads } => {
                self.on_proposals(core, proposals);
                self.on_reads(core, reads);
                Next::Stay
            }
            Event::Received(conn, message) => self.on_message(core, conn, message),
            Event::Closed(conn) => {
                self.on_closed(core, conn);
                Next::Stay
            }
            Event::Probed(incarnation, probe) => {
                self.on_probed(incarnation, probe);
                Next::Stay
            }
            Event::LogRead { conn, previous, entries } => {
                self.on_log_read(core, conn, previous, entries);
                Next::Stay
            }
            Event::SnapshotRead { conn, snapshot, offset, data, last } => {
                self.on_snapshot_read(core, conn, snapshot, offset, data, last);
                Next::Stay
            }
            Event::SnapshotMade(_) => {
                self.send_in_background(core);
                self.release(core);
                Next::Stay
            }
            Event::Space(room) => {
                match room {
                    Room::Ample => self.given_way = 0,
                    Room::Scarce | Room::Reserve | Room::None => self.release(core),
                }
                Next::Stay
            }
            answer @ (Event::RegisterRead(_) | Event::RegisterWritten(_)) => {
                let verdict = core.judge(answer);
                self.on_verdict(core, verdict)
            }
            Event::Connected(conn) => {
                self.on_connected(core, conn);
                Next::Stay
            }
            Event::DialFailed(_) => {
                self.on_dial_failed();
                Next::Stay
            }
            Event::HandOver { id, to } => {
                self.on_hand_over(core, id, to.as_deref());
                Next::Stay
            }
            _ => Next::Stay,
        };
        match next {
            Next::Stay => self.advance(core),
            next => next,
        }
    }

    /// Draws all consequences: what can be sent, committed, answered, and who is to be a member.
    fn advance(&mut self, core: &mut Core) -> Next {
        self.replicate(core);
        self.advance_commit(core);
        self.ask_for_evidence(core);
        self.speculate(core);
        self.advance_reads(core);
        self.advance_membership(core);
        self.advance_evictions(core);
        self.advance_full(core);
        self.advance_seal(core)
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
        let entry = Entry::after(last, self.record.epoch, time, kind, payload);
        core.log.push(entry.clone());
        self.tail.push(&entry, core.now.mono, requires_commit);
        entry
    }

    fn on_proposals(&mut self, core: &mut Core, proposals: Vec<Proposal>) {
        let mut batch = Vec::new();
        let mut rejected: Vec<(Rejection, Vec<RequestId>)> = Vec::new();
        for proposal in proposals {
            match self.refuses(core, &proposal) {
                None => {
                    let requires_commit =
                        proposal.requires_commit || proposal.kind == Kind::Settings;
                    let entry = self.append(core, proposal.kind, proposal.payload, requires_commit);
                    core.waiting.insert(entry.index, proposal.id);
                    batch.push(entry);
                }
                Some(why) => match rejected.last_mut() {
                    Some((last, ids)) if *last == why => ids.push(proposal.id),
                    _ => rejected.push((why, vec![proposal.id])),
                },
            }
        }
        if !batch.is_empty() {
            // The backups get it before our own disk does: the two syncs overlap.
            self.replicate(core);
            core.out.push(Effect::Append(batch));
        }
        core.out.extend(rejected.into_iter().map(|(why, ids)| Effect::Reject(ids, why)));
    }

    /// Why a write is turned away now.
    fn refuses(&self, core: &Core, proposal: &Proposal) -> Option<Rejection> {
        let kind = proposal.kind;
        let limits = &core.config.limits;
        if let Some(seal) = &self.seal {
            let primary = Some(seal.address.clone());
            return Some(Rejection::NotPrimary { primary, epoch: core.state.epoch });
        }
        let fits = match core.room {
            Room::Ample | Room::Scarce => true,
            Room::Reserve => {
                correct!(proposal.upkeep || kind != Kind::Command, "reserve-for-all" => true)
            }
            Room::None => false,
        };
        if !fits {
            return Some(Rejection::DiskFull);
        }
        // Time and settings go on: also the order that one copy shall be enough.
        let few = (self.record.members.len() as u32) < core.settings.min_copies;
        if few && kind == Kind::Command {
            return Some(Rejection::TooFewCopies);
        }
        (self.tail.bytes >= limits.tail_bytes || self.tail.len() >= limits.tail_entries)
            .then_some(Rejection::Overloaded)
    }

    /// Ends this term: those that wait for a read are told where to go.
    pub(crate) fn dismiss(&mut self, core: &mut Core, primary: Option<String>) {
        core.acts = false;
        let mut ids: Vec<RequestId> = self.reads.drain(..).map(|(_, id)| id).collect();
        ids.extend(self.seal.take().and_then(|seal| seal.request));
        if !ids.is_empty() {
            core.out.push(crate::replica::not_primary(core, ids, primary));
        }
        for conn in std::mem::take(&mut self.conns).into_keys() {
            core.out.push(Effect::Close(conn));
        }
    }
}
