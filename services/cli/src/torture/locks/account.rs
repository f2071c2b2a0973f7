//! What clients of a lock saw, and whether it was one.

use std::time::Duration;

use serde::Serialize;

/// This many findings are reported.
const MOST: usize = 20;

/// A time in which a client trusted that it alone held the lock. All are on one clock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tenure {
    /// Who.
    pub holder: u64,
    /// The fencing token.
    pub token: i64,
    /// When the lock first said that it was held. It definitely was held then, or the lock is to blame.
    pub from: Duration,
    /// When it last said so.
    pub until: Duration,
}

/// A write under the lock that succeeded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Write {
    /// The writer's token.
    pub token: i64,
    /// The write's revision.
    pub revision: i64,
}

/// What one client saw.
#[derive(Clone, Default, Debug)]
pub struct Account {
    /// Locks that it trusted.
    pub tenures: Vec<Tenure>,
    /// Locks that were lost before they were released.
    pub lost: u64,
    /// Writes under the lock.
    pub writes: Vec<Write>,
    /// Writes that were refused because the lock was gone.
    pub refused: u64,
    /// The longest time until the lock was there.
    pub longest_wait: Duration,
    /// What else was wrong.
    pub broken: Vec<String>,
}

/// What all of them saw, judged.
#[derive(Debug, Default, Serialize)]
pub struct Judged {
    /// Times in which somebody held the lock.
    pub tenures: u64,
    /// Those that ended because it was lost.
    pub lost: u64,
    /// Two that held it at once.
    pub overlaps: u64,
    /// Writes under the lock.
    pub writes: u64,
    /// Those that were refused because the lock was gone.
    pub refused: u64,
    /// The longest time until a lock was there, milliseconds.
    pub longest_wait_ms: u64,
    /// What a lock must not do; at most 20.
    pub broken: Vec<String>,
    /// Whether every change of their keys is in the history.
    #[serde(skip)]
    pub followed: bool,
}

/// Never two at once, tokens that rise, and no write after that of a higher token.
pub fn judge(accounts: Vec<Account>) -> Judged {
    let mut judged = Judged::default();
    let (mut tenures, mut writes) = (Vec::new(), Vec::new());
    for account in accounts {
        judged.lost += account.lost;
        judged.refused += account.refused;
        judged.longest_wait_ms =
            judged.longest_wait_ms.max(account.longest_wait.as_millis() as u64);
        judged.broken.extend(account.broken);
        tenures.extend(account.tenures);
        writes.extend(account.writes);
    }
    judged.tenures = tenures.len() as u64;
    judged.writes = writes.len() as u64;
    tenures.sort_by_key(|tenure| tenure.from);
    let overlaps = overlaps(&tenures);
    judged.overlaps = overlaps.len() as u64;
    judged.broken.extend(overlaps);
    judged.broken.extend(falling(&tenures));
    writes.sort_by_key(|write| write.revision);
    judged.broken.extend(late(&writes));
    judged.broken.truncate(MOST);
    judged
}

/// Those that begin before an earlier one has ended.
fn overlaps(tenures: &[Tenure]) -> Vec<String> {
    let mut last: Option<&Tenure> = None;
    let mut found = Vec::new();
    for tenure in tenures {
        if let Some(last) = last.filter(|last| tenure.from <= last.until) {
            found.push(format!(
                "two held the lock at {:.3?}: {last}, which trusted it until {:.3?}, and {tenure}",
                tenure.from, last.until
            ));
        }
        last = last.filter(|last| last.until > tenure.until).or(Some(tenure));
    }
    found
}

fn falling(tenures: &[Tenure]) -> impl Iterator<Item = String> {
    let falls = tenures.windows(2).filter(|pair| pair[0].token >= pair[1].token);
    falls.map(|pair| format!("tokens do not rise: {} held the lock before {}", pair[0], pair[1]))
}

fn late(writes: &[Write]) -> Vec<String> {
    let mut highest = 0;
    let mut found = Vec::new();
    for Write { token, revision } in writes {
        if *token < highest {
            found.push(format!(
                "the write of token {token} at revision {revision} came after one of token {highest}"
            ));
        }
        highest = highest.max(*token);
    }
    found
}

impl std::fmt::Display for Tenure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "client {} with token {}", self.holder, self.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(tenures: &[(i64, u64, u64)], writes: &[(i64, i64)]) -> Account {
        let ms = Duration::from_millis;
        let tenure = |&(token, from, until): &_| Tenure {
            holder: 0,
            token,
            from: ms(from),
            until: ms(until),
        };
        let write = |&(token, revision): &_| Write { token, revision };
        Account {
            tenures: tenures.iter().map(tenure).collect(),
            writes: writes.iter().map(write).collect(),
            ..Account::default()
        }
    }

    #[test]
    fn turns_that_follow_each_other_are_right() {
        let one = account(&[(5, 0, 10), (9, 40, 50)], &[(5, 6), (9, 11), (9, 12)]);
        let judged = judge(vec![one, account(&[(7, 20, 30)], &[(7, 8)])]);
        assert!(judged.broken.is_empty(), "{judged:?}");
        assert_eq!((judged.tenures, judged.writes, judged.overlaps), (3, 4, 0));
    }

    #[test]
    fn two_at_once_are_found_also_after_a_short_one() {
        let judged =
            judge(vec![account(&[(5, 0, 100)], &[]), account(&[(7, 20, 30), (9, 99, 120)], &[])]);
        assert_eq!((judged.overlaps, judged.broken.len()), (2, 2), "{judged:?}");
        assert!(judged.broken[1].contains("token 5, which trusted it until 100"), "{judged:?}");
    }

    #[test]
    fn tokens_that_fall_and_late_writes_are_found() {
        let judged =
            judge(vec![account(&[(7, 0, 10)], &[(7, 8)]), account(&[(5, 20, 30)], &[(5, 9)])]);
        assert_eq!(judged.overlaps, 0);
        assert_eq!(judged.broken.len(), 2, "{judged:?}");
        assert!(judged.broken[0].starts_with("tokens do not rise"), "{judged:?}");
        assert!(judged.broken[1].contains("token 5 at revision 9"), "{judged:?}");
    }
}
