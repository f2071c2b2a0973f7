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
pub(crate) enum Ahead {
    #[default]
    None,
    /// One dial at a time: its answer says nothing of anybody else.
    Dialing(Incarnation),
    Open(Incarnation, ConnId),
}

impl Leading {
    /// The successor has hung up, as it does when it has won.
    pub(crate) fn dial_ahead(&mut self, core: &mut Core) {
        let Some(seal) = self.seal.as_ref().filter(|seal| seal.offered) else { return };
        if core.leaving || self.ahead != Ahead::None {
            return;
        }
        if let Some(member) = self.record.member(seal.target) {
            self.ahead = Ahead::Dialing(seal.target);
            core.out.push(Effect::Dial { address: member.peer_address.clone() });
        }
    }

    pub(crate) fn on_connected(&mut self, core: &mut Core, conn: ConnId) {
        let target = self.seal.as_ref().map(|seal| seal.target);
        match self.ahead {
            Ahead::Dialing(to) if Some(to) == target => self.ahead = Ahead::Open(to, conn),
            _ => {
                // A dial from before this term, or for a handover that was given up.
                self.on_dial_failed();
                core.out.push(Effect::Close(conn));
            }
        }
    }

    pub(crate) fn on_dial_failed(&mut self) {
        if let Ahead::Dialing(_) = self.ahead {
            self.ahead = Ahead::None;
        }
    }

    pub(crate) fn on_closed_ahead(&mut self, conn: ConnId) {
        if matches!(self.ahead, Ahead::Open(_, open) if open == conn) {
            self.ahead = Ahead::None;
        }
    }

    /// The handover is given up: a dial under way is closed when it is answered.
    pub(crate) fn hang_up_ahead(&mut self, core: &mut Core) {
        if let Ahead::Open(_, conn) = self.ahead {
            core.out.push(Effect::Close(conn));
            self.ahead = Ahead::None;
        }
    }
}

impl Following {
    /// Goes on with the stream that was dialed ahead.
    pub(crate) fn go_on(&mut self, core: &mut Core, ahead: Ahead) {
        match ahead {
            Ahead::None => {}
            Ahead::Dialing(to) => self.link = Link::Dialing { to },
            Ahead::Open(to, conn) => {
                reached!("followed on a stream dialed ahead");
                self.link = Link::Dialing { to };
                self.on_connected(core, conn);
            }
        }
    }
}
