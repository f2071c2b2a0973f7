//! Wrong versions of the rules that take more than a line. Nothing here runs but in a test build, when its name
//! is chosen: see [`understudy_evidence::correct`].

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::core::Core;
use crate::follow::Following;
use crate::lead::Leading;
use crate::replica::{Next, Role};
use crate::{Ack, ConnId, Effect, Incarnation, Index, Message, Observed, Record};

/// `act-after-restart`
pub(crate) fn act_again(core: &mut Core, record: Record) -> Next {
    let role = Leading::new(core, record);
    Next::Become(Role::Leading(Box::new(role)), "is named primary".into())
}

/// `evict-before-drop`
pub(crate) fn evict_suspect(core: &mut Core, record: &Record, incarnation: Incarnation) {
    if let Some(member) = record.member(incarnation) {
        core.out.push(Effect::Evict { member: member.clone() });
    }
}

impl Core {
    /// `deferred-settings-unread`
    pub(crate) fn unless_deferred(&self, unread: RangeInclusive<Index>) -> RangeInclusive<Index> {
        if self.defers() { RangeInclusive::new(1, 0) } else { unread }
    }
}

impl Leading {
    /// `received-own-disk`
    pub(crate) fn received_or_durable(core: &Core) -> Index {
        match core.settings.counts_received() {
            true => core.log.last().index,
            false => core.log.durable,
        }
    }

    /// `release-before-drop`
    pub(crate) fn obliged_and_unsuspected(&self, core: &Core) -> BTreeSet<Incarnation> {
        let mut obliged = self.obliged(core);
        obliged.retain(|i| !self.peers.get(i).is_some_and(|peer| self.suspects(core, peer)));
        obliged
    }

    /// `read-alone-while-joining`
    pub(crate) fn named_and_obliged(&self, core: &Core) -> BTreeSet<Incarnation> {
        let mut obliged = self.obliged(core);
        obliged.retain(|i| self.record.names(*i));
        obliged
    }

    /// `read-before-opening`
    pub(crate) fn answer_all(&mut self, core: &mut Core) {
        let ids = self.reads.drain(..).map(|(_, id)| id).collect();
        core.out.push(Effect::Serve(ids));
    }

    /// `acks-of-an-old-copy`
    pub(crate) fn count_acks_by_name(&mut self, who: Incarnation) {
        let Some(name) = self.peers.get(&who).map(|peer| peer.member.name.clone()) else { return };
        let known = self.peers.values().filter(|p| p.member.name == name).map(|p| p.acked);
        let known = known.max().unwrap_or(0);
        self.peers.entry(who).and_modify(|peer| peer.acked = known);
    }

    /// `ack-while-acting`
    pub(crate) fn acknowledge_another(&self, core: &mut Core, conn: ConnId, message: &Message) {
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
    pub(crate) fn follow_with_clients(
        &mut self,
        core: &mut Core,
        record: Record,
        read: Observed,
    ) -> Next {
        self.dismiss(core, None);
        let following = Following::new(core, record, read);
        Next::Become(Role::Following(Box::new(following)), "overtaken".into())
    }
}

impl Following {
    /// `contradiction-goes-on`
    pub(crate) fn try_again(&mut self, core: &mut Core) -> Next {
        self.unlink(core.now.mono + core.config.timing.retry);
        Next::Stay
    }

    /// `ack-unverified`
    pub(crate) fn acknowledge_all(&mut self, core: &mut Core) -> Next {
        self.verified = Some(core.log.last().index);
        self.acknowledge(core)
    }
}
