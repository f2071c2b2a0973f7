//! How far a primary that goes has come, and handovers that are complete.

use understudy_protocol::{Epoch, MS, Now, RequestId};

/// How long an operator's handover waits to see the new epoch here, nanoseconds.
const HANDED: u64 = 1000 * MS;

/// How far a primary that goes has come.
pub(crate) struct Linger {
    /// How long it stays, nanoseconds.
    span: u64,
    /// The handover that it has ordered itself.
    ordered: Option<RequestId>,
    /// Until when it stays, after the handover.
    until: Option<u64>,
}

impl Linger {
    pub fn new(span: u64) -> Self {
        Linger { span, ordered: None, until: None }
    }

    /// Whether a primary that goes stays at all.
    pub fn is_wanted(&self) -> bool {
        self.span > 0
    }

    pub fn until(&self) -> Option<u64> {
        self.until
    }

    /// It has ordered a handover itself.
    pub fn order(&mut self, id: RequestId) {
        self.ordered = Some(id);
    }

    /// A handover is complete. Gives whether it has ordered it itself: then it stays from now on.
    pub fn begin(&mut self, now: Now, id: RequestId) -> bool {
        let own = self.ordered == Some(id);
        if own {
            self.until = Some(now.mono + self.span);
        }
        own
    }

    /// Whether this handover, which is refused, was ordered by itself.
    pub fn give_up(&mut self, id: RequestId) -> bool {
        self.ordered.take_if(|ordered| *ordered == id).is_some()
    }

    /// Whether it has stayed for long enough; true once.
    pub fn end(&mut self, now: Now) -> bool {
        self.until.take_if(|until| *until <= now.mono).is_some()
    }
}

/// A handover that is complete; whoever ordered it is answered once the new epoch is known.
pub(crate) struct Handed<W> {
    pub waiter: W,
    since: u64,
    epoch: Epoch,
}

impl<W> Handed<W> {
    /// It is complete as of `now`, where `epoch` is known.
    pub fn new(waiter: W, now: Now, epoch: Epoch) -> Self {
        Handed { waiter, since: now.mono, epoch }
    }

    /// Whether `epoch` is the new one, or was waited for in vain.
    pub fn is_known(&self, now: Now, epoch: Epoch) -> bool {
        epoch > self.epoch || now.mono >= self.since + HANDED
    }
}
