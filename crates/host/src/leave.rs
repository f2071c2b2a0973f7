//! Handing over, and going in order. A primary that goes hands over first; then it stays for a moment as a backup,
//! so that there are two copies until it goes, and leads clients on to its successor: a Service takes a moment to
//! follow, and sends them here meanwhile.

use understudy_machine::Machine;
use understudy_protocol::{Event, Now, RequestId};
use understudy_wal::Disk;

use crate::linger::Handed;
use crate::{Answer, Host, Waiter};

impl<D: Disk, M: Machine, W: Waiter> Host<D, M, W> {
    /// It is asked to go.
    pub(crate) fn leave(&mut self, now: Now) {
        self.leaving = true;
        if !self.linger.is_wanted() || !self.acts(now) {
            self.events.push_back(Event::Leave);
            return;
        }
        let id = self.requests.number();
        self.linger.order(id);
        self.events.push_back(Event::HandOver { id, to: None });
    }

    pub(crate) fn handed_over(&mut self, now: Now, id: RequestId) {
        if self.linger.begin(now, id) {
            self.changed = true;
        }
        if let Some(waiter) = self.requests.take(id) {
            self.handed.push(Handed::new(waiter, now, self.state.epoch));
        }
    }

    pub(crate) fn report_handed_over(&mut self, now: Now) {
        let epoch = self.state.epoch;
        let is_known = |handed: &mut Handed<W>| handed.is_known(now, epoch);
        let known: Vec<Handed<W>> = self.handed.extract_if(.., is_known).collect();
        known.into_iter().for_each(|handed| self.answer(handed.waiter, Answer::HandedOver));
    }

    /// No handover: nobody to hand over to, or not in time. The protocol knows what to do then.
    pub(crate) fn stay_no_longer(&mut self, id: RequestId) {
        if self.linger.give_up(id) {
            self.events.push_back(Event::Leave);
        }
    }

    pub(crate) fn end_stay(&mut self, now: Now) {
        if self.linger.end(now) {
            self.events.push_back(Event::Leave);
        }
    }

    /// Where clients are led on to: the successor, while this replica stays after its handover.
    pub fn leads_to(&self, now: Now) -> Option<String> {
        if self.linger.until().is_none() || self.acts(now) {
            return None;
        }
        let successor = self.replica.status().primary?;
        Some(successor.client_address).filter(|address| !address.is_empty())
    }
}
