//! A primary that hands over dials its successor while it reads that it has won: it will follow it, and
//! until it does, nothing is committed.

use super::Leading;
use super::handover::Predial;
use crate::core::Core;
use crate::{ConnId, Effect};

impl Leading {
    /// The successor has hung up, as it does when it has won.
    pub(super) fn predial(&mut self, core: &mut Core) {
        let Some(target) = self.handover.offered_to() else { return };
        if core.leaving || self.handover.predial() != Predial::None {
            return;
        }
        if let Some(member) = self.membership.record().member(target) {
            self.handover.set_predial(Predial::Dialing(target));
            core.out.push(Effect::Dial { address: member.peer_address.clone() });
        }
    }

    pub(super) fn on_connected(&mut self, core: &mut Core, conn: ConnId) {
        match self.handover.predial() {
            Predial::Dialing(to) if Some(to) == self.handover.target() => {
                self.handover.set_predial(Predial::Open(to, conn));
            }
            _ => {
                // A dial from before this term, or for a handover that was given up.
                self.on_dial_failed();
                core.out.push(Effect::Close(conn));
            }
        }
    }

    pub(super) fn on_dial_failed(&mut self) {
        if let Predial::Dialing(_) = self.handover.predial() {
            self.handover.set_predial(Predial::None);
        }
    }

    pub(super) fn on_predial_closed(&mut self, conn: ConnId) {
        if matches!(self.handover.predial(), Predial::Open(_, open) if open == conn) {
            self.handover.set_predial(Predial::None);
        }
    }

    /// The handover is given up: a dial under way is closed when it is answered.
    pub(super) fn cancel_predial(&mut self, core: &mut Core) {
        if let Predial::Open(_, conn) = self.handover.predial() {
            core.out.push(Effect::Close(conn));
            self.handover.set_predial(Predial::None);
        }
    }
}
