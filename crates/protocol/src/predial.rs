//! A primary that hands over dials its successor while it reads that it has won: it will follow it, and
//! until it does, nothing is committed.

use understudy_evidence::reached;

use crate::core::Core;
use crate::follow::Following;
use crate::lead::Leading;
use crate::link::Link;
use crate::{ConnId, Effect, Incarnation};

/// The stream to the successor, on which nothing is said before the register names it primary.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Predial {
    #[default]
    None,
    /// One dial at a time: its answer says nothing of anybody else.
    Dialing(Incarnation),
    Open(Incarnation, ConnId),
}

impl Leading {
    /// The successor has hung up, as it does when it has won.
    pub(crate) fn predial(&mut self, core: &mut Core) {
        let Some(seal) = self.seal.as_ref().filter(|seal| seal.offered) else { return };
        if core.leaving || self.predial != Predial::None {
            return;
        }
        if let Some(member) = self.record.member(seal.target) {
            self.predial = Predial::Dialing(seal.target);
            core.out.push(Effect::Dial { address: member.peer_address.clone() });
        }
    }

    pub(crate) fn on_connected(&mut self, core: &mut Core, conn: ConnId) {
        let target = self.seal.as_ref().map(|seal| seal.target);
        match self.predial {
            Predial::Dialing(to) if Some(to) == target => self.predial = Predial::Open(to, conn),
            _ => {
                // A dial from before this term, or for a handover that was given up.
                self.on_dial_failed();
                core.out.push(Effect::Close(conn));
            }
        }
    }

    pub(crate) fn on_dial_failed(&mut self) {
        if let Predial::Dialing(_) = self.predial {
            self.predial = Predial::None;
        }
    }

    pub(crate) fn on_predial_closed(&mut self, conn: ConnId) {
        if matches!(self.predial, Predial::Open(_, open) if open == conn) {
            self.predial = Predial::None;
        }
    }

    /// The handover is given up: a dial under way is closed when it is answered.
    pub(crate) fn cancel_predial(&mut self, core: &mut Core) {
        if let Predial::Open(_, conn) = self.predial {
            core.out.push(Effect::Close(conn));
            self.predial = Predial::None;
        }
    }
}

impl Following {
    /// Goes on with the stream that was dialed ahead.
    pub(crate) fn go_on(&mut self, core: &mut Core, ahead: Predial) {
        match ahead {
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
