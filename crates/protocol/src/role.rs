//! A replica's role, and what may follow on it.

use crate::core::Core;
use crate::follow::Following;
use crate::lead::Leading;
use crate::start::Starting;
use crate::{Effect, EndReason, Observed, Record, RoleName};

/// A replica's part in the cluster.
pub(crate) enum Role {
    /// Finding out what the register says, or waiting to be born.
    Starting(Box<Starting>),
    /// Following a primary: backup, learner or spare; also while it tries to become primary.
    Following(Box<Following>),
    /// Won its epoch in this life.
    Leading(Box<Leading>),
    /// Stays up and does nothing until an operator acts.
    Halted(String),
    /// This life is over.
    Ended,
}

/// What a role makes of an event.
pub(crate) enum Next {
    Stay,
    Become(Role, String),
}

impl Next {
    /// Ends this life; the process restarts.
    pub fn end(core: &mut Core, why: EndReason) -> Next {
        let text = why.to_string();
        if core.leaving {
            return Next::left(core, text);
        }
        core.note_commit();
        core.out.push(Effect::EndLife(why));
        Next::Become(Role::Ended, text)
    }

    /// Ends this life; the process restarts as another copy.
    pub fn renew(core: &mut Core, why: impl Into<String>) -> Next {
        let why = why.into();
        core.out.push(Effect::Renew(why.clone()));
        Next::Become(Role::Ended, why)
    }

    /// Stops until an operator acts.
    pub fn halt(core: &mut Core, why: impl Into<String>) -> Next {
        let why = why.into();
        core.out.push(Effect::Halt(why.clone()));
        Next::Become(Role::Halted(why.clone()), why)
    }

    /// Leaves: nothing is owed to anyone.
    pub fn left(core: &mut Core, why: impl Into<String>) -> Next {
        core.note_commit();
        core.out.push(Effect::Left);
        Next::Become(Role::Ended, why.into())
    }

    /// Stops until an operator has chosen, also in lives to come.
    pub fn halt_for_good(core: &mut Core, why: String) -> Next {
        core.state.halted = Some(why.clone());
        core.save();
        Next::halt(core, why)
    }

    /// Acts, having won.
    pub fn lead(core: &mut Core, record: Record, why: impl Into<String>) -> Next {
        let role = Leading::new(core, record);
        Next::Become(Role::Leading(Box::new(role)), why.into())
    }

    /// Follows what the register says.
    pub fn follow(core: &Core, record: Record, read: Observed, why: impl Into<String>) -> Next {
        let role = Following::new(core, record, read);
        Next::Become(Role::Following(Box::new(role)), why.into())
    }
}

impl Role {
    /// What it is called.
    pub fn name(&self, core: &Core) -> RoleName {
        match self {
            Role::Starting(_) => RoleName::Starting,
            Role::Following(role) => role.name(core),
            Role::Leading(role) => role.name(core),
            Role::Halted(_) => RoleName::Halted,
            Role::Ended => RoleName::Ended,
        }
    }
}

/// `Some` when what was read must not be acted upon: it halts this replica, or was read before a
/// newer epoch became known and is read again.
pub(crate) fn examined(core: &mut Core, observed: &Observed) -> Option<Next> {
    match core.examine(observed) {
        Ok(true) => None,
        Ok(false) => {
            core.register.read(&mut core.out);
            Some(Next::Stay)
        }
        Err(why) => Some(Next::halt(core, why)),
    }
}
