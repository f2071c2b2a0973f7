//! How a follower takes in the primary's log (rule 9).

use understudy_evidence::{correct, reached};

use super::{Following, Link};
use crate::core::Core;
use crate::role::Next;
use crate::{
    Ack, Append, ConnId, Contradiction, Effect, EndReason, Entry, Epoch, Index, Message, Position,
    Room, SnapshotPart,
};

impl Following {
    pub(super) fn on_append(&mut self, core: &mut Core, conn: ConnId, append: Append) -> Next {
        if !self.accept_epoch(core, conn, append.epoch) {
            return Next::Stay;
        }
        let fits = append.previous == Position::default()
            || core.log.position(append.previous.index) == Some(append.previous);
        if !correct!(fits, "match-by-length" => true) {
            if let Some(found) = self.misfit(core, append.previous) {
                return self.contradict(core, conn, found);
            }
            // Nothing is verified by a message that does not fit; the next hello finds the match.
            return self.decline(
                core,
                conn,
                format!("entries do not follow entry {} here", append.previous.index),
            );
        }
        let end = append.entries.last().map_or(append.previous.index, |entry| entry.index);
        // What is of a newer epoch than the primary's own was written by nobody: nothing could follow it.
        let newer = append.entries.last().is_some_and(|entry| entry.epoch > append.epoch);
        if newer || !chained(append.previous, &append.entries) {
            return self.decline(core, conn, format!("entries up to {end} arrived damaged"));
        }
        if let Err(index) = take_in(core, append.entries) {
            let epoch = core.log.position(index).map_or(0, |here| here.epoch);
            return self.contradict(core, conn, Contradiction::Committed(index, epoch));
        }
        self.reason.clear();
        self.verified = Some(self.verified.unwrap_or(0).max(end));
        self.round = self.round.max(append.round);
        self.told_commit = self.told_commit.max(append.commit);
        self.acknowledge(core);
        self.on_digest(core, Some(append.digest))
    }

    /// A primary's epoch rises with its own writes of the register; mine is on disk before the ack.
    fn accept_epoch(&mut self, core: &mut Core, conn: ConnId, epoch: Epoch) -> bool {
        if correct!(epoch < core.state.epoch, "follow-older-epoch" => false) {
            core.note(format!("a message of old epoch {epoch}; hanging up"));
            self.hang_up(core, conn);
            return false;
        }
        if epoch != core.state.epoch {
            self.follow_epoch(core, epoch);
        }
        true
    }

    /// Makes the primary's epoch the newest that this copy has followed, on disk, with its record's nonce if that
    /// was read.
    pub(super) fn follow_epoch(&self, core: &mut Core, epoch: Epoch) {
        if epoch != core.state.epoch {
            reached!("a newer epoch followed");
        }
        if self.record.epoch == epoch {
            core.note_record(epoch, self.record.nonce);
        }
        correct!(core.save_epoch(epoch), "follow-before-epoch-on-disk" => core.state.epoch = epoch);
    }

    /// What the primary sent is of no use: says why, and dials again.
    fn decline(&mut self, core: &mut Core, conn: ConnId, why: String) -> Next {
        core.note(why.clone());
        self.reason = why;
        self.hang_up(core, conn);
        Next::Stay
    }

    /// Executes what is committed as far as it is verified and durable here, and tells the primary
    /// how far that is, with the newest read round.
    pub(super) fn acknowledge(&mut self, core: &mut Core) -> Next {
        if let (Link::Live(conn), Some(verified)) = (&self.link, self.verified) {
            let here = verified.min(core.log.durable);
            let durable = correct!(here, "ack-before-fsync" => verified);
            if durable < verified {
                reached!("ack held back for the disk");
            }
            if self.told_commit > durable {
                reached!("commit held back for the disk");
            }
            let counts = correct!(here, "commit-unverified" => core.log.durable);
            core.commit(self.told_commit.min(counts));
            let ack = Ack {
                epoch: core.state.epoch,
                verified,
                durable,
                round: self.round,
                newer: self.newer.or_else(|| {
                    (self.record.epoch > core.state.epoch).then_some(self.record.epoch)
                }),
                full: core.is_full(),
            };
            core.out.push(Effect::Send(*conn, Message::Ack(ack)));
        }
        Next::Stay
    }

    /// The disk runs short of room, or has it again, which the primary is told.
    pub(super) fn on_space(&mut self, core: &mut Core, room: Room) -> Next {
        if room == Room::None {
            self.cut_what_found_no_room(core);
        }
        if room != Room::Ample {
            core.release();
        }
        self.acknowledge(core)
    }

    /// What found no room was never acknowledged: it goes, so that this copy is what its disk says
    /// and may still be promoted on the reserve. Where it may count because it was received, it stays.
    fn cut_what_found_no_room(&mut self, core: &mut Core) {
        let durable = core.log.durable;
        let counts = correct!(core.may_count_received(), "received-cut-by-a-full-disk" => false);
        if !counts && core.log.last().index > durable {
            core.log.truncate(durable);
            core.out.push(Effect::Truncate { after: durable });
            core.forget_beginnings(durable);
            if let Link::Greeting(conn) | Link::Live(conn) = self.link {
                self.hang_up(core, conn);
            }
        }
    }

    /// A different digest is replayed once from snapshot and log; then it stays halted.
    pub(super) fn on_digest(&mut self, core: &mut Core, told: Option<(Index, u64)>) -> Next {
        let Err(index) = core.compare_digest(told) else { return Next::Stay };
        if !core.state.replaying {
            core.state.replaying = true;
            core.save();
            return Next::end(core, EndReason::StateDiffers { index });
        }
        let why = format!(
            "state differs from the primary's as of entry {index}, also after a replay: keep this directory for a report, then see `understudy recover`"
        );
        Next::halt_for_good(core, why)
    }

    pub(super) fn on_snapshot_part(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        part: SnapshotPart,
    ) -> Next {
        if !self.accept_epoch(core, conn, part.epoch) {
            return Next::Stay;
        }
        if part.background {
            return self.on_background_part(core, conn, part);
        }
        if part.snapshot.position.index <= core.log.commit {
            let end = part.snapshot.position.index;
            return self.decline(
                core,
                conn,
                format!("the primary's snapshot up to {end} brings nothing"),
            );
        }
        self.reason.clear();
        let (snapshot, last) = (part.snapshot, part.last);
        self.storing = Some(snapshot.position);
        if last {
            core.make_way(snapshot.position);
        }
        core.out.push(Effect::StoreSnapshot(conn, part));
        if last {
            // The effect is durable before any later one; from here on the log is the snapshot.
            reached!("snapshot took the log's place");
            core.install(snapshot);
            core.save();
            self.verified = Some(snapshot.position.index);
        }
        Next::Stay
    }

    /// The primary's snapshot in the background. What does not serve here is declined: the primary sends its
    /// next one.
    fn on_background_part(&mut self, core: &mut Core, conn: ConnId, part: SnapshotPart) -> Next {
        let position = part.snapshot.position;
        // It holds only what is committed.
        self.told_commit = self.told_commit.max(position.index);
        self.acknowledge(core);
        if core.is_spared_by(position) {
            let end = part.last.then_some(part.offset + part.data.len() as u64);
            self.background = Some((position, end));
            core.out.push(Effect::StoreSnapshot(conn, part));
        } else {
            core.out.push(Effect::Send(conn, Message::SnapshotAck { position, offset: 0 }));
        }
        Next::Stay
    }

    pub(super) fn on_snapshot_stored(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        position: Position,
        offset: u64,
    ) -> Next {
        if self.storing == Some(position)
            && let Link::Live(live) = self.link
            && live == conn
        {
            self.storing = None;
            core.out.push(Effect::Send(conn, Message::SnapshotAck { position, offset }));
        }
        if let Link::Live(live) = self.link
            && live == conn
            && let Some((_, end)) =
                self.background.take_if(|(background, _)| *background == position)
        {
            if end == Some(offset) && core.is_spared_by(position) {
                core.take_on(position);
                core.release();
            }
            core.out.push(Effect::Send(conn, Message::SnapshotAck { position, offset }));
        }
        Next::Stay
    }
}

/// Whether the entries follow each other and `previous`, hashes included.
fn chained(mut previous: Position, entries: &[Entry]) -> bool {
    entries.iter().all(|entry| {
        let fits = entry.follows(previous);
        previous = entry.position();
        fits
    })
}

/// Skips what is here already, cuts a conflicting tail, appends the rest. `Err` names an entry that
/// contradicts a committed one.
fn take_in(core: &mut Core, entries: Vec<Entry>) -> Result<(), Index> {
    let mut fresh = Vec::new();
    for entry in entries {
        if entry.index <= core.log.last().index {
            let here = core.log.position(entry.index);
            if entry.index <= core.log.commit && here.is_none() || here == Some(entry.position()) {
                continue;
            }
            if entry.index <= core.log.commit {
                return Err(entry.index);
            }
            reached!("conflicting tail cut");
            core.cut(entry.index - 1);
        }
        core.log.push(entry.clone());
        fresh.push(entry);
    }
    if !fresh.is_empty() {
        core.out.push(Effect::Append(fresh));
    }
    Ok(())
}
