//! Rule 11: a copied or restored data directory needs a written order.

use clap::Args;
use understudy_arbiter::RegisterUri;
use understudy_protocol::{ClusterId, Incarnation};

use super::consent::Consent;
use super::copy::DataDirectory;
use super::register::RegisterAddress;
use super::running::Running;
use crate::failure::Failure;
use crate::print;

/// Lets a copied or restored data directory stand for its original.
///
/// It keeps the original's identity, so the original must be gone for good. Where the register's
/// floor lies after its end, it still cannot become primary: `only-member` orders that.
#[derive(Debug, Args)]
pub struct AcceptCopy {
    #[command(flatten)]
    directory: DataDirectory,
    /// The register, whose members are asked whether the original runs: `dir:PATH` or `lease:NAMESPACE/NAME`.
    #[arg(long, env = "UNDERSTUDY_REGISTER", value_name = "URI")]
    register: Option<RegisterUri>,
    #[command(flatten)]
    consent: Consent,
}

impl AcceptCopy {
    pub async fn run(self) -> Result<(), Failure> {
        // Looked at without a change first: consent must come before anything is written.
        let disk = understudy_wal::RealDisk::new(&self.directory.data);
        let report = understudy_wal::verify(&disk).map_err(Failure::new)?;
        let Some(cluster) = report.cluster else {
            return Err(Failure::new("the directory is blank: there is nothing to accept"));
        };
        let mut losses = vec![
            "whatever the original wrote after the copy was made, unless another replica has it"
                .to_owned(),
            "every guarantee, if the original is ever started again: two replicas would count as one"
                .to_owned(),
        ];
        if let Some(why) = self.ask_for_the_original(cluster, report.incarnation).await? {
            losses.push(format!("nobody was asked whether it runs: {why}"));
        }
        let does = format!("lets {} stand for its original", self.directory.data.display());
        self.consent.ask(cluster, &does, &losses)?;
        self.directory.open(true)?.close()?;
        let data = self.directory.data.display();
        print::line(format_args!("accepted: start the replica on {data}"));
        Ok(())
    }

    /// Refuses while the original answers. Gives why nobody could be asked.
    async fn ask_for_the_original(
        &self,
        cluster: ClusterId,
        incarnation: Option<Incarnation>,
    ) -> Result<Option<String>, Failure> {
        let Some(register) = self.register.clone() else {
            return Ok(Some("no --register is given".into()));
        };
        let record = match RegisterAddress::from(register).record().await {
            Ok(record) => record,
            Err(why) => return Ok(Some(why)),
        };
        let running = Running::find(cluster, &record.members, &[]).await;
        let original = running.iter().find(|replica| incarnation.is_some_and(|i| replica.is(i)));
        match original {
            Some(original) => Err(Failure::new(format!(
                "the original runs: {original}; nothing was done. Order `understudy recover set-aside`, \
                 so that this replica joins it as another copy, or stop the original for good"
            ))),
            None => Ok(None),
        }
    }
}
