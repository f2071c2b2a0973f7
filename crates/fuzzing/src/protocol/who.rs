//! Who talks to the replica.

use arbitrary::Arbitrary;
use understudy_protocol::{ClusterId, Incarnation, Member, PROTOCOL_VERSION, PeerState};

/// Who says it.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Who {
    B,
    C,
    /// Another copy under the name of b.
    NewB(u8),
    Myself,
}

impl Who {
    pub fn member(self) -> Member {
        let (incarnation, name) = match self {
            Who::B => (0xb, "b"),
            Who::C => (0xc, "c"),
            Who::NewB(n) => (0xb00 + u128::from(n), "b"),
            Who::Myself => (0xa, "a"),
        };
        Member {
            incarnation: Incarnation(incarnation),
            name: name.into(),
            peer_address: name.into(),
            client_address: name.into(),
        }
    }

    /// What it answers to "are you blank?".
    pub fn state(self, blank: bool, version: bool) -> PeerState {
        PeerState {
            version: PROTOCOL_VERSION + u32::from(!version),
            member: self.member(),
            life: 1,
            cluster: (!blank).then_some(ClusterId(9)),
        }
    }
}
