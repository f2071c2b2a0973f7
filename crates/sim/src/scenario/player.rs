//! Carries out the commands of a script.

use understudy_history::Outcome as Ended;
use understudy_protocol::{BackupExecution, Epoch, Execution, Observed};
use understudy_wal::sim::SimDisk;

use super::words::{action, span, time};
use crate::checks::shadow::Shadow;
use crate::clients::{Client, Job};
use crate::report::trace::Detail;
use crate::world::clock::{MILLISECOND, SECOND};
use crate::world::id::HostId;
use crate::world::net::{CLIENTS, Node, REGISTER};
use crate::world::{Options, World};

/// A command that waits does so no longer than this, nanoseconds.
const PATIENCE: u64 = 60 * SECOND;

/// A world in the hands of a script.
pub struct Player {
    pub(super) world: World,
    told: usize,
    saved: Option<Observed>,
    image: Option<(SimDisk, Shadow, Epoch)>,
}

type Done = Result<(), String>;

impl Player {
    /// A world of two replicas, until the script says otherwise.
    pub fn new() -> Self {
        Player { world: make(2, Options::default()), told: 0, saved: None, image: None }
    }

    /// What happened since the last command.
    pub fn news(&mut self) -> Vec<String> {
        let lines = self.world.trace.lines();
        let news = lines[self.told..].to_vec();
        self.told = lines.len();
        news
    }

    /// Violations of safety, in the world and in the clients' history, which in `async` mode may lose its
    /// end.
    pub fn verdict(mut self) -> Vec<String> {
        if self.world.forked.is_some() {
            return self.world.violation.iter().map(ToString::to_string).collect();
        }
        if self.world.ahead.is_there() {
            self.world.judge_ahead();
            return self.world.violation.iter().map(ToString::to_string).collect();
        }
        let verdict = understudy_history::check(&self.world.history);
        let history = verdict.violations.into_iter().map(|violation| violation.explanation);
        self.world.violation.iter().map(ToString::to_string).chain(history).collect()
    }

    /// Carries out one line.
    pub fn command(&mut self, line: &str) -> Done {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["replicas", ref names @ ..] => {
                self.world = make(names.len(), self.world.options.clone());
                Ok(())
            }
            ["settings", "sync-backups", backups, "min-copies", copies] => {
                let mut options = self.world.options.clone();
                options.settings.sync_backups = number(backups)?;
                options.settings.min_copies = number(copies)?;
                self.world = make(self.world.hosts.len(), options);
                Ok(())
            }
            ["settings", "async"] => {
                let mut options = self.world.options.clone();
                options.settings.execution = Execution::Async;
                self.world = make(self.world.hosts.len(), options);
                Ok(())
            }
            ["settings", "deferred"] => {
                let mut options = self.world.options.clone();
                options.settings.backup_execution = BackupExecution::Deferred;
                self.world = make(self.world.hosts.len(), options);
                Ok(())
            }
            ["evict", "after", delay] => {
                let mut options = self.world.options.clone();
                options.timing.evict = Some(time(delay)?);
                self.world = make(self.world.hosts.len(), options);
                Ok(())
            }
            ["start", ref names @ ..] => self.each(names, World::start),
            ["kill", ref names @ ..] => self.each(names, World::kill),
            ["restart", ref names @ ..] => self.each(names, |world, host| {
                world.kill(host);
                world.power_on(host);
                world.start(host);
            }),
            ["wipe", ref names @ ..] => self.each(names, World::wipe),
            ["pause", ref names @ ..] => self.each(names, World::pause),
            ["resume", ref names @ ..] => self.each(names, World::resume),
            ["leave", ref names @ ..] => self.each(names, World::leave),
            ["power", "off", ref names @ ..] => self.each(names, World::power_off),
            ["power", "on", ref names @ ..] => self.each(names, World::power_on),
            ["partition", from, way @ ("|" | "->"), to] => self.partition(from, way, to),
            ["heal"] => {
                self.world.heal();
                Ok(())
            }
            ["break", a, b] => self.break_streams(a, b),
            ["register", ref rest @ ..] => self.register(rest),
            ["disk" | "fsync" | "clock", ..] => self.host_trouble(&words),
            ["run", span] => {
                let until = self.world.time + time(span)?;
                self.world.run_until(until);
                Ok(())
            }
            ["hand", "over"] => {
                let client = self.client(None);
                self.world.order(client, Job::HandOver);
                self.wait_for_answer(client)
            }
            ["send", ref rest @ ..] => self.send(rest).map(drop),
            ["wait", ref rest @ ..] => self.wait(rest),
            ["expect", ref rest @ ..] => self.expect(rest),
            ["status"] => {
                self.status();
                Ok(())
            }
            ref rest => {
                let client = self.send(rest)?;
                self.wait_for_answer(client)
            }
        }
    }

    pub(super) fn host(&self, name: &str) -> Result<HostId, String> {
        self.world.host_named(name).ok_or_else(|| format!("there is no replica {name:?}"))
    }

    fn each(&mut self, names: &[&str], act: impl Fn(&mut World, HostId)) -> Done {
        for name in names {
            let host = self.host(name)?;
            act(&mut self.world, host);
        }
        // What was done takes effect before the next command.
        let now = self.world.time;
        self.world.run_until(now);
        Ok(())
    }

    fn nodes(&self, name: &str) -> Result<Vec<Node>, String> {
        Ok(match name {
            "register" => vec![REGISTER],
            "clients" => (CLIENTS..CLIENTS + 32).collect(),
            name => vec![self.host(name)?],
        })
    }

    fn partition(&mut self, from: &str, way: &str, to: &str) -> Done {
        for from in self.nodes(from)? {
            for to in self.nodes(to)? {
                self.world.cut_link(from, to);
                if way == "|" {
                    self.world.cut_link(to, from);
                }
            }
        }
        Ok(())
    }

    fn break_streams(&mut self, a: &str, b: &str) -> Done {
        let (a, b) = (self.host(a)?, self.host(b)?);
        let streams: Vec<u64> = self
            .world
            .net
            .streams
            .iter()
            .filter(|(_, stream)| {
                let ends = [stream.ends[0].host, stream.ends[1].host];
                ends == [a, b] || ends == [b, a]
            })
            .map(|(id, _)| *id)
            .collect();
        streams.into_iter().for_each(|stream| self.world.break_stream(stream));
        Ok(())
    }

    fn register(&mut self, words: &[&str]) -> Done {
        let world = &mut self.world;
        world.may_halt |= matches!(words, ["restore" | "replace" | "delete"]);
        match *words {
            ["down"] => world.register.down = true,
            ["up"] => world.register.down = false,
            ["slow", span] => world.register.delay = (time(span)? / 2, time(span)? / 2),
            ["fast"] => world.register.delay = world.options.register_delay,
            ["edit"] => world.register.edit(),
            ["save"] => self.saved = Some(world.register.observed()),
            ["restore"] => match &self.saved {
                Some(saved) => {
                    world.register.restore(saved);
                    self.goes_back();
                }
                None => return Err("nothing was saved".into()),
            },
            ["replace"] => world.register.replace(7),
            ["delete"] => world.register.missing = true,
            ["writes", "land", "after", span] => world.register.write_lag = time(span)?,
            ["writes", "land", "at", "once"] => world.register.write_lag = 0,
            ["answers", "lost"] => world.register.lost = 1000,
            ["answers", "arrive"] => world.register.lost = 0,
            _ => return Err("no such command; see scenario::COMMANDS".into()),
        }
        Ok(())
    }

    /// Where everybody is down, nobody can know of it before they meet.
    fn goes_back(&mut self) {
        if self.world.hosts.iter().all(|host| host.process.is_none()) {
            self.world.may_halt = true;
            self.world.fork();
        }
    }

    fn host_trouble(&mut self, words: &[&str]) -> Done {
        match *words {
            ["disk", "slow", name, span] => {
                let (host, delay) = (self.host(name)?, time(span)?);
                self.world.hosts[host].sync_delay = (delay, delay);
            }
            ["disk", "fast", name] => {
                let host = self.host(name)?;
                self.world.hosts[host].sync_delay = self.world.options.sync_delay;
            }
            ["disk", "full", name] => {
                let host = self.host(name)?;
                let disk = &self.world.hosts[host].disk;
                disk.set_capacity(Some(disk.used()));
            }
            ["disk", "empty", name] => {
                let host = self.host(name)?;
                self.world.hosts[host].disk.set_capacity(None);
            }
            ["disk", "save", name] => {
                let place = &self.world.hosts[self.host(name)?];
                self.image = Some((place.disk.image(), place.shadow.clone(), place.epoch));
            }
            ["disk", "restore", name] => {
                let host = self.host(name)?;
                let Some((image, shadow, epoch)) = self.image.clone() else {
                    return Err("nothing was saved".into());
                };
                self.goes_back();
                let place = &mut self.world.hosts[host];
                (place.disk, place.shadow, place.epoch) = (image.image(), shadow, epoch);
            }
            ["fsync", "fails", name] => {
                let host = self.host(name)?;
                self.world.hosts[host].disk.fail_sync_after(0);
            }
            ["clock", name, "jumps", by] => {
                let host = self.host(name)?;
                self.world.hosts[host].clock.jump += span(by)?;
            }
            _ => return Err("no such command; see scenario::COMMANDS".into()),
        }
        Ok(())
    }

    /// A client that is idle, and that asks `pinned` alone if that is given.
    fn client(&mut self, pinned: Option<HostId>) -> u64 {
        let idle = |client: &&mut Client| client.ongoing.is_none() && client.queue.is_empty();
        let id = match self.world.clients.iter_mut().find(idle) {
            Some(client) => client.id,
            None => self.world.add_client(),
        };
        let client = &mut self.world.clients[id as usize];
        client.deadline = 30 * SECOND;
        client.ttl = 3600 * SECOND;
        client.pinned = pinned;
        client.target = pinned.unwrap_or(client.target);
        id
    }

    pub(super) fn send(&mut self, words: &[&str]) -> Result<u64, String> {
        let (words, pinned) = match words {
            [front @ .., "at", name] => (front, Some(self.host(name)?)),
            all => (all, None),
        };
        let action = action(words)?;
        let client = self.client(pinned);
        self.world.order(client, Job::Action(action));
        Ok(client)
    }

    pub(super) fn wait_for_answer(&mut self, client: u64) -> Done {
        let end = self.world.time + PATIENCE;
        let done = self.world.run_while_not(end, |world| {
            let client = &world.clients[client as usize];
            client.ongoing.is_none() && client.queue.is_empty()
        });
        if done { Ok(()) } else { Err("there is no answer".into()) }
    }

    fn wait(&mut self, words: &[&str]) -> Done {
        let end = self.world.time + PATIENCE;
        while self.expect(words).is_err() {
            if self.world.time >= end || self.world.violation.is_some() {
                return self.expect(words);
            }
            let next = self.world.time + MILLISECOND;
            self.world.run_until(next);
        }
        let now = self.world.time;
        self.world.trace.line(Detail::Story, now, || "so it is".into());
        Ok(())
    }

    /// How the last operation of a client ended.
    pub(super) fn last_outcome(&self, client: u64) -> Option<&Ended> {
        let mut mine =
            self.world.history.iter().rev().filter(|operation| operation.client == client);
        mine.next().map(|operation| &operation.outcome)
    }
}

fn make(hosts: usize, options: Options) -> World {
    World::new(1, Options { hosts, trace: Detail::Story, ..options })
}

fn number(word: &str) -> Result<u32, String> {
    word.parse().map_err(|_| format!("{word:?} is no number"))
}
