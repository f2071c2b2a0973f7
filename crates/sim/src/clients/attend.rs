//! The world's clients at work.

use understudy_history::{Action, Operation, Outcome};
use understudy_machine::{self as machine, Command, FailureCode, Response};
use understudy_protocol::Rejection;

use crate::checks::check::Ended;
use crate::checks::draws;
use crate::clients::story;
use crate::clients::translate;
use crate::clients::{Client, Job, Ongoing, Request, Told, Wish};
use crate::world::World;
use crate::world::clock::MILLISECOND;
use crate::world::event::{Input, SimEvent};
use crate::world::id::HostId;
use crate::world::net::CLIENTS;

impl World {
    /// One more client, which does only what it is ordered to.
    pub fn add_client(&mut self) -> u64 {
        let id = self.clients.len() as u64;
        self.clients.push(Client::new(id, None));
        id
    }

    /// Gives a client something to do.
    pub fn order(&mut self, client: u64, job: Job) {
        self.clients[client as usize].queue.push_back(job);
        self.after(0, SimEvent::ClientTurn(client));
    }

    /// A client begins its next operation, or tries again.
    pub(crate) fn client_turn(&mut self, id: u64) {
        let client = &mut self.clients[id as usize];
        match &client.ongoing {
            Some(ongoing) if ongoing.attempt == 0 => self.try_again(id),
            Some(_) => {}
            None => self.begin(id),
        }
    }

    fn begin(&mut self, id: u64) {
        let client = &mut self.clients[id as usize];
        let unique = format!("c{id}-{}", client.begun + 1);
        let draws = client.workload.is_some() && self.draws.want();
        let workload = client.workload.as_ref();
        let old = workload.and_then(|workload| self.old_reads.draw(workload, &self.history));
        let job = client
            .queue
            .pop_front()
            .or_else(|| draws.then(|| Job::Stamped(draws::draw())))
            .or_else(|| old.map(Job::Action))
            .or_else(|| client.workload.as_mut()?.next(&mut self.rng, &unique).map(Job::Action));
        let Some(job) = job else { return };
        let wander = client.workload.as_ref().map_or(0, |workload| workload.wander);
        if wander > 0 && self.rng.u32(0..100) < wander {
            client.target = self.rng.usize(0..self.hosts.len());
        }
        client.begun += 1;
        client.ongoing = Some(Ongoing {
            job,
            id: client.begun,
            begin: self.time,
            sequence: None,
            attempt: 0,
            opening: false,
            maybe: false,
        });
        self.try_again(id);
    }

    /// Sends what is asked for, or first the opening of a session.
    fn try_again(&mut self, id: u64) {
        self.attempts += 1;
        let attempt = self.attempts;
        let deadline_over = self.deadline_over(id);
        let client = &mut self.clients[id as usize];
        let Some(ongoing) = client.ongoing.as_mut() else { return };
        if deadline_over {
            let outcome = if ongoing.maybe { Outcome::Unknown } else { Outcome::Failed };
            return self.finish(id, outcome);
        }
        ongoing.attempt = attempt;
        ongoing.opening = false;
        let wish = match ongoing.job.clone() {
            Job::HandOver => Wish::HandOver,
            Job::Settle(settings) => Wish::Settle(settings),
            Job::Rest => return self.finish(id, Outcome::Failed),
            Job::Operate(operation) => {
                let command = Command::new(operation).owned_by(&client.owner);
                Wish::Execute(command.to_payload())
            }
            Job::Action(Action::Get { key }) => Wish::Read(key, 0),
            Job::Action(Action::GetAt { key, revision }) => Wish::Read(key, revision),
            Job::Action(action) => client.once(translate::operation(&action)),
            Job::Stamped(operation) => client.once(operation),
        };
        let (target, patience) = (client.target, client.patience);
        let delay = self.client_delay();
        let request = Request { client: id, attempt, wish, sent: self.time };
        if self.chance(self.net.twice) {
            let again = delay + self.span((0, patience));
            self.counts.add("client request delivered twice");
            self.after(again, SimEvent::Request(target, request.clone()));
        }
        if !self.lost("client request lost") {
            self.after(delay, SimEvent::Request(target, request));
        }
        self.after(patience, SimEvent::TryTimeout(id, attempt));
    }

    fn deadline_over(&self, id: u64) -> bool {
        let client = &self.clients[id as usize];
        client.ongoing.as_ref().is_some_and(|ongoing| self.time >= ongoing.begin + client.deadline)
    }

    fn client_delay(&mut self) -> u64 {
        let delay = self.net.delay;
        self.span(delay)
    }

    /// A request arrives at a host.
    pub(crate) fn request_arrives(&mut self, host: HostId, request: Request) {
        if self.net.blocked(CLIENTS + request.client as usize, host) || !self.hosts[host].powered {
            return;
        }
        match self.hosts[host].process.as_ref().map(|process| process.run) {
            Some(run) => self.input(host, run, Input::Request(request)),
            None => self.tell(host, request.client, request.attempt, Told::Refused),
        }
    }

    /// Sends an answer on its way to a client.
    pub(crate) fn tell(&mut self, host: HostId, client: u64, attempt: u64, told: Told) {
        if self.net.blocked(host, CLIENTS + client as usize) || self.lost("client answer lost") {
            return;
        }
        let delay = self.client_delay();
        self.after(delay, SimEvent::Told(client, attempt, told));
    }

    pub(crate) fn try_timed_out(&mut self, id: u64, attempt: u64) {
        let current = self.clients[id as usize].ongoing.as_ref();
        if current.is_some_and(|ongoing| ongoing.attempt == attempt) {
            self.elsewhere(id, None);
        }
    }

    /// A client hears of its try.
    pub(crate) fn told(&mut self, id: u64, attempt: u64, told: Told) {
        let client = &mut self.clients[id as usize];
        let Some(ongoing) = client.ongoing.as_mut() else { return };
        if ongoing.attempt != attempt {
            return;
        }
        match told {
            Told::Executed(response) if ongoing.opening => self.session_opened(id, &response),
            Told::Executed(response) if matches!(ongoing.job, Job::Operate(_) | Job::Settle(_)) => {
                self.end(id, Outcome::Failed, Some(&response));
            }
            Told::Executed(response) => self.executed(id, &response),
            Told::Read(found, revision) => {
                if matches!(ongoing.job, Job::Action(Action::GetAt { .. })) {
                    self.counts.add(match found {
                        Ok(_) => "old revision read",
                        Err(_) => "old revision not kept",
                    });
                }
                self.finish(id, Outcome::Ok(translate::read(&found, revision)));
            }
            Told::HandedOver => {
                self.narrate(|| format!("client {id}: handed over"));
                self.finish(id, Outcome::Failed);
            }
            Told::Rejected(Rejection::NoHandOver(why)) => {
                self.counts.add("handover given up");
                self.narrate(|| format!("client {id}: no handover: {why}"));
                self.finish(id, Outcome::Failed);
            }
            Told::Rejected(Rejection::NotPrimary { primary, .. }) => {
                let hint = primary.and_then(|address| self.host_named(&address));
                self.elsewhere(id, hint);
            }
            Told::Rejected(_) => {
                let target = client.target;
                self.elsewhere(id, Some(target));
            }
            Told::Refused | Told::Lost => self.elsewhere(id, None),
        }
    }

    fn session_opened(&mut self, id: u64, response: &Response) {
        let client = &mut self.clients[id as usize];
        if let Some(machine::Outcome::SessionOpened(opened)) = &response.result {
            client.session = Some(opened.session);
            client.sequence = 0;
        }
        self.try_again(id);
    }

    fn executed(&mut self, id: u64, response: &Response) {
        let ongoing = self.clients[id as usize].ongoing.as_ref();
        let answer = match ongoing.map(|ongoing| &ongoing.job) {
            Some(Job::Stamped(_)) => match response.failure() {
                None => return self.end(id, Outcome::Failed, Some(response)),
                Some(failure) => Err(failure.code()),
            },
            _ => translate::answer(response),
        };
        match answer {
            Ok(answer) => self.finish(id, Outcome::Ok(answer)),
            Err(code) => {
                if matches!(code, FailureCode::SessionExpired | FailureCode::SessionUnknown) {
                    self.counts.add("session expired");
                    self.clients[id as usize].session = None;
                }
                self.end(id, Outcome::Unknown, Some(response));
            }
        }
    }

    /// Tries again after a pause, at the host that was named or at the next one.
    fn elsewhere(&mut self, id: u64, hint: Option<HostId>) {
        let hosts = self.hosts.len();
        let pause = self.span((5 * MILLISECOND, 50 * MILLISECOND));
        let client = &mut self.clients[id as usize];
        client.target = client.pinned.or(hint).unwrap_or((client.target + 1) % hosts);
        if let Some(ongoing) = client.ongoing.as_mut() {
            ongoing.attempt = 0;
        }
        self.after(pause, SimEvent::ClientTurn(id));
    }

    /// The world ends: what is still under way may have been executed.
    pub(crate) fn give_up_all(&mut self) {
        for id in 0..self.clients.len() as u64 {
            self.finish(id, Outcome::Unknown);
        }
    }

    fn finish(&mut self, id: u64, outcome: Outcome) {
        self.end(id, outcome, None);
    }

    fn end(&mut self, id: u64, outcome: Outcome, response: Option<&Response>) {
        let time = self.time;
        let client = &mut self.clients[id as usize];
        let Some(ongoing) = client.ongoing.take() else { return };
        let think = client.workload.as_ref().map_or(0, |workload| workload.think);
        let (job, begin) = (&ongoing.job, ongoing.begin);
        let ended = Ended { client: id, job, begin, outcome: &outcome, response };
        let pause = self.check_ended(&ended);
        if let Job::Action(action) = ongoing.job {
            let operation = Operation {
                client: id,
                id: ongoing.id,
                action,
                begin: ongoing.begin,
                end: time,
                outcome,
            };
            self.narrate(|| story::line(&operation));
            self.counts.add(match operation.outcome {
                Outcome::Ok(_) => "operations answered",
                Outcome::Failed => "operations failed",
                Outcome::Unknown => "operations unknown",
            });
            self.history.push(operation);
        }
        let pause = pause.unwrap_or_else(|| self.span((0, think)));
        self.after(pause, SimEvent::ClientTurn(id));
    }
}
