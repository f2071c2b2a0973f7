//! Wrong versions of what a primary does that take more than a line. Nothing here runs but in a test build, when its name
//! is chosen: see [`understudy_evidence::correct`].

use std::collections::BTreeSet;

use super::Leading;
use crate::core::Core;
use crate::role::Next;
use crate::{Ack, ConnId, Effect, Incarnation, Index, Message, Observed, Record};

/// `evict-before-drop`
pub(super) fn evict_suspect(core: &mut Core, record: &Record, incarnation: Incarnation) {
    if let Some(member) = record.member(incarnation) {
        core.out.push(Effect::Evict { member: member.clone() });
    }
}

impl Leading {
    /// `received-own-disk`
    pub(super) fn received_or_durable(core: &Core) -> Index {
        match core.settings.counts_received() {
            true => core.log.last().index,
            false => core.log.durable,
        }
    }

    /// `release-before-drop`
    pub(super) fn obliged_and_unsuspected(&self, core: &Core) -> BTreeSet<Incarnation> {
        let mut obliged = self.membership.obliged(core);
        obliged.retain(|i| !self.followers.get(*i).is_some_and(|peer| self.suspects(core, peer)));
        obliged
    }

    /// `read-alone-while-joining`
    pub(super) fn named_and_obliged(&self, core: &Core) -> BTreeSet<Incarnation> {
        let mut obliged = self.membership.obliged(core);
        obliged.retain(|i| self.membership.names(*i));
        obliged
    }

    /// `read-before-opening`
    pub(super) fn answer_all(&mut self, core: &mut Core) {
        core.out.push(Effect::Serve(self.reads.take_all()));
    }

    /// `acks-of-an-old-copy`
    pub(super) fn count_acks_by_name(&mut self, conn: ConnId) {
        let Some(name) = self.followers.at(conn).map(|peer| peer.member.name.clone()) else {
            return;
        };
        let copies = self.followers.iter().filter(|peer| peer.member.name == name);
        let known = copies.map(|peer| peer.progress.acked()).max().unwrap_or(0);
        if let Some(peer) = self.followers.at_mut(conn) {
            peer.progress.count_as_acked(known);
        }
    }

    /// `ack-while-acting`
    pub(super) fn acknowledge_another(&self, core: &mut Core, conn: ConnId, message: &Message) {
        let Message::Append(append) = message else { return };
        let last = append.entries.last().map_or(append.previous.index, |entry| entry.index);
        let ack = Ack {
            epoch: append.epoch,
            verified: last,
            durable: last,
            round: append.round,
            newer: None,
            full: false,
        };
        core.out.push(Effect::Send(conn, Message::Ack(ack)));
    }

    /// `answer-from-another-epoch`
    pub(super) fn follow_with_clients(
        &mut self,
        core: &mut Core,
        record: Record,
        read: Observed,
    ) -> Next {
        self.dismiss(core, None);
        Next::follow(core, record, read, "overtaken")
    }
}
