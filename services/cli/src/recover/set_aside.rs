//! Gives a copy up without erasing it.

use clap::Args;
use understudy_arbiter::RegisterUri;
use understudy_protocol::{ClusterId, Epoch, Incarnation, Index, Record};

use super::consent::Consent;
use super::copy::DataDirectory;
use super::register::RegisterAddress;
use super::running::Running;
use crate::failure::Failure;
use crate::print;

/// Sets a data directory aside, so that the replica comes back blank and joins anew.
///
/// Nothing is erased. Refused if this may be the only copy that counts: the register names it alone, knows
/// less than it, or cannot be asked.
#[derive(Debug, Args)]
pub struct SetAside {
    #[command(flatten)]
    directory: DataDirectory,
    /// The register, asked whether this is the only copy: `dir:PATH` or `lease:NAMESPACE/NAME`.
    #[arg(long, env = "UNDERSTUDY_REGISTER", value_name = "URI")]
    register: Option<RegisterUri>,
    /// Sets it aside although it may be the only copy: the cluster is left without its data.
    #[arg(long)]
    even_if_only_copy: bool,
    #[command(flatten)]
    consent: Consent,
}

/// What the directory says of itself, also if it is damaged or copied.
struct Given {
    cluster: ClusterId,
    incarnation: Option<Incarnation>,
    epoch: Epoch,
    last: Index,
}

impl SetAside {
    pub async fn run(self) -> Result<(), Failure> {
        let given = self.given()?;
        let alone = self.only_copy(&given).await;
        let mut losses = vec!["one copy of the data, until the replica has joined anew".to_owned()];
        match alone {
            Some(why) if !self.even_if_only_copy => {
                return Err(Failure::new(format!(
                    "{why}: with this copy all data up to its entry {} may be lost; nothing was done. \
                     Order `understudy recover only-member` on another copy first, or give \
                     --even-if-only-copy",
                    given.last
                )));
            }
            Some(why) => losses.push(format!("all data up to entry {}: {why}", given.last)),
            None => {}
        }
        let data = &self.directory.data;
        let does = format!("renames {}, so that its replica begins blank", data.display());
        self.consent.ask(given.cluster, &does, &losses)?;
        let data = data.canonicalize().map_err(Failure::new)?;
        let (Some(parent), Some(name)) = (data.parent(), data.file_name().and_then(|n| n.to_str()))
        else {
            return Err(Failure::new("the root of a file system cannot be set aside"));
        };
        let aside = understudy_wal::set_aside(parent, name).map_err(Failure::new)?;
        print::line(format_args!("set aside as {}: start the replica", aside.display()));
        Ok(())
    }

    /// A damaged or copied directory cannot be opened, and is the one to be set aside: what it says of
    /// itself must do.
    fn given(&self) -> Result<Given, Failure> {
        let why = match self.directory.open(false) {
            Ok(copy) => {
                let given = Given {
                    cluster: copy.cluster,
                    incarnation: Some(copy.incarnation),
                    epoch: copy.epoch(),
                    last: copy.last,
                };
                copy.close()?;
                return Ok(given);
            }
            Err(why) => why,
        };
        let disk = understudy_wal::RealDisk::new(&self.directory.data);
        let report = understudy_wal::verify(&disk).map_err(|_| why)?;
        let Some(cluster) = report.cluster else {
            return Err(Failure::new(format!(
                "{} does not say which cluster it is of: rename it yourself",
                self.directory.data.display()
            )));
        };
        let (incarnation, epoch) = (report.incarnation, report.state.epoch);
        Ok(Given { cluster, incarnation, epoch, last: report.last })
    }

    /// Why this may be the only copy that counts; `None` if it is not.
    async fn only_copy(&self, given: &Given) -> Option<String> {
        let Some(register) = self.register.clone() else {
            return Some(
                "no --register is given to be asked whether it is the only one".to_owned(),
            );
        };
        let record = match RegisterAddress::from(register).record().await {
            Ok(record) => record,
            Err(why) => return Some(why),
        };
        if record.cluster != given.cluster {
            let (known, own) = (record.cluster, given.cluster);
            return Some(format!("the register is of cluster {known} and the directory of {own}"));
        }
        if record.epoch < given.epoch {
            let (known, own) = (record.epoch, given.epoch);
            return Some(format!(
                "the register says epoch {known}, but this copy knows epoch {own}"
            ));
        }
        (names_alone(&record, given.incarnation) && !original_acts(&record).await)
            .then(|| "the register names this copy alone".to_owned())
    }
}

/// Whether no other copy holds all that was acknowledged. One that cannot say who it is may be the one.
fn names_alone(record: &Record, incarnation: Option<Incarnation>) -> bool {
    let others = |own| record.members.iter().any(|member| member.incarnation != own);
    match incarnation {
        Some(own) => !others(own),
        None => record.members.len() == 1,
    }
}

/// Whether what is to be set aside is a copy of a directory whose replica acts.
async fn original_acts(record: &Record) -> bool {
    let running = Running::find(record.cluster, &record.members, &[]).await;
    running.iter().any(|replica| replica.acts() && replica.is(record.primary))
}
