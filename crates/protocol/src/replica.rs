//! One replica: the step function and what is common to all roles.

use crate::core::Core;
use crate::role::{Next, Role};
use crate::running::Planned;
use crate::start::Starting;
use crate::{
    Config, Effect, Event, Execution, Index, Now, PROTOCOL_VERSION, PeerState, Recovered, RoleName,
    Status, Transition,
};

/// How the message begins with which [`Replica::step`] panics when [`Replica::inequalities`] finds
/// something.
pub const BROKEN_INEQUALITY: &str = "a pointer inequality does not hold";

/// One replica as a deterministic function of its events.
pub struct Replica {
    core: Core,
    role: Role,
    /// The role as last announced, and since when.
    announced: RoleName,
    role_since: u64,
    ticked: u64,
}

impl Replica {
    /// A replica at the beginning of a life. Its first [`Replica::step`] should be a
    /// [`Event::Tick`].
    pub fn new(config: Config, recovered: Recovered, now: Now) -> Self {
        let halted = recovered.state.halted.clone();
        let mut core = Core::new(config, recovered, now);
        let role = match halted {
            Some(why) => {
                core.out.push(Effect::Halt(why.clone()));
                Role::Halted(why)
            }
            None => Role::Starting(Box::new(Starting::new(&core))),
        };
        let announced = role.name(&core);
        Replica { core, role, announced, role_since: now.mono, ticked: now.mono }
    }

    /// Takes one event and gives what is to be done, in order.
    pub fn step(&mut self, now: Now, event: Event) -> Vec<Effect> {
        let now = Now { mono: now.mono.max(self.core.now.mono), wall: now.wall };
        let pause = now.mono - self.core.now.mono;
        self.core.now = now;
        let working = matches!(event, Event::Durable(_) | Event::Applied { .. });
        let planned = self.planned(working);
        self.core.running.step(now.mono, planned);
        if pause > self.core.config.timing.drop / 2 {
            self.forgive(pause);
        }
        if event == Event::Tick {
            self.ticked = now.mono;
        }
        let mut next = self.dispatch(event);
        while let Next::Become(role, why) = next {
            self.role = role;
            self.announce(Some(why));
            next = self.dispatch(Event::Tick);
        }
        self.announce(None);
        if let Err(broken) = self.inequalities() {
            panic!("{BROKEN_INEQUALITY}: {broken}");
        }
        self.core.finish()
    }

    fn planned(&self, working: bool) -> Planned {
        let tick = self.core.config.timing.tick;
        Planned { due: self.ticked + tick, tick, working }
    }

    /// When [`Event::Tick`] is due, in [`Now::mono`]'s terms; `None` when nothing waits for time.
    pub fn deadline(&self) -> Option<u64> {
        match self.role {
            Role::Halted(_) | Role::Ended => None,
            _ => Some(self.ticked + self.core.config.timing.tick),
        }
    }

    /// What others may know of this replica.
    pub fn status(&self) -> Status {
        let core = &self.core;
        let mut status = Status {
            role: self.role.name(core),
            epoch: core.state.epoch,
            named: false,
            primary: None,
            members: Vec::new(),
            last: core.log.last().index,
            durable: core.log.durable,
            commit: core.log.commit,
            applied: core.log.applied,
            snapshot: core.log.snapshot.index,
            settings: core.settings,
            followers: Vec::new(),
            reason: String::new(),
        };
        match &self.role {
            Role::Starting(role) => role.describe(&mut status),
            Role::Following(role) => role.describe(core, &mut status),
            Role::Leading(role) => role.describe(core, &mut status),
            Role::Halted(why) => status.reason = why.clone(),
            Role::Ended => {}
        }
        status
    }

    /// End of what every obliged replica holds, as far as known here.
    pub fn commit(&self) -> Index {
        self.core.log.commit
    }

    /// Whether this copy crashed in received mode and does not know yet that it has what it was counted
    /// for: its life must not leave the mark of an orderly end.
    pub fn is_in_doubt(&self) -> bool {
        self.core.doubt
    }

    /// What this replica answers to a peer that asks whether it is blank (rule 11).
    pub fn peer_state(&self) -> PeerState {
        PeerState {
            version: PROTOCOL_VERSION,
            member: self.core.member(),
            life: self.core.life,
            cluster: self.core.state.cluster,
        }
    }

    /// The logged elapsed time now, nanoseconds; `None` unless this replica acts.
    pub fn elapsed(&self, now: Now) -> Option<u64> {
        match &self.role {
            Role::Leading(role) => {
                let ran = self.core.running.ran_at(now.mono, self.planned(false));
                role.elapsed(&self.core, ran)
            }
            _ => None,
        }
    }

    /// Who has the least memory for what the machine holds, and how many bytes, of all who follow or are named and
    /// know what they have; the outer `None` unless this replica acts.
    pub fn least_memory(&self) -> Option<Option<(&str, u64)>> {
        match &self.role {
            Role::Leading(role) => role.least_memory(&self.core),
            _ => None,
        }
    }

    /// Handlers have one shape: the core takes note of what concerns every role, then the role acts.
    fn dispatch(&mut self, event: Event) -> Next {
        let core = &mut self.core;
        if matches!(self.role, Role::Halted(_) | Role::Ended) {
            return self.idle(event);
        }
        match &event {
            Event::Tick => {
                core.register.on_tick(core.now.mono, &mut core.out);
                core.note_progress();
            }
            Event::Durable(position) => core.log.note_durable(*position),
            Event::Space(room) => core.room = *room,
            Event::Applied { first, digests } => core.applied(*first, digests),
            Event::SnapshotMade(position) if position.index > core.log.snapshot.index => {
                core.log.snapshot = *position;
            }
            Event::Leave => core.leaving = true,
            Event::RegisterChanged => core.register.read(&mut core.out),
            // For the role alone; a snapshot older than the one that is known is of no use to anybody.
            Event::Requests { .. }
            | Event::Received(..)
            | Event::Connected(_)
            | Event::DialFailed(_)
            | Event::Closed(_)
            | Event::Probed(..)
            | Event::Inquired { .. }
            | Event::RegisterRead(_)
            | Event::RegisterWritten(_)
            | Event::LogRead { .. }
            | Event::SnapshotRead { .. }
            | Event::SnapshotStored { .. }
            | Event::SnapshotMade(_)
            | Event::HandOver { .. } => {}
        }
        match &mut self.role {
            Role::Starting(role) => role.step(core, event),
            Role::Following(role) => role.step(core, event),
            Role::Leading(role) => role.step(core, event),
            Role::Halted(_) | Role::Ended => Next::Stay,
        }
    }

    /// A replica that was stopped for a while (SIGSTOP, a frozen host) must not take its own absence for
    /// the others' silence.
    fn forgive(&mut self, pause: u64) {
        match &mut self.role {
            Role::Following(role) => role.forgive(pause),
            Role::Leading(role) => role.forgive(pause),
            _ => {}
        }
    }

    /// What a replica does that is halted or has ended.
    fn idle(&mut self, event: Event) -> Next {
        let core = &mut self.core;
        match event {
            Event::Leave if matches!(self.role, Role::Halted(_)) => {
                return Next::left(core, "asked to leave");
            }
            Event::Requests { proposals, reads } => core.turn_away(proposals, reads, None),
            Event::HandOver { id, .. } => core.reject(vec![id], None),
            Event::Received(conn, message) => core.refuse_hello(conn, &message),
            Event::Tick
            | Event::Leave
            | Event::Durable(_)
            | Event::Space(_)
            | Event::Applied { .. }
            | Event::SnapshotMade(_)
            | Event::RegisterChanged
            | Event::RegisterRead(_)
            | Event::RegisterWritten(_)
            | Event::Connected(_)
            | Event::DialFailed(_)
            | Event::Closed(_)
            | Event::Probed(..)
            | Event::Inquired { .. }
            | Event::LogRead { .. }
            | Event::SnapshotRead { .. }
            | Event::SnapshotStored { .. } => {}
        }
        Next::Stay
    }

    /// Says that the role has changed, if it has: also where only its name has, such as from
    /// `waiting` to `backup`.
    fn announce(&mut self, why: Option<String>) {
        let to = self.role.name(&self.core);
        if to == self.announced && why.is_none() {
            return;
        }
        let since = std::mem::replace(&mut self.role_since, self.core.now.mono);
        self.core.out.push(Effect::Transition(Transition {
            from: std::mem::replace(&mut self.announced, to),
            to,
            epoch: self.core.state.epoch,
            why: why.unwrap_or_else(|| reason(to).into()),
            lasted: self.core.now.mono - since,
        }));
    }

    /// The pointer inequalities (docs/protocol.md).
    ///
    /// # Errors
    /// Which one does not hold. [`Replica::step`] panics then: going on would make it worse.
    pub fn inequalities(&self) -> Result<(), String> {
        let log = &self.core.log;
        let last = log.last().index;
        let asynchronous = self.core.settings.execution == Execution::Async;
        let (ahead, bound) = match &self.role {
            Role::Starting(_) | Role::Following(_) => ("commit", log.commit),
            _ if asynchronous => ("durable", log.durable),
            _ => ("commit", log.commit),
        };
        for (small, lower, large, upper) in [
            ("snapshot", log.snapshot.index, "commit", log.commit),
            ("applied", log.applied, "handed", log.handed),
            ("handed", log.handed, ahead, bound),
            ("commit", log.commit, "durable", log.durable),
            ("durable", log.durable, "last", last),
        ] {
            if lower > upper {
                return Err(format!("{small} {lower} <= {large} {upper}"));
            }
        }
        match &self.role {
            Role::Leading(role) => role.inequalities(&self.core),
            _ => Ok(()),
        }
    }
}

/// Why a role got its new name by itself.
fn reason(to: RoleName) -> &'static str {
    match to {
        RoleName::Waiting => "there is no stream to the primary",
        RoleName::Backup => "follows the primary",
        RoleName::Learner => "is not caught up",
        RoleName::Spare => "is caught up",
        RoleName::Candidate => "tries to win the register",
        RoleName::Primary => "the opening entry is executed",
        RoleName::Starting | RoleName::Opening | RoleName::Halted | RoleName::Ended => "",
    }
}
