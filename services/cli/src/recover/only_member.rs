//! A register lost, replaced, blank or restored; or a register whose members are all gone.

use clap::Args;
use understudy_client::Endpoints;
use understudy_protocol::{Member, Nonce, Observed, Record, RegisterFailure};

use super::consent::Consent;
use super::copy::{Copy, DataDirectory};
use super::register::RegisterAddress;
use super::running::Running;
use crate::failure::Failure;
use crate::print;
use crate::register::Replaced;

/// Makes this copy the only member: whatever the register says now, or if there is none.
///
/// The other replicas join this one afterwards. If the register had to be made anew, their copies
/// need `accept-register` or `set-aside` first.
#[derive(Debug, Args)]
pub struct OnlyMember {
    #[command(flatten)]
    directory: DataDirectory,
    #[command(flatten)]
    register: RegisterAddress,
    /// The replica's name. Default: as in the register, else the directory's.
    #[arg(long, env = "UNDERSTUDY_NAME")]
    name: Option<String>,
    /// Where replicas may run, to be asked, too: a register that is lost names nobody.
    #[arg(long, env = "UNDERSTUDY_ENDPOINTS", value_name = "A,B")]
    endpoints: Option<Endpoints>,
    /// Lets this copy win although a replica that the register names still runs: what that one has
    /// acknowledged and this copy lacks is lost.
    #[arg(long)]
    even_if_others_run: bool,
    #[command(flatten)]
    consent: Consent,
}

impl OnlyMember {
    pub async fn run(self) -> Result<(), Failure> {
        let copy = self.directory.open(false)?;
        let found = self.register.open().await?.arbiter().read().await;
        if let Err(failure @ RegisterFailure::Unreachable(_)) = &found {
            return Err(Failure::new(format!(
                "{failure}; if it is gone for good, take its remains away and order again"
            )));
        }
        let found = found.map_err(|failure| failure.to_string());
        if let Ok(Observed { record: Some(record), .. }) = &found
            && record.cluster != copy.cluster
        {
            return Err(Failure::new(format!(
                "the register is of cluster {} and the directory of {}: name the right ones",
                record.cluster, copy.cluster
            )));
        }
        let record = self.record(&copy, &found)?;
        let known = found.as_ref().ok().and_then(|observed| observed.record.as_ref());
        let members = known.map_or(&[][..], |record| &record.members);
        let others = self.endpoints.as_ref().map_or(&[][..], Endpoints::addresses);
        let mut running = Running::find(copy.cluster, members, others).await;
        running.retain(Running::counts);
        self.may_win_over(&running)?;
        self.consent.ask(copy.cluster, &does(&record), &losses(&copy, &found, &running))?;
        let base = continued(&copy, &found, &record);
        if let Some(old) = self.carry_out(copy, base, &record).await? {
            print::line(old);
        }
        if base.is_none() {
            print::line("made a new register: the other copies must accept it or be set aside");
        }
        let data = self.directory.data.display();
        print::line(format_args!("epoch {}: start the replica on {data}", record.epoch));
        Ok(())
    }

    /// Refuses while somebody runs who would lose what it has acknowledged.
    fn may_win_over(&self, running: &[Running]) -> Result<(), Failure> {
        let acting = running.iter().find(|replica| replica.acts()).or(running.first());
        match acting {
            Some(replica) if !self.even_if_others_run => Err(Failure::new(format!(
                "{replica}: nothing was done; start this copy's replica, which joins it, or, if this \
                 copy must win, stop that one or give --even-if-others-run"
            ))),
            _ => Ok(()),
        }
    }

    /// Writes register and data directory, in this order: ordered again it goes on from there. Gives
    /// what is to be told of a register that was replaced.
    async fn carry_out(
        &self,
        copy: Copy,
        base: Option<&Observed>,
        record: &Record,
    ) -> Result<Option<String>, Failure> {
        let Some(base) = base else {
            let Replaced { uid, old } = self.register.replace(record, copy.state.register).await?;
            copy.save(|state| {
                (state.register, state.halted, state.replaying) = (Some(uid), None, false);
                state.ordered = record.epoch;
            })?;
            return Ok(old);
        };
        self.register.write(base, record).await?;
        copy.save(|state| {
            (state.halted, state.replaying, state.ordered) = (None, false, record.epoch);
        })?;
        Ok(None)
    }

    fn record(&self, copy: &Copy, found: &Result<Observed, String>) -> Result<Record, Failure> {
        let known = found.as_ref().ok().and_then(|observed| observed.record.as_ref());
        let named = known.and_then(|record| record.member(copy.incarnation));
        let directory = || self.directory.data.file_name()?.to_str().map(str::to_owned);
        let name = self.name.clone().or(named.map(|m| m.name.clone())).or_else(directory);
        let Some(name) = name else {
            return Err(Failure::new("the replica's name is not known: give --name"));
        };
        // The replica writes its own addresses when it becomes primary.
        let address = |of: fn(&Member) -> &String| named.map(of).cloned().unwrap_or_default();
        let member = Member {
            incarnation: copy.incarnation,
            name,
            peer_address: address(|m| &m.peer_address),
            client_address: address(|m| &m.client_address),
        };
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(Failure::new)?;
        Ok(Record {
            cluster: copy.cluster,
            epoch: copy.epoch().max(known.map_or(0, |record| record.epoch)) + 1,
            primary: copy.incarnation,
            members: vec![member],
            floor: copy.state.commit,
            nonce: Nonce(u128::from_be_bytes(nonce)),
        })
    }
}

/// The register to write on, if it is the one that this copy knows and its epochs go on.
fn continued<'a>(
    copy: &Copy,
    found: &'a Result<Observed, String>,
    record: &Record,
) -> Option<&'a Observed> {
    let observed = found.as_ref().ok()?;
    let goes_on = observed.record.as_ref().is_some_and(|now| now.epoch + 1 == record.epoch);
    (goes_on && copy.state.register == Some(observed.uid)).then_some(observed)
}

fn does(record: &Record) -> String {
    format!(
        "makes {} the only member of cluster {}, with epoch {}",
        record.members[0].name, record.cluster, record.epoch
    )
}

fn losses(copy: &Copy, found: &Result<Observed, String>, running: &[Running]) -> Vec<String> {
    let mut losses = vec![format!(
        "every acknowledged write after entry {} of this copy that another copy may hold",
        copy.last
    )];
    losses.extend(running.iter().map(|replica| format!("what only this one has: {replica}")));
    match found {
        Ok(Observed { record: Some(record), .. }) => {
            if record.floor > copy.last {
                losses.push(format!(
                    "at least entries {} to {}: the register knows that they were committed",
                    copy.last + 1,
                    record.floor
                ));
            }
            let others = record.members.iter().filter(|m| m.incarnation != copy.incarnation);
            for member in others {
                losses.push(format!("the membership of {}, which joins anew", member.name));
            }
        }
        Ok(Observed { record: None, .. }) => {
            losses.push("nobody knows more: the register is blank".into())
        }
        Err(why) => losses.push(format!("nobody knows more: {why}")),
    }
    losses
}
