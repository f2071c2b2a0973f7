//! Going in order. A primary hands over first; then it stays for a moment as a backup, so that there are
//! two copies until it goes, and leads clients on to its successor: a Service takes a moment to follow,
//! and sends them here meanwhile.

use understudy_protocol::{Event, RequestId};

use super::Driver;

/// How far a primary that goes has come.
pub(super) struct Linger {
    /// How long it stays, nanoseconds.
    span: u64,
    /// The handover that it has ordered itself.
    ordered: Option<RequestId>,
    /// Until when it stays, behind the handover.
    until: Option<u64>,
}

impl Linger {
    pub fn new(span: u64) -> Self {
        Linger { span, ordered: None, until: None }
    }

    /// When the loop must look again: at the protocol's deadline or at the end of the stay.
    pub fn deadline(&self, protocol: Option<u64>) -> Option<u64> {
        [self.until, protocol].into_iter().flatten().min()
    }
}

impl Driver {
    /// It has been asked to go.
    pub(super) fn leave(&mut self) {
        self.leaving = true;
        if self.linger.span == 0 || !self.acting {
            self.pending.push_back(Event::Leave);
            return;
        }
        let id = self.waiting.number();
        self.linger.ordered = Some(id);
        self.pending.push_back(Event::HandOver { id, to: None });
    }

    /// The handover is complete.
    pub(super) fn stay_behind(&mut self, request: RequestId) {
        if self.linger.ordered == Some(request) {
            self.linger.until = Some(self.clock.now().mono + self.linger.span);
            self.stale = true;
        }
    }

    /// No handover: nobody to hand over to, or not in time. The protocol knows what to do then.
    pub(super) fn stay_no_longer(&mut self, request: RequestId) {
        if self.linger.ordered.take_if(|ordered| *ordered == request).is_some() {
            self.pending.push_back(Event::Leave);
        }
    }

    pub(super) fn end_stay(&mut self) {
        let now = self.clock.now().mono;
        if self.linger.until.take_if(|until| *until <= now).is_some() {
            self.pending.push_back(Event::Leave);
        }
    }

    /// Where clients are led on to: the successor, while this replica stays behind it.
    pub(super) fn leads_to(&self) -> Option<String> {
        if self.linger.until.is_none() || self.acting {
            return None;
        }
        let successor = self.replica.status().primary?;
        Some(successor.client_address).filter(|address| !address.is_empty())
    }
}
