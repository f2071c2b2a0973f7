//! A follower and this primary contradict each other: both stop (rules 7, 9 and 12).

use understudy_evidence::{correct, reached};

use super::Leading;
use crate::core::Core;
use crate::role::Next;
use crate::{ConnId, Contradiction, Effect, Hello, Refusal};

impl Leading {
    /// What a follower's hello proves, before it is welcome.
    pub(super) fn contradiction(&self, core: &Core, hello: &Hello) -> Option<Contradiction> {
        if hello.nonce.is_some_and(|nonce| core.knows_another(hello.epoch, nonce)) {
            return Some(Contradiction::Record(hello.epoch));
        }
        if correct!(core.lacks(hello.commit), "commit-forgotten" => false) {
            return Some(Contradiction::Committed(hello.commit.index, hello.commit.epoch));
        }
        let acked = self.followers.get(hello.member.incarnation);
        let acked = acked.map_or(0, |peer| peer.progress.acked());
        let end = hello.runs.last().map_or(0, |run| run.1);
        (end < acked).then_some(Contradiction::Vanished(acked))
    }

    /// Refuses a follower that contradicts this copy, and stops with it: unless it is its own disk that
    /// went back, or an operator has ordered to go on without what it may hold.
    pub(super) fn contradict(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        hello: &Hello,
        found: Contradiction,
    ) -> Next {
        let name = hello.member.name.clone();
        let mine =
            !matches!(found, Contradiction::Vanished(_)) && hello.epoch >= core.state.ordered;
        core.refuse(conn, Refusal::Contradiction(found));
        self.stop(core, &name, found, mine)
    }

    /// A follower says that this copy contradicts its own.
    pub(super) fn on_contradiction(
        &mut self,
        core: &mut Core,
        conn: ConnId,
        found: Contradiction,
    ) -> Next {
        let Some(peer) = self.followers.at(conn) else {
            return Next::Stay;
        };
        let (name, mine) = (peer.member.name.clone(), peer.greeted_with >= core.state.ordered);
        core.out.push(Effect::Close(conn));
        self.on_closed(core, conn);
        self.stop(core, &name, found, mine)
    }

    fn stop(&mut self, core: &mut Core, name: &str, found: Contradiction, mine: bool) -> Next {
        if !correct!(mine, "contradiction-goes-on" => false) {
            core.note(format!("{name} must not follow: {found}"));
            return Next::Stay;
        }
        reached!("stopped by a contradiction");
        self.dismiss(core, None);
        Next::halt_for_good(core, found.message(name))
    }
}
