//! A replica whose digest differed stays halted until ordered.

use clap::Args;

use super::consent::Consent;
use super::copy::DataDirectory;
use crate::failure::Failure;
use crate::print;

/// Lets a halted replica try again, from its own snapshot and log.
///
/// For when the cause is removed (a newer program, other memory). Otherwise `set-aside` is the way:
/// the copy that differs is kept, and the replica joins anew. Of two copies that contradict each other
/// one has to be chosen with `only-member`: cleared, they stop again when they meet.
#[derive(Debug, Args)]
pub struct ClearHalt {
    #[command(flatten)]
    directory: DataDirectory,
    #[command(flatten)]
    consent: Consent,
}

impl ClearHalt {
    pub fn run(self) -> Result<(), Failure> {
        let copy = self.directory.open(false)?;
        let Some(why) = copy.state.halted.clone() else {
            copy.close()?;
            return Err(Failure::new("this replica has not halted: nothing was done"));
        };
        self.consent.ask(
            copy.cluster,
            &format!("lets a replica try again that halted since {why}"),
            &["the certainty that this copy is what the other replicas have, until its digest has \
               been compared again"
                .into()],
        )?;
        copy.save(|state| (state.halted, state.replaying) = (None, false))?;
        let data = self.directory.data.display();
        print::line(format_args!("cleared: start the replica on {data}"));
        Ok(())
    }
}
