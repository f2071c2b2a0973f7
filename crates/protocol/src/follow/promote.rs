//! How a backup becomes primary (rule 5): suspicion starts an attempt, the register decides it.

use understudy_evidence::{correct, reached};

use super::{Following, Link};
use crate::core::Core;
use crate::lead::Leading;
use crate::role::{Next, Role, examined};
use crate::{ConnId, Effect, Epoch, Message, Observed, Position, Record};

impl Following {
    /// A time-out, a refused redial or a primary that stepped back for us: reasons to try.
    pub(super) fn suspects(&self, core: &Core) -> bool {
        if core.leaving {
            return false;
        }
        let timing = core.config.timing;
        if self.take_over.is_some() {
            return true;
        }
        if core.may_speculate() && self.record.primary != core.me {
            // It may hold what nobody else does: it gets the time to come back, whatever has happened.
            return core.passed(self.heard, timing.promote + timing.first_chance);
        }
        self.gone || self.lapsed || core.passed(self.heard, timing.promote)
    }

    pub(super) fn on_take_over(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        epoch: Epoch,
        last: Position,
        leaving: bool,
    ) -> Next {
        let refusal = if core.leaving {
            Some("it is leaving too")
        } else if core.is_full() {
            Some("its disk is full")
        } else if epoch != core.state.epoch
            || core.log.last() != last
            || core.log.durable < last.index
        {
            Some("it does not hold the whole log")
        } else {
            None
        };
        if let Some(why) = refusal {
            core.out.push(Effect::Send(conn, Message::TakeOverRefused(why.into())));
            return Next::Stay;
        }
        self.take_over = Some((core.now.mono + core.config.timing.hand_over, leaving));
        if self.record.epoch == epoch && core.register.is_free() {
            // The primary's own last write was read here. If anybody has touched the register since,
            // the test-and-set meets a conflict and reads it again.
            reached!("takeover based on an earlier read");
            return self.on_register(core, self.read.clone());
        }
        core.register.read(&mut core.out);
        Next::Stay
    }

    pub(super) fn on_register(&mut self, core: &mut Core, observed: Observed) -> Next {
        if let Some(next) = examined(core, &observed) {
            return next;
        }
        let Some(record) = observed.record.clone() else { return Next::Stay };
        self.reason.clear();
        self.read = observed.clone();
        self.adopt(core, record.clone());
        if !self.suspects(core) || !core.register.is_free() {
            return Next::Stay;
        }
        if let Err(why) = self.may_promote(core) {
            self.reason = why;
            return Next::Stay;
        }
        core.note_base(&record);
        let record = self.candidacy(core);
        core.register.write(observed, record, &mut core.out);
        Next::Stay
    }

    fn may_promote(&self, core: &Core) -> Result<(), String> {
        if !correct!(self.record.names(core.me), "promote-unnamed" => true) {
            reached!("not promoted: not named");
            let name = &core.config.name;
            // Its own disk was lost or is another one: the other members may be no better off.
            let earlier = self.record.members.iter().any(|member| member.name == *name);
            return Err(match earlier {
                true => format!(
                    "the register does not name this copy, but an earlier one of {name} whose data is \
                     not here, and no primary answers: bring that data back, or recover by order"
                ),
                false => "the primary is away and the register does not name this copy".into(),
            });
        }
        let durable = core.log.durable;
        if durable < self.record.floor || durable < core.log.last().index {
            return Err(format!(
                "the log ends at {durable}, the register's floor is {}: this copy is not what it claims to be",
                self.record.floor
            ));
        }
        Ok(())
    }

    /// Names itself primary and keeps the others, but for an old primary whose process is gone. Where
    /// what is received counts, that one stays, too: a refusal proves little, and if this write lands
    /// late, after a crash of this copy, only a named one can tell what this copy has forgotten.
    fn candidacy(&mut self, core: &mut Core) -> Record {
        let gone = self.gone && !core.may_count_received();
        let departing = self.take_over.map_or(gone, |(_, leaving)| leaving);
        let mut members = vec![core.member()];
        let old = self.record.primary;
        members.extend(
            self.record
                .members
                .iter()
                .filter(|m| m.incarnation != core.me)
                .filter(|m| m.incarnation != old || !departing)
                .cloned(),
        );
        members.sort_by(|a, b| a.name.cmp(&b.name));
        core.draft(&self.record, core.me, members)
    }

    /// The register says that this replica is primary: the epoch goes to disk, then it acts.
    pub(super) fn on_won(&mut self, core: &mut Core, record: Record) -> Next {
        if record.epoch < core.state.epoch {
            // A newer epoch has been followed meanwhile: what was won is lost again (rule 1).
            return Next::Stay;
        }
        if let Link::Greeting(conn) | Link::Live(conn) = self.link {
            correct!(core.out.push(Effect::Close(conn)), "ack-while-acting" => {});
        }
        let why = if self.take_over.is_some() {
            reached!("promoted: it handed over");
            "the primary handed over"
        } else if self.record.primary == core.me {
            "was primary before its restart"
        } else if self.gone {
            reached!("promoted: its process was gone");
            "the primary's process is gone"
        } else if self.lapsed {
            reached!("promoted: it began another life");
            "the primary has begun another life"
        } else {
            reached!("promoted: the primary was silent");
            "the primary was silent"
        };
        core.note_won(&record);
        correct!(
            core.save_epoch(record.epoch),
            "act-before-epoch-on-disk" => core.state.epoch = record.epoch,
        );
        let mut leading = Leading::new(core, record);
        leading.inherit_silence(self.record.primary, self.heard.max(self.answered));
        Next::Become(Role::Leading(Box::new(leading)), why.into())
    }
}
