//! Handing over, and going in order. A primary that goes hands over first; then it stays for a moment as a backup,
//! so that there are two copies until it goes, and leads clients on to its successor: a Service takes a moment to
//! follow, and sends them here meanwhile.

use understudy_machine::Machine;
use understudy_protocol::{Epoch, Event, MS, Now, RequestId};
use understudy_wal::Disk;

use crate::{Answer, Host, Waiter};

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

    pub fn until(&self) -> Option<u64> {
        self.until
    }
}

/// A handover that is complete; whoever ordered it is answered once the new epoch is known.
pub(crate) struct Handed<W> {
    pub waiter: W,
    since: u64,
    epoch: Epoch,
}

impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    /// It is asked to go.
    pub(crate) fn leave(&mut self, now: Now) {
        self.leaving = true;
        if self.linger.span == 0 || !self.acts(now) {
            self.events.push_back(Event::Leave);
            return;
        }
        let id = self.requests.number();
        self.linger.ordered = Some(id);
        self.events.push_back(Event::HandOver { id, to: None });
    }

    pub(crate) fn handed_over(&mut self, now: Now, id: RequestId) {
        if self.linger.ordered == Some(id) {
            self.linger.until = Some(now.mono + self.linger.span);
            self.changed = true;
        }
        if let Some(waiter) = self.requests.take(id) {
            let (since, epoch) = (now.mono, self.state.epoch);
            self.handed.push(Handed { waiter, since, epoch });
        }
    }

    pub(crate) fn report_handed_over(&mut self, now: Now) {
        let epoch = self.state.epoch;
        let is_known =
            |handed: &mut Handed<W>| epoch > handed.epoch || now.mono >= handed.since + HANDED;
        let known: Vec<Handed<W>> = self.handed.extract_if(.., is_known).collect();
        known.into_iter().for_each(|handed| self.answer(handed.waiter, Answer::HandedOver));
    }

    /// No handover: nobody to hand over to, or not in time. The protocol knows what to do then.
    pub(crate) fn stay_no_longer(&mut self, id: RequestId) {
        if self.linger.ordered.take_if(|ordered| *ordered == id).is_some() {
            self.events.push_back(Event::Leave);
        }
    }

    pub(crate) fn end_stay(&mut self, now: Now) {
        if self.linger.until.take_if(|until| *until <= now.mono).is_some() {
            self.events.push_back(Event::Leave);
        }
    }

    /// Where clients are led on to: the successor, while this replica stays after its handover.
    pub fn leads_to(&self, now: Now) -> Option<String> {
        if self.linger.until.is_none() || self.acts(now) {
            return None;
        }
        let successor = self.replica.status().primary?;
        Some(successor.client_address).filter(|address| !address.is_empty())
    }
}
