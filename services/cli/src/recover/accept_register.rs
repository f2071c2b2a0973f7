//! Rule 12: another register object stops every replica until it is accepted by order.

use clap::Args;

use super::consent::Consent;
use super::copy::DataDirectory;
use super::register::RegisterAddress;
use crate::failure::Failure;
use crate::print;

/// Lets a copy follow the register that `only-member` has made on another copy.
#[derive(Debug, Args)]
#[command(override_usage = "understudy recover accept-register [OPTIONS]
           --data <DIR> --register <URI>")]
pub struct AcceptRegister {
    #[command(flatten)]
    directory: DataDirectory,
    #[command(flatten)]
    register: RegisterAddress,
    #[command(flatten)]
    consent: Consent,
}

impl AcceptRegister {
    pub async fn run(self) -> Result<(), Failure> {
        let copy = self.directory.open(false)?;
        let observed = self.register.read().await?;
        let Some(record) = &observed.record else {
            return Err(Failure::new(
                "the register is blank: `understudy recover only-member` on the best copy first",
            ));
        };
        if record.cluster != copy.cluster {
            return Err(Failure::new(format!(
                "the register is of cluster {} and the directory of {}: name the right ones",
                record.cluster, copy.cluster
            )));
        }
        if record.epoch < copy.epoch() {
            return Err(Failure::new(format!(
                "the register says epoch {} and this copy knows {}: use `only-member` on this copy, \
                 or `set-aside` to give it up",
                record.epoch,
                copy.epoch()
            )));
        }
        self.consent.ask(
            copy.cluster,
            &format!("lets this copy follow register {}, epoch {}", observed.uid, record.epoch),
            &["whatever this copy holds and the register's members do not".into()],
        )?;
        copy.save(|state| state.register = Some(observed.uid))?;
        let data = self.directory.data.display();
        print::line(format_args!("accepted: start the replica on {data}"));
        Ok(())
    }
}
