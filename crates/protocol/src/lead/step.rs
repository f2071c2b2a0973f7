//! What a primary does with an event. What happened is noted where it arrives; then all consequences are drawn, in
//! one order, after every event.

use super::Leading;
use crate::core::Core;
use crate::role::Next;
use crate::{Event, Room};

impl Leading {
    pub(crate) fn step(&mut self, core: &mut Core, event: Event) -> Next {
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
                    Room::Ample => self.handover.reset(),
                    Room::Scarce | Room::Reserve | Room::None => self.release(core),
                }
                Next::Stay
            }
            Event::RegisterRead(result) => {
                let verdict = core.on_register_read(result);
                self.on_verdict(core, verdict)
            }
            Event::RegisterWritten(answer) => {
                let verdict = core.on_register_written(answer);
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
            // What the core took note of may have consequences; the last two concern no primary.
            Event::Tick
            | Event::Durable(_)
            | Event::Applied { .. }
            | Event::Leave
            | Event::RegisterChanged
            | Event::SnapshotStored { .. }
            | Event::Inquired { .. } => Next::Stay,
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
}
