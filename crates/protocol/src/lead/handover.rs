//! The handover under way: to whom, until when, and the stream on which the successor will be followed.

use crate::{ConnId, Incarnation, Member, RequestId};

/// A full primary whose handovers come to nothing, as where the register is away, tries again after pauses that
/// double, up to this many times the bound of one: in between it serves reads.
const GIVE_WAY_AGAIN: u64 = 10;

/// A primary that takes no more requests.
struct Seal {
    target: Incarnation,
    /// Where clients should go, once the target has won.
    address: String,
    /// Given up then.
    until: u64,
    /// Whether the target has been told.
    offered: bool,
    /// The operator's request, if it was one.
    request: Option<RequestId>,
}

/// The stream to the successor, on which nothing is said before the register names it primary.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Predial {
    #[default]
    None,
    /// One dial at a time: its answer says nothing of anybody else.
    Dialing(Incarnation),
    Open(Incarnation, ConnId),
}

/// The handover under way, if one is, and when a full primary may begin another.
#[derive(Default)]
pub(super) struct Handover {
    /// While it is there, nothing is appended, and nobody is obliged, named or dropped.
    seal: Option<Seal>,
    /// Not `None` only after the offer.
    predial: Predial,
    /// With a full disk, no handover by itself before this.
    give_way_at: u64,
    /// How many there were since there was room.
    given_way: u32,
}

impl Handover {
    pub fn is_under_way(&self) -> bool {
        self.seal.is_some()
    }

    pub fn target(&self) -> Option<Incarnation> {
        self.seal.as_ref().map(|seal| seal.target)
    }

    /// Who has been told to take over.
    pub fn offered_to(&self) -> Option<Incarnation> {
        self.seal.as_ref().filter(|seal| seal.offered).map(|seal| seal.target)
    }

    /// Where clients should go.
    pub fn successor(&self) -> Option<String> {
        self.seal.as_ref().map(|seal| seal.address.clone())
    }

    pub fn is_over(&self, now: u64) -> bool {
        self.seal.as_ref().is_some_and(|seal| now >= seal.until)
    }

    pub fn begin(&mut self, to: &Member, until: u64, request: Option<RequestId>) {
        let (target, address) = (to.incarnation, to.client_address.clone());
        self.seal = Some(Seal { target, address, until, offered: false, request });
    }

    pub fn offer(&mut self) {
        if let Some(seal) = &mut self.seal {
            seal.offered = true;
        }
    }

    /// Who waits for it, for once.
    pub fn take_request(&mut self) -> Option<RequestId> {
        self.seal.as_mut()?.request.take()
    }

    /// It is over, or given up; false where none was under way.
    pub fn end(&mut self) -> bool {
        self.seal.take().is_some()
    }

    pub fn predial(&self) -> Predial {
        self.predial
    }

    pub fn set_predial(&mut self, predial: Predial) {
        self.predial = predial;
    }

    /// A full disk is a reason for one now.
    pub fn may_give_way(&self, now: u64) -> bool {
        now >= self.give_way_at
    }

    pub fn give_way(&mut self) {
        self.given_way += 1;
    }

    /// Not again for a while.
    pub fn pause(&mut self, now: u64, longest_pause: u64, bound: u64) {
        let pause = longest_pause << self.given_way.saturating_sub(1).min(20);
        self.give_way_at = now + pause.min(GIVE_WAY_AGAIN * bound);
    }

    /// There is room.
    pub fn reset(&mut self) {
        self.given_way = 0;
    }

    /// This process did not run for a while.
    pub fn forgive(&mut self, pause: u64) {
        if let Some(seal) = &mut self.seal {
            seal.until += pause;
        }
    }
}
