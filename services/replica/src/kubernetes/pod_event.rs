//! What of a replica's life is worth an Event, decided without asking anybody.

use understudy_protocol::Epoch;

use crate::driver::View;

/// One thing that has happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PodEvent {
    /// One word, as tools group events by it.
    pub reason: &'static str,
    /// Whether somebody should look.
    pub is_warning: bool,
    /// A sentence.
    pub message: String,
}

/// What was the case when last looked at.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Seen {
    /// Of an acting primary, the epoch with which it became that.
    acting: Option<Epoch>,
    solo: bool,
    halted: bool,
    /// What would keep it from taking over.
    warning: String,
    reason: String,
}

impl Seen {
    pub fn of(view: &View, warning: &str) -> Self {
        let halted = view.is_halted();
        Seen {
            acting: view.acting.then_some(view.term),
            solo: view.acting && view.is_solo(),
            halted,
            warning: warning.to_owned(),
            reason: if halted { view.status.reason.clone() } else { String::new() },
        }
    }

    /// What has happened between `before` and this.
    pub fn since(&self, before: &Seen, name: &str) -> Vec<PodEvent> {
        let mut all = Vec::new();
        let mut add =
            |reason, is_warning, message| all.push(PodEvent { reason, is_warning, message });
        if let Some(epoch) = self.acting.filter(|_| self.acting != before.acting) {
            add("Primary", false, format!("{name} is the primary now, since epoch {epoch}"));
        }
        match (before.solo, self.solo) {
            (false, true) => add(
                "Solo",
                true,
                format!("{name} serves alone: what it acknowledges is in one copy"),
            ),
            (true, false) if self.acting.is_some() => {
                add("Redundant", false, format!("{name} has a backup again"));
            }
            _ => {}
        }
        if self.halted && !before.halted {
            add("Halted", true, format!("{name} has halted: {}", self.reason));
        }
        match (before.warning.is_empty(), self.warning.is_empty()) {
            (_, false) if before.warning != self.warning => add(
                "FailoverBlocked",
                true,
                format!("a failover to {name} would fail now: {}", self.warning),
            ),
            (false, true) => {
                add("FailoverPossible", false, format!("a failover to {name} is possible again"));
            }
            _ => {}
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(before: &Seen, now: &Seen) -> Vec<&'static str> {
        now.since(before, "pair-0").into_iter().map(|event| event.reason).collect()
    }

    #[test]
    fn a_life_is_told_step_by_step_and_what_stays_is_not_repeated() {
        let backup = Seen::default();
        let alone = Seen { acting: Some(7), solo: true, ..backup.clone() };
        let pair = Seen { solo: false, ..alone.clone() };
        let blocked = Seen { warning: "not allowed".into(), ..pair.clone() };
        let otherwise = Seen { warning: "away".into(), ..pair.clone() };
        let again = Seen { acting: Some(9), ..pair.clone() };
        let halted = Seen { halted: true, reason: "replaced".into(), ..backup.clone() };
        for (before, now, wanted) in [
            (&backup, &backup, &[][..]),
            (&backup, &alone, &["Primary", "Solo"]),
            (&alone, &alone, &[]),
            (&alone, &pair, &["Redundant"]),
            (&pair, &alone, &["Solo"]),
            (&alone, &backup, &[]),
            (&pair, &blocked, &["FailoverBlocked"]),
            (&blocked, &otherwise, &["FailoverBlocked"]),
            (&blocked, &pair, &["FailoverPossible"]),
            (&pair, &again, &["Primary"]),
            (&backup, &halted, &["Halted"]),
            (&halted, &halted, &[]),
        ] {
            assert_eq!(reasons(before, now), wanted, "{before:?} {now:?}");
        }
        assert!(halted.since(&backup, "pair-0")[0].message.contains("replaced"));
    }
}
