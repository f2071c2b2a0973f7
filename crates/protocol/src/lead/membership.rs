//! Whom the register names, and who is obliged besides.

use std::collections::BTreeSet;

use understudy_evidence::correct;

use crate::core::Core;
use crate::{Epoch, Incarnation, Index, Member, Record};

/// A learner on its way to be named.
#[derive(Clone, Copy)]
pub(super) struct Join {
    pub incarnation: Incarnation,
    /// The commit index when it was obliged: it is named once it holds that much.
    pub barrier: Index,
}

/// The members, and the learner that is to become one.
pub(super) struct Membership {
    /// The register as this primary last won it; its epoch is on disk.
    record: Record,
    /// The learner that is being obliged: not named in `record`, and obliged before any write names it.
    joining: Option<Join>,
}

impl Membership {
    pub fn new(record: Record) -> Self {
        Membership { record, joining: None }
    }

    pub fn record(&self) -> &Record {
        &self.record
    }

    pub fn epoch(&self) -> Epoch {
        self.record.epoch
    }

    pub fn names(&self, who: Incarnation) -> bool {
        self.record.names(who)
    }

    pub fn joining(&self) -> Option<Join> {
        self.joining
    }

    /// The members but `me`.
    pub fn others(&self, me: Incarnation) -> impl Iterator<Item = &Member> {
        self.record.members.iter().filter(move |member| member.incarnation != me)
    }

    /// How many they are.
    pub fn backups(&self) -> usize {
        self.record.members.len() - 1
    }

    /// Whose acknowledgement is needed, besides the primary's own: the members of the register last
    /// won, those named in an undecided write, and a learner that is joining.
    pub fn obliged(&self, core: &Core) -> BTreeSet<Incarnation> {
        let undecided = correct!(core.register.undecided(), "undecided-not-obliged" => None);
        let undecided = undecided.into_iter().flat_map(|record| &record.members);
        let mut set: BTreeSet<Incarnation> =
            self.record.members.iter().chain(undecided).map(|m| m.incarnation).collect();
        set.extend(self.joining.map(|join| join.incarnation));
        correct!({}, "oblige-after-write" => set.retain(|who| self.names(*who)));
        set.remove(&core.me);
        set
    }

    /// A learner is obliged from here on.
    pub fn oblige(&mut self, incarnation: Incarnation, barrier: Index) {
        self.joining = Some(Join { incarnation, barrier });
    }

    /// No write names the learner: it is not obliged any more.
    pub fn let_go(&mut self) {
        self.joining = None;
    }

    /// A write of this primary's is in. Gives the record before it, and whether the learner is named now.
    pub fn won(&mut self, record: Record) -> (Record, bool) {
        let joined = self.joining.take_if(|join| record.names(join.incarnation)).is_some();
        (std::mem::replace(&mut self.record, record), joined)
    }

    /// A wrong version: dropped in memory, and the register written afterwards.
    pub fn drop_unwritten(&mut self, who: Incarnation) {
        self.record.members.retain(|member| member.incarnation != who);
    }
}
