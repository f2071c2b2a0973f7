//! A planned change of primary: stop, let the backup have everything, let it win the register.

use understudy_evidence::{correct, reached};

use crate::core::Core;
use crate::follow::Following;
use crate::lead::Leading;
use crate::replica::{Next, Role};
use crate::{
    ConnId, Effect, EndReason, Incarnation, Message, Observed, Record, Rejection, RequestId, Room,
};

/// A full primary whose handovers come to nothing, as where the register is away, tries again after pauses that
/// double, up to this many times the bound of one: in between it serves reads.
const GIVE_WAY_AGAIN: u64 = 10;

/// A primary that takes no more requests.
pub(crate) struct Seal {
    pub target: Incarnation,
    /// Where clients should go, once the target has won.
    pub address: String,
    /// Given up then.
    pub until: u64,
    /// Whether the target has been told.
    pub offered: bool,
    /// The operator's request, if it was one.
    pub request: Option<RequestId>,
}

impl Leading {
    pub(crate) fn on_hand_over(&mut self, core: &mut Core, id: RequestId, to: Option<&str>) {
        let refusal = if self.seal.is_some() {
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
    pub(crate) fn advance_full(&mut self, core: &mut Core) {
        let written = core.room == Room::Reserve || core.log.last().index == core.log.commit;
        let copies = self.record.members.len() - 1;
        if !core.is_full()
            || !written
            || copies < core.settings.min_copies as usize
            || core.log.applied < self.opening
            || core.leaving
            || self.seal.is_some()
            || correct!(core.now.mono < self.give_way_at, "full-primary-stays" => true)
        {
            return;
        }
        if self.seal(core, None, None).is_ok() {
            reached!("full primary handed over");
            core.note("the disk is full: handing over");
            self.given_way += 1;
        }
    }

    /// Asked to go: hands over as soon as there is a backup. Waits for a learner to become one, but
    /// not for long; without anybody it just goes.
    fn advance_leave(&mut self, core: &mut Core) -> Next {
        if !core.leaving || self.seal.is_some() {
            return Next::Stay;
        }
        let by = *self.leave_by.get_or_insert(core.now.mono + core.config.timing.hand_over);
        let Err(why) = self.seal(core, None, None) else { return Next::Stay };
        let hope = self.peers.values().any(|peer| peer.conn.is_some() && !peer.leaving);
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
            .record
            .members
            .iter()
            .filter(|m| m.incarnation != core.me)
            .filter_map(|m| self.peers.get(&m.incarnation))
            .filter(|peer| to.is_none_or(|name| peer.member.name == name))
            .find(|peer| peer.conn.is_some() && !peer.leaving && !peer.full)
            .ok_or_else(|| match to {
                Some(name) => format!("{name} is no backup on a stream with room on its disk"),
                None => "there is no backup on a stream with room on its disk".into(),
            })?;
        self.seal = Some(Seal {
            target: target.member.incarnation,
            address: target.member.client_address.clone(),
            until: core.now.mono + core.config.timing.hand_over,
            offered: false,
            request,
        });
        self.joining = self.joining.take().filter(|join| {
            core.register.undecided().is_some_and(|record| record.names(join.incarnation))
        });
        Ok(())
    }

    /// Offers the lead once everything is held and answered; gives up in time.
    pub(crate) fn advance_seal(&mut self, core: &mut Core) -> Next {
        if let next @ Next::Become(..) = self.advance_leave(core) {
            return next;
        }
        let last = core.log.last();
        let drained = core.log.applied == last.index
            && core.log.commit == last.index
            && self.reads.is_empty()
            && core.register.undecided().is_none();
        let Some(seal) = &mut self.seal else { return Next::Stay };
        let peer = self.peers.get(&seal.target);
        let conn = peer.and_then(|peer| peer.conn);
        let gone = peer.is_none_or(|peer| peer.gone);
        if core.now.mono >= seal.until || gone || conn.is_none() && !seal.offered {
            return self.unseal(core, "the backup did not take over in time");
        }
        // It takes over what is on its own disk, also where less counts.
        let stored = peer.is_some_and(|peer| peer.acked >= last.index);
        if let Some(conn) = conn.filter(|_| drained && stored && !seal.offered) {
            seal.offered = true;
            let (epoch, leaving) = (self.record.epoch, core.leaving);
            core.out.push(Effect::Send(conn, Message::TakeOver { epoch, last, leaving }));
        }
        Next::Stay
    }

    /// It has probably won.
    pub(crate) fn successor_hung_up(&self) -> bool {
        self.seal
            .as_ref()
            .filter(|seal| seal.offered)
            .is_some_and(|seal| self.peers.get(&seal.target).is_none_or(|peer| peer.conn.is_none()))
    }

    pub(crate) fn on_take_over_refused(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        why: String,
    ) -> Next {
        let from = self.conns.get(&conn);
        if self.seal.as_ref().is_some_and(|seal| Some(&seal.target) == from) {
            return self.unseal(core, &format!("the backup does not take over: {why}"));
        }
        Next::Stay
    }

    fn unseal(&mut self, core: &mut Core, why: &str) -> Next {
        let Some(seal) = self.seal.take() else { return Next::Stay };
        self.cancel_predial(core);
        let timing = core.config.timing;
        let pause = timing.longest_pause() << self.given_way.saturating_sub(1).min(20);
        self.give_way_at = core.now.mono + pause.min(GIVE_WAY_AGAIN * timing.hand_over);
        if core.leaving {
            self.dismiss(core, None);
            return Next::left(core, format!("asked to leave; {why}"));
        }
        core.note(format!("handover given up: {why}"));
        if let Some(id) = seal.request {
            core.out.push(Effect::Reject(vec![id], Rejection::NoHandOver(why.into())));
        }
        Next::Stay
    }

    /// The register names another primary, or says what this one did not write.
    pub(crate) fn on_succeeded(&mut self, core: &mut Core, record: Record, read: Observed) -> Next {
        let successor = record.member(record.primary).cloned();
        let planned = self.seal.as_ref().is_some_and(|seal| {
            seal.offered && seal.target == record.primary && core.waiting.is_empty()
        });
        let name = successor.as_ref().map_or("nobody", |m| m.name.as_str());
        if !planned {
            reached!("loser failed itself");
            let why = EndReason::Overtaken { epoch: record.epoch, primary: name.into() };
            return correct!(
                Next::end(core, why),
                "answer-from-another-epoch" => self.follow_with_clients(core, record, read),
            );
        }
        if let Some(id) = self.seal.as_mut().and_then(|seal| seal.request.take()) {
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
        following.go_on(core, self.predial);
        Next::Become(Role::Following(Box::new(following)), why)
    }
}
