//! Watchers read on, and what they were told is judged.

use understudy_machine::{Compact, KeyRange, Passed, SetQuota, Watch};
use understudy_protocol::RoleName;

use crate::checks::check::Check;
use crate::checks::violation::{Property, Violation};
use crate::checks::watchers::WATCHERS;
use crate::clients::Job;
use crate::world::World;
use crate::world::clock::{MILLISECOND, SECOND};
use crate::world::id::{HostId, Run};

/// How many of the keys that clients write are asked for.
const KEYS: usize = 8;

/// Lets everybody watch.
pub(crate) struct WatchersCheck;

impl Check for WatchersCheck {
    fn after_event(&self, world: &mut World) {
        world.let_watch();
    }

    fn judge(&self, world: &mut World) {
        world.finish_watching();
    }
}

impl World {
    /// Whoever watches has its turn now and then.
    fn let_watch(&mut self) {
        if self.time < self.watchers.next || self.violation.is_some() || self.ahead.is_there() {
            return;
        }
        self.watchers.next = self.time + self.watchers.rng.u64(0..40 * MILLISECOND);
        let id = self.watchers.rng.usize(0..WATCHERS);
        match self.watchers.rng.u32(0..8) {
            0 => {
                self.cut_off(id);
                let away = self.watchers.rng.u64(0..4) / 3 * self.watchers.rng.u64(0..3 * SECOND);
                self.watchers.each[id].away = self.time + away;
            }
            1 if self.watchers.short && !self.clients.is_empty() => self.shorten(),
            _ => self.read_on(id),
        }
    }

    /// At the end of the world everybody sees what is left.
    fn finish_watching(&mut self) {
        let serving = || (0..self.hosts.len()).find(|&host| self.serves(host).is_some());
        let Some(host) = serving().filter(|_| !self.ahead.is_there()) else { return };
        let newest = self.hosts[host]
            .process
            .as_ref()
            .map_or(0, |process| process.driver.machine().revision());
        for id in 0..WATCHERS {
            self.cut_off(id);
            while self.watchers.each[id].complete < newest && self.violation.is_none() {
                self.read_from(id, host);
            }
        }
    }

    /// Its stream breaks: what was told of an incomplete revision will be told again.
    fn cut_off(&mut self, id: usize) {
        let watcher = &mut self.watchers.each[id];
        if watcher.stream.take().is_some() {
            self.counts.add("watch broken");
            if !watcher.part.is_empty() {
                self.counts.add("watch broken within a revision");
            }
        }
        watcher.part.clear();
    }

    /// An operator keeps history short, and forgets some of it.
    fn shorten(&mut self) {
        let rng = &mut self.watchers.rng;
        let newest = self.past.newest();
        let job = match rng.bool() {
            true => SetQuota {
                max_history_revisions: Some(rng.u64(0..60)),
                max_history_bytes: Some(rng.u64(0..30_000)),
                min_history_age: Some(rng.u64(0..2) * 500 * MILLISECOND),
                ..SetQuota::default()
            }
            .into(),
            false => Compact { revision: rng.i64(0..=newest) }.into(),
        };
        self.order(0, Job::Operate(job));
    }

    fn read_on(&mut self, id: usize) {
        if self.time < self.watchers.each[id].away {
            return;
        }
        let host = match self.watchers.each[id].stream {
            Some((host, ..)) => host,
            None => self.watchers.rng.usize(0..self.hosts.len()),
        };
        self.read_from(id, host);
    }

    /// One message: from the stream that it has, or the first of a new one.
    fn read_from(&mut self, id: usize, host: HostId) {
        let Some(run) = self.serves(host) else { return self.cut_off(id) };
        if self.watchers.each[id].stream.as_ref().is_some_and(|(_, open, _)| *open != run) {
            return self.cut_off(id);
        }
        let Some(process) = &self.hosts[host].process else { return };
        let Ok(reader) = process.driver.machine().at(0) else { return };
        let changes = process.driver.machine().changes();
        let watcher = &mut self.watchers.each[id];
        let (_, _, watch) = watcher.stream.get_or_insert_with(|| {
            let watch = Watch::after(watcher.complete, watcher.range.clone(), watcher.previous);
            (host, run, watch)
        });
        let seen = watch.position();
        let passed_over = watch.pass_over(&reader);
        if watch.position() > seen {
            self.counts.add("quiet watch that history did not end");
        }
        match passed_over.and_then(|()| watch.next(changes, changes.newest(), watcher.bytes)) {
            Ok(batch) => {
                watcher.part.extend(batch.changes);
                if batch.more {
                    return self.counts.add("revision told in parts");
                }
                let (from, to) = (watcher.complete, watch.position());
                watcher.complete = to;
                let told = std::mem::take(&mut watcher.part);
                self.counts.more("change told", told.len() as u64);
                let expected = self.past.between(from, to, &watcher.range, watcher.previous);
                if told != expected {
                    let name = self.hosts[host].name();
                    let explanation = format!(
                        "{name} tells {told:?} of revisions {from} to {to}, they did {expected:?}"
                    );
                    self.fail_on(Err(Violation {
                        property: Property::WatchesMissNothing,
                        explanation,
                    }));
                }
            }
            Err(Passed) => {
                let (from, floor) = (watcher.complete, changes.floor());
                (watcher.complete, watcher.stream) = (changes.newest(), None);
                watcher.part.clear();
                self.counts.add("watch passed by history");
                if self.past.between(from, floor, &watcher.range, false).is_empty() {
                    let range = &watcher.range;
                    let explanation = format!(
                        "a watch of {range:?} is told that history has passed it at {floor}: it saw all up to {from}, and nothing of its range changed since"
                    );
                    let property = Property::QuietWatchesGoOn;
                    self.fail_on(Err(Violation { property, explanation }));
                }
            }
        }
    }

    /// Whoever asks a machine, after a long time, whether something happened to a key hears of what did, also
    /// where history has forgotten it.
    pub(crate) fn check_memory(&mut self, host: HostId) {
        if !self.watchers.short {
            return;
        }
        let Some(process) = self.hosts[host].process.as_ref() else { return };
        let machine = process.driver.machine();
        let floor = machine.changes().floor();
        let Ok(reader) = machine.at(0) else { return };
        if floor == 0 {
            return;
        }
        for key in 0..KEYS {
            let from = self.watchers.rng.i64(0..floor);
            let range = KeyRange::single(format!("k{key}"));
            let mut watch = Watch::after(from, range.clone(), false);
            if watch.pass_over(&reader).is_ok()
                && let to = watch.position().min(floor)
                && let Some(change) = self.past.between(from, to, &range, false).first()
            {
                let name = self.hosts[host].name();
                let explanation = format!(
                    "{name} says that nothing happened to k{key} after revision {from}, but {change:?}"
                );
                let property = Property::WatchesMissNothing;
                return self.fail_on(Err(Violation { property, explanation }));
            }
        }
    }

    /// The process on this host, if it is a primary that serves.
    pub(crate) fn serves(&self, host: HostId) -> Option<Run> {
        let process = self.hosts[host].process.as_ref()?;
        (process.driver.replica().status().role == RoleName::Primary).then_some(process.run)
    }
}
