//! Requests become entries, or are turned away.

use understudy_evidence::correct;

use super::Leading;
use crate::core::Core;
use crate::{Effect, Kind, Proposal, Rejection, RequestId, Room};

impl Leading {
    pub(super) fn on_proposals(&mut self, core: &mut Core, proposals: Vec<Proposal>) {
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
        if let Some(primary) = self.handover.successor() {
            return Some(Rejection::NotPrimary { primary: Some(primary), epoch: core.state.epoch });
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
        let few = self.membership.record().members.len() < core.settings.min_copies as usize;
        if few && kind == Kind::Command {
            return Some(Rejection::TooFewCopies);
        }
        (self.tail.bytes() >= limits.tail_bytes || self.tail.len() >= limits.tail_entries)
            .then_some(Rejection::Overloaded)
    }
}
