//! What a replica does at the beginning of its life.

use std::collections::BTreeMap;

use understudy_evidence::{correct, reached};

use super::Starting;
use crate::core::Core;
use crate::register_client::Verdict;
use crate::role::{Next, examined};
use crate::{Effect, Event, Observed, PROTOCOL_VERSION, PeerState, Record};

impl Starting {
    pub(crate) fn step(&mut self, core: &mut Core, event: Event) -> Next {
        match event {
            Event::Tick => self.on_tick(core),
            Event::RegisterRead(result) => {
                let verdict = core.on_register_read(result);
                self.on_verdict(core, verdict)
            }
            Event::RegisterWritten(answer) => {
                let verdict = core.on_register_written(answer);
                self.on_verdict(core, verdict)
            }
            Event::Inquired { peer, answer } => self.on_inquired(core, peer, answer),
            Event::Leave => Next::left(core, "asked to leave before it took part"),
            Event::Requests { proposals, reads } => {
                core.turn_away(proposals, reads, None);
                Next::Stay
            }
            Event::HandOver { id, .. } => {
                core.reject(vec![id], None);
                Next::Stay
            }
            Event::Received(conn, message) => {
                core.refuse_hello(conn, &message);
                Next::Stay
            }
            // The core has taken note of it, or it answers what an earlier life asked.
            Event::Durable(_)
            | Event::Space(_)
            | Event::Applied { .. }
            | Event::SnapshotMade(_)
            | Event::RegisterChanged
            | Event::Connected(_)
            | Event::DialFailed(_)
            | Event::Closed(_)
            | Event::Probed(..)
            | Event::LogRead { .. }
            | Event::SnapshotRead { .. }
            | Event::SnapshotStored { .. } => Next::Stay,
        }
    }

    fn on_tick(&mut self, core: &mut Core) -> Next {
        if core.now.mono >= self.look_at && core.register.is_free() {
            self.look_at = core.now.mono + core.config.timing.retry;
            core.register.read(&mut core.out);
        }
        Next::Stay
    }

    fn on_verdict(&mut self, core: &mut Core, verdict: Verdict) -> Next {
        match verdict {
            Verdict::Pending => Next::Stay,
            Verdict::Failed(failure) => {
                self.reason = failure.to_string();
                self.look_again(core, core.config.timing.retry);
                Next::Stay
            }
            Verdict::Won(record, uid) => {
                reached!("cluster founded");
                core.state.cluster = Some(record.cluster);
                core.state.register = Some(uid);
                core.note_won(&record);
                core.save_epoch(record.epoch);
                Next::lead(core, record, "founded the cluster")
            }
            Verdict::Seen(observed) | Verdict::Lost(observed) => self.on_register(core, observed),
        }
    }

    fn on_register(&mut self, core: &mut Core, observed: Observed) -> Next {
        if let Some(next) = examined(core, &observed) {
            return next;
        }
        core.adopt(&observed);
        if let Some(record) = observed.record.clone() {
            if let Some(next) = self.doubt(core, &record) {
                return next;
            }
            if record.primary == core.me {
                reached!("restarted primary did not act");
                correct!({}, "act-after-restart" => return Next::lead(core, record, "is named primary"));
            }
            let why = match record.member(core.me) {
                Some(_) => "the register names this copy",
                None => "the register does not name this copy",
            };
            return Next::follow(core, record, observed, why);
        }
        for (peer, address) in core.config.peers.clone() {
            core.out.push(Effect::Inquire { peer, address });
        }
        self.birth = Some((observed, BTreeMap::new()));
        self.look_again(core, 5 * core.config.timing.retry);
        self.found(core)
    }

    fn look_again(&mut self, core: &Core, pause: u64) {
        let longest = core.config.timing.longest_pause();
        self.look_at = core.now.mono + self.looks.next(pause, longest);
    }

    /// A copy that crashed in received mode may have forgotten what it was counted for (rule 11).
    /// `None`: it has not, or that does no harm, and it goes on.
    fn doubt(&mut self, core: &mut Core, record: &Record) -> Option<Next> {
        core.doubt = correct!(core.doubt, "received-keeps-its-incarnation" => false);
        if !core.doubt {
            return None;
        }
        let mine = record.primary == core.me;
        // - Not named: then and since it counted only for what was on its disk.
        // - The only member: it acted when it became that, or its primary had stopped for it, or it is
        //   by order. So whatever was acknowledged is on its own disk.
        // - Its log ends with entries of the record's epoch: nobody but this copy can have written
        //   them. All it had received before lies before them, and since then it followed nobody.
        let alone = mine && record.members.len() == 1;
        let acted = mine && core.log.last().epoch == record.epoch;
        if !record.names(core.me) || alone || acted {
            core.doubt = false;
            return None;
        }
        if !mine {
            reached!("another copy after a crash in received mode");
            let why = "crashed in received mode: what it had received and not yet written is gone";
            return Some(Next::renew(core, why));
        }
        // Its candidacy may have landed late, after the crash: it may have received more since it asked.
        let others: Vec<&str> = record
            .members
            .iter()
            .filter(|m| m.incarnation != core.me)
            .map(|m| m.name.as_str())
            .collect();
        let reason = format!(
            "crashed in received mode while it was about to become primary: waits for {} to take over, or see `understudy recover`",
            others.join(" or ")
        );
        if self.reason != reason {
            core.note(reason.clone());
            self.reason = reason;
        }
        self.look_again(core, core.config.timing.retry);
        Some(Next::Stay)
    }

    fn on_inquired(
        &mut self,
        core: &mut Core,
        peer: String,
        answer: Result<PeerState, String>,
    ) -> Next {
        let Some((_, answers)) = &mut self.birth else { return Next::Stay };
        match answer {
            Err(why) => self.reason = format!("waiting for {peer} to say that it is blank: {why}"),
            Ok(state) if state.version != PROTOCOL_VERSION => {
                self.reason = format!("{peer} speaks protocol version {}", state.version);
            }
            Ok(PeerState { cluster: Some(cluster), .. }) => {
                self.reason = format!(
                    "the register is blank but {peer} has data of cluster {cluster}: restore the register, or see `understudy recover`"
                );
            }
            Ok(PeerState { member, .. })
                if member.name != peer || member.incarnation == core.me =>
            {
                self.reason = format!(
                    "{} answers at the address of {peer}: check the peer addresses",
                    member.name
                );
            }
            Ok(state) => {
                answers.insert(peer, state);
            }
        }
        self.found(core)
    }

    /// Founds the cluster once every configured replica has just said that it is blank. Names take
    /// turns so that two founders seldom race; the register decides if they do.
    fn found(&mut self, core: &mut Core) -> Next {
        let rank = core.config.peers.iter().filter(|(name, _)| *name < core.config.name).count();
        let turn = self.since + 5 * core.config.timing.retry * rank as u64;
        let Some((_, answers)) = &self.birth else { return Next::Stay };
        let all = answers.len() == core.config.peers.len();
        let heard = correct!(all, "found-without-asking" => true);
        if !heard || !core.register.is_free() || core.now.mono < turn {
            return Next::Stay;
        }
        let Some((observed, answers)) = self.birth.take() else { return Next::Stay };
        let mut members = vec![core.member()];
        members.extend(answers.into_values().map(|state| state.member));
        members.sort_by(|a, b| a.name.cmp(&b.name));
        let record = Record {
            cluster: core.config.fresh_cluster,
            epoch: 1,
            primary: core.me,
            members,
            floor: 0,
            nonce: core.nonce(),
        };
        core.register.write(observed, record, &mut core.out);
        Next::Stay
    }
}
