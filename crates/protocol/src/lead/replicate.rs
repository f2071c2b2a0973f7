//! What a primary sends to its followers, and what they answer.

use bytes::Bytes;

use understudy_evidence::correct;

use super::Leading;
use super::peer::{Background, Peer, Transfer};
use crate::core::Core;
use crate::role::Next;
use crate::{
    Ack, Append, BackupExecution, ConnId, Effect, Entry, Hello, Incarnation, Index, Message,
    PROTOCOL_VERSION, Position, ProbeResult, Record, Refusal, Room, Snapshot, SnapshotPart,
};

impl Leading {
    pub(super) fn on_message(&mut self, core: &mut Core, conn: ConnId, message: Message) -> Next {
        if let Message::Hello(hello) = message {
            return self.on_hello(core, conn, *hello);
        }
        let now = core.now.mono;
        let Some(peer) = self.followers.at_mut(conn) else {
            correct!({}, "ack-while-acting" => self.acknowledge_another(core, conn, &message));
            return Next::Stay;
        };
        peer.heard = now;
        match message {
            Message::Ack(ack) => self.on_ack(core, conn, ack),
            Message::SnapshotAck { position, offset } => {
                self.on_snapshot_ack(core, conn, position, offset);
            }
            Message::Leave => peer.leaving = true,
            Message::Contradiction(found) => return self.on_contradiction(core, conn, found),
            Message::TakeOverRefused(why) => return self.on_take_over_refused(core, conn, why),
            _ => core.out.push(Effect::Close(conn)),
        }
        Next::Stay
    }

    fn on_hello(&mut self, core: &mut Core, conn: ConnId, hello: Hello) -> Next {
        if let Some(refusal) = self.refusal(core, &hello) {
            core.note(format!("refused {}: {refusal:?}", hello.member.name));
            core.refuse(conn, refusal);
            return Next::Stay;
        }
        if let Some(found) = self.contradiction(core, &hello) {
            return self.contradict(core, conn, &hello, found);
        }
        if let Some(earlier) = self.followers.greet(conn, &hello, core.log.commit, core.now.mono) {
            core.out.push(Effect::Close(earlier));
        }
        correct!({}, "acks-of-an-old-copy" => self.count_acks_by_name(conn));
        self.welcome(core, conn);
        self.start_sending(core, conn, &hello);
        Next::Stay
    }

    /// Says what a follower must know before anything of this epoch.
    fn welcome(&self, core: &mut Core, conn: ConnId) {
        let &Record { epoch, cluster, .. } = self.membership.record();
        let records = core.state.records.iter().map(|known| (known.epoch, known.nonce));
        let records = correct!(records.collect(), "records-kept-to-oneself" => Vec::new());
        let ordered = core.state.ordered;
        core.out.push(Effect::Send(conn, Message::Welcome { epoch, cluster, ordered, records }));
    }

    /// The same for all, in a new epoch.
    pub(super) fn welcome_all(&self, core: &mut Core) {
        self.followers.streams().for_each(|conn| self.welcome(core, conn));
    }

    fn refusal(&self, core: &mut Core, hello: &Hello) -> Option<Refusal> {
        if hello.version != PROTOCOL_VERSION {
            return Some(Refusal::WrongVersion(PROTOCOL_VERSION));
        }
        let record = self.membership.record();
        if hello.cluster.is_some_and(|cluster| cluster != record.cluster) {
            return Some(Refusal::WrongCluster(record.cluster));
        }
        if hello.member.incarnation == core.me {
            return Some(Refusal::OldLife(core.life));
        }
        if correct!(hello.epoch > record.epoch, "follow-older-epoch" => false) {
            // It has followed or won a newer epoch. Only the register can say who acts (rule 6).
            core.register.read(&mut core.out);
            return Some(Refusal::NotPrimary(hello.epoch));
        }
        let known = self.followers.get(hello.member.incarnation).map_or(0, |peer| peer.life);
        (hello.life < known).then_some(Refusal::OldLife(known))
    }

    /// Finds where the follower's log leaves ours and begins to send from there.
    fn start_sending(&mut self, core: &mut Core, conn: ConnId, hello: &Hello) {
        let Some(peer) = self.followers.at_mut(conn) else { return };
        if is_spared(core, peer) {
            peer.transfer = Transfer::Paused;
            return;
        }
        match core.log.matching(hello.first, &hello.runs) {
            Some(index) => match core.log.position(index) {
                Some(position) => peer.progress.send_after(position),
                None => read_log(core, peer, conn, index + 1),
            },
            None => read_snapshot(core, peer, conn),
        }
    }

    /// Sends to every follower what it lacks, as far as its window allows; a heartbeat where
    /// nothing has been sent for a while, and the newest read round where it is due.
    pub(super) fn replicate(&mut self, core: &mut Core) {
        let obliged = self.membership.obliged(core);
        let (epoch, round) = (self.membership.epoch(), self.reads.round());
        let digest = core.latest_digest();
        self.followers.each_on_stream(|conn, peer| {
            let message = |previous, entries, commit| {
                Message::Append(Append { epoch, previous, entries, commit, round, digest })
            };
            let spared = is_spared(core, peer);
            while peer.transfer == Transfer::Log
                && !spared
                && peer.progress.sent().index < core.log.last().index
                && peer.progress.flight_bytes() < core.config.limits.flight_bytes
            {
                let previous = peer.progress.sent();
                let from = previous.index + 1;
                let Some(entries) = core.log.entries(from, core.config.limits.message_bytes) else {
                    read_log(core, peer, conn, from);
                    break;
                };
                note_sent(core, peer, &entries, round);
                core.out.push(Effect::Send(conn, message(previous, entries, core.log.commit)));
            }
            let heartbeat = core.passed(peer.told_at, core.config.timing.heartbeat);
            let asked = peer.told_round < round && obliged.contains(&peer.member.incarnation);
            if heartbeat || asked {
                note_sent(core, peer, &[], round);
                let append = message(peer.progress.sent(), Vec::new(), core.log.commit);
                core.out.push(Effect::Send(conn, append));
            }
        });
    }

    fn on_ack(&mut self, core: &mut Core, conn: ConnId, ack: Ack) {
        let record = self.membership.record();
        if ack.newer.is_some_and(|newer| newer > record.epoch) {
            core.register.read(&mut core.out);
        }
        let Some(peer) = self.followers.at_mut(conn) else { return };
        if ack.epoch < self.acting_from || ack.epoch > record.epoch {
            return;
        }
        peer.progress.verify(ack.verified);
        peer.progress.acknowledge(ack.durable, core.now.mono);
        // Only what a member received after the write that names it: a copy that crashes reads the
        // register, and must find that it counted by more than its disk (rule 11).
        let member = record.names(peer.member.incarnation) && ack.epoch == record.epoch;
        if correct!(member, "received-by-a-learner" => true) {
            peer.progress.receive(ack.verified);
        }
        peer.confirmed = peer.confirmed.max(ack.round);
        peer.full = ack.full;
        if peer.transfer == Transfer::Paused && !ack.full {
            // It says again where its log ends, and gets what follows.
            core.out.push(Effect::Close(conn));
            self.on_closed(core, conn);
        }
    }

    pub(super) fn on_log_read(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        previous: Position,
        entries: Result<Vec<Entry>, String>,
    ) {
        let (epoch, round) = (self.membership.epoch(), self.reads.round());
        let Some(peer) = self.followers.at_mut(conn) else { return };
        if peer.transfer != Transfer::Reading {
            return;
        }
        match entries {
            Ok(entries) if !entries.is_empty() => {
                peer.transfer = Transfer::Log;
                note_sent(core, peer, &entries, round);
                let digest = core.latest_digest();
                let commit = core.log.commit;
                let append = Append { epoch, previous, entries, commit, round, digest };
                core.out.push(Effect::Send(conn, Message::Append(append)));
            }
            _ => read_snapshot(core, peer, conn),
        }
    }

    pub(super) fn on_snapshot_read(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        snapshot: Snapshot,
        offset: u64,
        data: Bytes,
        last: bool,
    ) {
        let epoch = self.membership.epoch();
        let Some(peer) = self.followers.at_mut(conn) else { return };
        let end = last.then_some(offset + data.len() as u64);
        let position = snapshot.position;
        let background = !peer.is_catching_up_from_snapshot();
        if background {
            let Some(sending) = &mut peer.background else { return };
            *sending = Background { position, end };
        } else {
            peer.transfer = Transfer::Snapshot { position, offset, end };
            peer.progress.send_after(Position::default());
        }
        peer.told_at = core.now.mono;
        let part = SnapshotPart { epoch, snapshot, offset, data, last, background };
        core.out.push(Effect::Send(conn, Message::SnapshotPart(part)));
    }

    fn on_snapshot_ack(&mut self, core: &mut Core, conn: ConnId, position: Position, stored: u64) {
        let Some(peer) = self.followers.at_mut(conn) else { return };
        let Transfer::Snapshot { position: sending, end, .. } = peer.transfer else {
            return send_more_in_background(core, peer, conn, position, stored);
        };
        if sending != position {
            return;
        }
        if end == Some(stored) {
            peer.transfer = Transfer::Log;
            peer.progress.send_after(position);
            return;
        }
        peer.transfer = Transfer::Snapshot { position, offset: stored, end: None };
        let bytes = core.config.limits.part_bytes;
        core.out.push(Effect::ReadSnapshot { conn, position, offset: stored, bytes });
    }

    /// A new snapshot is here: it spares those who execute nothing what is before it, in memory and when they
    /// are promoted. A backup that is still being sent an older one gets that first: on a narrow line, one part is
    /// under way and no more.
    pub(super) fn send_in_background(&mut self, core: &mut Core) {
        if core.settings.backup_execution != BackupExecution::Deferred {
            return;
        }
        let (position, bytes) = (core.log.snapshot, core.config.limits.part_bytes);
        self.followers.each_on_stream(|conn, peer| {
            if peer.transfer == Transfer::Log && peer.background.is_none() {
                peer.background = Some(Background { position, end: None });
                core.out.push(Effect::ReadSnapshot { conn, position, offset: 0, bytes });
            }
        });
    }

    pub(super) fn on_closed(&mut self, core: &mut Core, conn: ConnId) {
        let whose = self.followers.hang_up(conn);
        if whose.is_some() && whose == self.handover.target() {
            core.register.read(&mut core.out);
            self.predial(core);
        }
        self.on_predial_closed(conn);
        // Nobody remembers a spare that has hung up.
        let obliged = self.membership.obliged(core);
        let membership = &self.membership;
        self.followers.forget(|who| membership.names(who) || obliged.contains(&who));
    }

    pub(super) fn on_probed(&mut self, who: Incarnation, probe: ProbeResult) {
        if let Some(peer) = self.followers.get_mut(who)
            && !peer.is_connected()
            && probe == ProbeResult::Refused
        {
            peer.gone = true;
        }
    }

    /// Lets go of log that a snapshot covers and no follower on a stream still needs. Where there is too much of
    /// that, or no room for it, a learner gets the snapshot.
    pub(super) fn release(&mut self, core: &mut Core) {
        let obliged = self.membership.obliged(core);
        let far = match core.room {
            Room::Ample => core.log.beyond(core.config.limits.retain_bytes.saturating_mul(4)),
            Room::Scarce | Room::Reserve | Room::None => Index::MAX,
        };
        let fed = |peer: &&Peer| {
            peer.is_connected() && matches!(peer.transfer, Transfer::Log | Transfer::Reading)
        };
        let needs = |peer: &Peer| {
            let acked = peer.progress.acked().min(peer.progress.sent().index);
            if obliged.contains(&peer.member.incarnation) { acked } else { acked.max(far) }
        };
        let needed = self.followers.iter().filter(fed).map(needs).min().unwrap_or(Index::MAX);
        core.release_through(core.releasable().min(needed));
    }
}

/// Whether a follower gets nothing to write: its disk is full, and this one's is not, so that what is left of room
/// there stays for upkeep.
pub(super) fn is_spared(core: &Core, peer: &Peer) -> bool {
    peer.full && !core.is_full()
}

fn note_sent(core: &Core, peer: &mut Peer, entries: &[Entry], round: u64) {
    peer.progress.send(entries);
    peer.told_round = round;
    peer.told_at = core.now.mono;
}

fn read_log(core: &mut Core, peer: &mut Peer, conn: ConnId, from: Index) {
    peer.transfer = Transfer::Reading;
    let bytes = core.config.limits.message_bytes;
    core.out.push(Effect::ReadLog { conn, from, bytes });
}

fn send_more_in_background(
    core: &mut Core,
    peer: &mut Peer,
    conn: ConnId,
    position: Position,
    stored: u64,
) {
    let Some(sending) = peer.background.filter(|background| background.position == position) else {
        return;
    };
    // All of it is there, or none of it is wanted.
    if sending.end == Some(stored) || stored == 0 {
        peer.background = None;
        return;
    }
    let bytes = core.config.limits.part_bytes;
    core.out.push(Effect::ReadSnapshot { conn, position, offset: stored, bytes });
}

fn read_snapshot(core: &mut Core, peer: &mut Peer, conn: ConnId) {
    let position = core.log.snapshot;
    peer.transfer = Transfer::Snapshot { position, offset: 0, end: None };
    peer.background = None;
    peer.progress.send_after(Position::default());
    let bytes = core.config.limits.part_bytes;
    core.out.push(Effect::ReadSnapshot { conn, position, offset: 0, bytes });
}
