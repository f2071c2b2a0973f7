//! Reads along with the timeline of a load.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::load::timeline::Moment;

/// Reads along with a timeline.
pub struct Watcher {
    file: BufReader<File>,
    /// The line that is not yet complete.
    begun: String,
    /// All moments so far.
    pub moments: Vec<Moment>,
}

impl Watcher {
    /// Begins to read; `None` if there is no such file yet.
    pub fn open(path: &Path) -> Option<Self> {
        let file = BufReader::new(File::open(path).ok()?);
        Some(Watcher { file, begun: String::new(), moments: Vec::new() })
    }

    /// Takes in what has been written meanwhile; gives the last moment.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last(&mut self) -> Result<Option<&Moment>> {
        while self.file.read_line(&mut self.begun)? > 0 {
            if self.begun.ends_with('\n') {
                let moment = serde_json::from_str(&self.begun).context("a line of the timeline")?;
                self.moments.push(moment);
                self.begun.clear();
            }
        }
        Ok(self.moments.last())
    }

    /// Whether, for `nanoseconds` before the last moment, the pair was whole under one primary, and
    /// clients of both ways had changes acknowledged. Gives that primary's name.
    pub fn steady(&self, nanoseconds: u64) -> Option<String> {
        let last = self.moments.last()?;
        let since = last.at.checked_sub(nanoseconds)?;
        let name = &last.whole()?.name;
        let begins = self.moments.partition_point(|moment| moment.at < since);
        // One before: it has to cover the whole time.
        let covered = self.moments.get(begins.checked_sub(1)?..)?;
        let same = |moment: &Moment| moment.whole().is_some_and(|primary| primary.name == *name);
        let served = last.library.last >= since && last.service.last >= since;
        (served && covered.iter().all(same)).then(|| name.clone())
    }

    /// Since when the pair stayed whole: since which moment after `struck` all show it so; `struck`
    /// itself if none does not. `None` if the last one does not.
    pub fn whole_since(&self, struck: u64) -> Option<u64> {
        self.moments.last()?.whole()?;
        let later = &self.moments[self.moments.partition_point(|moment| moment.at < struck)..];
        match later.iter().rposition(|moment| moment.whole().is_none()) {
            Some(last) => later.get(last + 1).map(|moment| moment.at),
            None => Some(struck),
        }
    }

    /// When the first life of replica `name` began that began at `since` or later.
    pub fn life_since(&self, name: &str, since: u64) -> Option<u64> {
        let lives = self.moments.iter().flat_map(|moment| &moment.replicas);
        let of_it = lives.filter(|seen| seen.name == name && seen.began >= since);
        of_it.map(|seen| seen.began).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::timeline::{Acknowledged, Seen};

    fn watcher(wholes: &[bool]) -> Watcher {
        let moment = |(number, whole): (usize, &bool)| {
            let at = 100 * (number as u64 + 1);
            let acknowledged = Acknowledged { last: at - 10, ..Acknowledged::default() };
            Moment {
                at,
                library: acknowledged,
                service: acknowledged,
                replicas: vec![Seen {
                    name: "a".into(),
                    role: "primary".into(),
                    epoch: 1,
                    life: 1,
                    began: at,
                    whole: *whole,
                    members: Vec::new(),
                    reason: String::new(),
                }],
            }
        };
        let moments = wholes.iter().enumerate().map(moment).collect();
        let file = File::open("/dev/null").expect("there is a /dev/null");
        Watcher { file: BufReader::new(file), begun: String::new(), moments }
    }

    #[test]
    fn it_is_whole_since_the_last_moment_that_shows_it_otherwise() {
        let watcher = watcher(&[true, true, false, true, false, true, true]);
        assert_eq!(watcher.whole_since(150), Some(600));
        assert_eq!(watcher.whole_since(550), Some(550));
        assert_eq!(super::tests::watcher(&[true, false]).whole_since(50), None);
    }

    #[test]
    fn steady_is_what_was_whole_for_the_whole_time() {
        let watcher = watcher(&[true, false, true, true, true]);
        assert_eq!(watcher.steady(199).as_deref(), Some("a"));
        assert_eq!(watcher.steady(200), None);
    }

    #[test]
    fn the_first_life_after_a_moment_is_found() {
        assert_eq!(watcher(&[true, true, true]).life_since("a", 150), Some(200));
        assert_eq!(watcher(&[true, true, true]).life_since("b", 150), None);
    }
}
