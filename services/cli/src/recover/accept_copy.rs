//! Rule 11: a copied or restored data directory needs a written order.

use clap::Args;

use super::consent::Consent;
use super::copy::DataDirectory;
use crate::failure::Failure;
use crate::print;

/// Lets a copied or restored data directory stand for its original.
///
/// It keeps the original's identity, so the original must be gone for good. Where the register's
/// floor lies behind its end, it still cannot become primary: `only-member` orders that.
#[derive(Debug, Args)]
pub struct AcceptCopy {
    #[command(flatten)]
    directory: DataDirectory,
    #[command(flatten)]
    consent: Consent,
}

impl AcceptCopy {
    pub fn run(self) -> Result<(), Failure> {
        // Looked at without a change first: consent must come before anything is written.
        let disk = understudy_wal::RealDisk::new(&self.directory.data);
        let report = understudy_wal::verify(&disk).map_err(Failure::new)?;
        let Some(cluster) = report.cluster else {
            return Err(Failure::new("the directory is blank: there is nothing to accept"));
        };
        self.consent.ask(
            cluster,
            &format!("lets {} stand for its original", self.directory.data.display()),
            &[
                "whatever the original wrote after the copy was made, unless another replica has it"
                    .into(),
                "every guarantee, if the original is ever started again: two replicas would count \
                 as one"
                    .into(),
            ],
        )?;
        self.directory.open(true)?.close()?;
        let data = self.directory.data.display();
        print::line(format_args!("accepted: start the replica on {data}"));
        Ok(())
    }
}
