//! What a script expects.

use understudy_history::{Outcome as Ended, Reply};
use understudy_protocol::RoleName;

use super::player::Player;
use crate::report::trace::Detail;

type Done = Result<(), String>;

impl Player {
    /// Whether something holds now.
    pub(super) fn expect(&mut self, words: &[&str]) -> Done {
        match *words {
            ["primary", name] => equal(self.acting(), vec![name.to_owned()]),
            ["nobody", "acts"] => equal(self.acting(), Vec::new()),
            ["members", ref names @ ..] => {
                let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
                names.sort();
                equal(self.members(), names)
            }
            ["epoch", epoch] => {
                let now = self.world.register.record().map_or(0, |record| record.epoch);
                equal(now.to_string(), epoch.to_string())
            }
            ["role", name, role] => equal(self.role(name)?, role.to_owned()),
            ["ended", name] => {
                let host = self.host(name)?;
                match &self.world.hosts[host].ended {
                    Some(_) => Ok(()),
                    None => Err("no process of it has ended".into()),
                }
            }
            ["halted", name] => equal(self.role(name)?, "halted".to_owned()),
            ["waiting"] => match self.world.clients.iter().any(|c| c.ongoing.is_some()) {
                true => Ok(()),
                false => Err("every client has its answer".into()),
            },
            ["answers"] => match self.world.clients.iter().all(|c| c.ongoing.is_none()) {
                true => Ok(()),
                false => Err("a client has no answer".into()),
            },
            ["whole"] => self.whole(),
            ["get", key, "=", value] => self.get(&["get", key], Some(value)),
            ["get", key, "=", value, "at", name] => {
                self.get(&["get", key, "at", name], Some(value))
            }
            ["get", key, "absent"] => self.get(&["get", key], None),
            _ => Err("no such expectation; see scenario::COMMANDS".into()),
        }
    }

    fn acting(&self) -> Vec<String> {
        let acting = self.world.hosts.iter().filter(|host| {
            host.process.as_ref().is_some_and(|process| {
                let status = process.driver.replica().status();
                status.role == RoleName::Primary
            })
        });
        acting.map(|host| host.name().to_owned()).collect()
    }

    fn members(&self) -> Vec<String> {
        let Some(record) = self.world.register.record() else { return Vec::new() };
        let mut members: Vec<String> = record
            .members
            .iter()
            .map(|member| {
                let copies = self.world.hosts.iter();
                let mut named = copies.filter(|host| host.incarnation == Some(member.incarnation));
                named.next().map_or_else(|| "(gone)".into(), |host| host.name().to_owned())
            })
            .collect();
        members.sort();
        members
    }

    fn role(&self, name: &str) -> Result<String, String> {
        let host = self.host(name)?;
        Ok(match &self.world.hosts[host].process {
            Some(process) => process.driver.replica().status().role.to_string(),
            None => "down".into(),
        })
    }

    /// One acts, every replica runs, and all have executed everything.
    fn whole(&self) -> Done {
        let [primary] = &self.acting()[..] else { return Err("there is no primary".into()) };
        let primary = self.host(primary)?;
        let status = |host: &crate::world::host::Host| {
            host.process.as_ref().map(|p| p.driver.replica().status())
        };
        let last = status(&self.world.hosts[primary]).map(|status| status.last);
        for host in &self.world.hosts {
            if status(host).map(|status| status.applied) != last {
                return Err(format!("{} has not executed everything", host.name()));
            }
        }
        Ok(())
    }

    fn get(&mut self, words: &[&str], value: Option<&str>) -> Done {
        let client = self.send(words)?;
        self.wait_for_answer(client)?;
        match self.last_outcome(client) {
            Some(Ended::Ok(answer)) => match &answer.reply {
                Reply::Get { found } => equal(
                    found.as_ref().map(|found| found.value.clone()),
                    value.map(ToOwned::to_owned),
                ),
                _ => Err("that was no read".into()),
            },
            _ => Err("there is no answer".into()),
        }
    }

    /// A line for each replica and one for the register.
    pub(super) fn status(&mut self) {
        let mut lines: Vec<String> = Vec::new();
        for host in &self.world.hosts {
            lines.push(match &host.process {
                None => format!("{}: down", host.name()),
                Some(process) => {
                    let s = process.driver.replica().status();
                    let paused = if process.paused { " (paused)" } else { "" };
                    format!(
                        "{}: {}{paused}, epoch {}, log up to {}, committed {}, executed {} {}",
                        host.name(),
                        s.role,
                        s.epoch,
                        s.last,
                        s.commit,
                        s.applied,
                        s.reason
                    )
                    .trim_end()
                    .to_owned()
                }
            });
        }
        lines.push(match self.world.register.record() {
            Some(record) => format!("register: {}", self.world.describe(record)),
            None => "register: blank".into(),
        });
        let now = self.world.time;
        for line in lines {
            self.world.trace.line(Detail::Story, now, || line);
        }
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Done {
    match found == expected {
        true => Ok(()),
        false => Err(format!("it is {found:?}")),
    }
}
