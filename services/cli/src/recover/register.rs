//! The register that an order is about.

use clap::Args;
use understudy_arbiter::RegisterUri;
use understudy_protocol::{Observed, Record, RegisterUid, WriteAnswer};

use crate::failure::Failure;
use crate::register::{Opened, Replaced};

/// Which register.
#[derive(Debug, Args)]
pub struct RegisterAddress {
    /// The register, as given to the replicas: `dir:PATH` or `lease:NAMESPACE/NAME`.
    #[arg(long, env = "UNDERSTUDY_REGISTER", value_name = "URI")]
    register: RegisterUri,
}

impl From<RegisterUri> for RegisterAddress {
    fn from(register: RegisterUri) -> Self {
        RegisterAddress { register }
    }
}

impl RegisterAddress {
    /// What the register says.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(&self) -> Result<Observed, Failure> {
        self.open().await?.arbiter().read().await.map_err(Failure::new)
    }

    /// The record that it holds, or why there is none to go by.
    pub async fn record(&self) -> Result<Record, String> {
        let observed = self.read().await.map_err(|failure| failure.to_string())?;
        observed.record.ok_or_else(|| "the register is blank".to_owned())
    }

    /// The register, whether or not it can be reached.
    ///
    /// # Errors
    /// As for [`Opened::open`].
    pub async fn open(&self) -> Result<Opened, Failure> {
        Opened::open(&self.register).await
    }

    /// Writes over what was observed.
    ///
    /// # Errors
    /// When the register has changed meanwhile or does not answer.
    pub async fn write(&self, base: &Observed, record: &Record) -> Result<(), Failure> {
        match self.open().await?.arbiter().write(base, record).await {
            WriteAnswer::Written => Ok(()),
            WriteAnswer::Conflict => {
                Err(Failure::new("the register has just been written: stop all replicas first"))
            }
            WriteAnswer::NoAnswer(why) => {
                Err(Failure::new(format!("the register may or may not be written: {why}")))
            }
        }
    }

    /// Makes a new register that says `record`, in place of what is there.
    ///
    /// # Errors
    /// As for [`Opened::replace`].
    pub async fn replace(
        &self,
        record: &Record,
        known: Option<RegisterUid>,
    ) -> Result<Replaced, Failure> {
        self.open().await?.replace(record, known).await
    }
}
