//! A planned change of primary: stop, let the backup have everything, let it win the register.

use understudy_evidence::{correct, reached};

use super::Leading;
use crate::core::Core;
use crate::follow::Following;
use crate::role::{Next, Role};
use crate::{ConnId, Effect, EndReason, Message, Observed, Record, Rejection, RequestId, Room};

impl Leading {
    pub(super) fn on_hand_over(&mut self, core: &mut Core, id: RequestId, to: Option<&str>) {
        let refusal = if self.handover.is_under_way() {
            Err("a handover is under way".to_string())
        } else {
            self.seal(core, Some(id), to)
        };
        if let Err(why) = refusal {
            core.out.push(Effect::Reject(vec![id], Rejection::NoHandOver(why)));
        }
    }

    /// A primary whose disk is full gives way to a backup whose disk is not: there writes go on. Not where
    /// they would not, for lack of copies, nor while something found no room at all, which could not be handed over.
    pub(super) fn advance_full(&mut self, core: &mut Core) {
        let written = core.room == Room::Reserve || core.log.last().index == core.log.commit;
        let copies = self.membership.backups();
        let may_give_way = self.handover.may_give_way(core.now.mono);
        if !core.is_full()
            || !written
            || copies < core.settings.min_copies as usize
            || core.log.applied < self.opening
            || core.leaving
            || self.handover.is_under_way()
            || !correct!(may_give_way, "full-primary-stays" => false)
        {
            return;
        }
        if self.seal(core, None, None).is_ok() {
            reached!("full primary handed over");
            core.note("the disk is full: handing over");
            self.handover.give_way();
        }
    }

    /// Asked to go: hands over as soon as there is a backup. Waits for a learner to become one, but
    /// not for long; without anybody it just goes.
    fn advance_leave(&mut self, core: &mut Core) -> Next {
        if !core.leaving || self.handover.is_under_way() {
            return Next::Stay;
        }
        let by = *self.leave_by.get_or_insert(core.now.mono + core.config.timing.hand_over);
        let Err(why) = self.seal(core, None, None) else { return Next::Stay };
        let hope = self.followers.iter().any(|peer| peer.is_connected() && !peer.leaving);
        if hope && core.now.mono < by {
            return Next::Stay;
        }
        self.dismiss(core, None);
        Next::left(core, format!("asked to leave without a handover: {why}"))
    }

    fn seal(
        &mut self,
        core: &mut Core,
        request: Option<RequestId>,
        to: Option<&str>,
    ) -> Result<(), String> {
        let target = self
            .membership
            .others(core.me)
            .filter_map(|member| self.followers.get(member.incarnation))
            .filter(|peer| to.is_none_or(|name| peer.member.name == name))
            .find(|peer| peer.is_connected() && !peer.leaving && !peer.full)
            .ok_or_else(|| match to {
                Some(name) => format!("{name} is no backup on a stream with room on its disk"),
                None => "there is no backup on a stream with room on its disk".into(),
            })?;
        let until = core.now.mono + core.config.timing.hand_over;
        self.handover.begin(&target.member, until, request);
        let undecided = core.register.undecided();
        let named = |who| undecided.is_some_and(|record| record.names(who));
        if !self.membership.joining().is_some_and(|join| named(join.incarnation)) {
            self.membership.let_go();
        }
        Ok(())
    }

    /// Offers the lead once everything is held and answered; gives up in time.
    pub(super) fn advance_seal(&mut self, core: &mut Core) -> Next {
        if let next @ Next::Become(..) = self.advance_leave(core) {
            return next;
        }
        let last = core.log.last();
        let drained = core.log.applied == last.index
            && core.log.commit == last.index
            && self.reads.is_empty()
            && core.register.undecided().is_none();
        let Some(target) = self.handover.target() else { return Next::Stay };
        let offered = self.handover.offered_to().is_some();
        let peer = self.followers.get(target);
        let conn = peer.and_then(|peer| peer.conn());
        let gone = peer.is_none_or(|peer| peer.gone);
        if self.handover.is_over(core.now.mono) || gone || conn.is_none() && !offered {
            return self.unseal(core, "the backup did not take over in time");
        }
        // It takes over what is on its own disk, also where less counts.
        let stored = peer.is_some_and(|peer| peer.progress.acked() >= last.index);
        if let Some(conn) = conn.filter(|_| drained && stored && !offered) {
            self.handover.offer();
            let (epoch, leaving) = (self.membership.epoch(), core.leaving);
            core.out.push(Effect::Send(conn, Message::TakeOver { epoch, last, leaving }));
        }
        Next::Stay
    }

    /// It has probably won.
    pub(super) fn successor_hung_up(&self) -> bool {
        let on_stream = |who| self.followers.get(who).is_some_and(|peer| peer.is_connected());
        self.handover.offered_to().is_some_and(|who| !on_stream(who))
    }

    pub(super) fn on_take_over_refused(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        why: String,
    ) -> Next {
        let from = self.followers.at(conn).map(|peer| peer.member.incarnation);
        if from.is_some() && self.handover.target() == from {
            return self.unseal(core, &format!("the backup does not take over: {why}"));
        }
        Next::Stay
    }

    fn unseal(&mut self, core: &mut Core, why: &str) -> Next {
        let request = self.handover.take_request();
        if !self.handover.end() {
            return Next::Stay;
        }
        self.cancel_predial(core);
        let timing = core.config.timing;
        self.handover.pause(core.now.mono, timing.longest_pause(), timing.hand_over);
        if core.leaving {
            self.dismiss(core, None);
            return Next::left(core, format!("asked to leave; {why}"));
        }
        core.note(format!("handover given up: {why}"));
        if let Some(id) = request {
            core.out.push(Effect::Reject(vec![id], Rejection::NoHandOver(why.into())));
        }
        Next::Stay
    }

    /// The register names another primary, or says what this one did not write.
    pub(super) fn on_succeeded(&mut self, core: &mut Core, record: Record, read: Observed) -> Next {
        let successor = record.member(record.primary).cloned();
        let planned = self.handover.offered_to() == Some(record.primary) && core.waiting.is_empty();
        let name = successor.as_ref().map_or("nobody", |m| m.name.as_str());
        if !planned {
            reached!("loser failed itself");
            let why = EndReason::Overtaken { epoch: record.epoch, primary: name.into() };
            return correct!(
                Next::end(core, why),
                "answer-from-another-epoch" => self.follow_with_clients(core, record, read),
            );
        }
        if let Some(id) = self.handover.take_request() {
            core.out.push(Effect::HandedOver(id));
        }
        let why = format!("handed over to {name}");
        self.dismiss(core, successor.as_ref().map(|m| m.client_address.clone()));
        if core.leaving {
            return Next::left(core, why);
        }
        // Everything is committed and executed and nobody waits: this life may follow.
        reached!("handed over and follows");
        let mut following = Following::new(core, record, read);
        following.go_on(core, self.handover.predial());
        Next::Become(Role::Following(Box::new(following)), why)
    }
}
