//! Gives a copy up without erasing it.

use clap::Args;

use super::consent::Consent;
use super::copy::DataDirectory;
use crate::failure::Failure;
use crate::print;

/// Sets a data directory aside, so that the replica comes back blank and joins anew.
///
/// Nothing is erased. If no other replica is named in the register, this leaves the cluster without
/// data: look at `understudy status` first.
#[derive(Debug, Args)]
pub struct SetAside {
    #[command(flatten)]
    directory: DataDirectory,
    #[command(flatten)]
    consent: Consent,
}

impl SetAside {
    pub fn run(self) -> Result<(), Failure> {
        let copy = self.directory.open(false);
        // A damaged or copied directory cannot be opened, and is the one to be set aside: what it
        // says of itself must do.
        let cluster = match copy {
            Ok(copy) => {
                let cluster = copy.cluster;
                copy.close()?;
                cluster
            }
            Err(why) => self.cluster_of_unopened(why)?,
        };
        let data = &self.directory.data;
        self.consent.ask(
            cluster,
            &format!("renames {}, so that its replica begins blank", data.display()),
            &["one copy of the data, until the replica has joined anew; if it is the only copy, all \
               of it"
                .into()],
        )?;
        let data = data.canonicalize().map_err(Failure::new)?;
        let (Some(parent), Some(name)) = (data.parent(), data.file_name().and_then(|n| n.to_str()))
        else {
            return Err(Failure::new("the root of a file system cannot be set aside"));
        };
        let aside = understudy_wal::set_aside(parent, name).map_err(Failure::new)?;
        print::line(format_args!("set aside as {}: start the replica", aside.display()));
        Ok(())
    }

    fn cluster_of_unopened(&self, why: Failure) -> Result<understudy_protocol::ClusterId, Failure> {
        let disk = understudy_wal::RealDisk::new(&self.directory.data);
        let report = understudy_wal::verify(&disk).map_err(|_| why)?;
        report.cluster.ok_or_else(|| {
            Failure::new(format!(
                "{} does not say which cluster it is of: rename it yourself",
                self.directory.data.display()
            ))
        })
    }
}
