//! The register that an order is about.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use understudy_arbiter::{Arbiter as _, DirectoryRegister, Options};
use understudy_protocol::{Observed, Record, RegisterFailure, RegisterUid, WriteAnswer};

use crate::failure::Failure;

/// Which register.
#[derive(Debug, Args)]
pub struct RegisterAddress {
    /// The register, as given to the replicas: `dir:PATH`.
    #[arg(long, value_name = "URI", value_parser = parse)]
    register: PathBuf,
}

fn parse(uri: &str) -> Result<PathBuf, String> {
    match uri.strip_prefix("dir:") {
        Some(path) if !path.is_empty() => Ok(path.into()),
        _ => Err("write it as dir:PATH".into()),
    }
}

impl RegisterAddress {
    /// What the register says.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(&self) -> Result<Observed, Failure> {
        self.try_read().await.map_err(|failure| Failure::new(describe(&failure)))
    }

    /// What the register says, or why that cannot be known.
    pub async fn try_read(&self) -> Result<Observed, RegisterFailure> {
        DirectoryRegister::at(&self.register, Options::default()).read().await
    }

    /// Writes over what was observed.
    ///
    /// # Errors
    /// When the register has changed meanwhile or does not answer.
    pub async fn write(&self, base: &Observed, record: &Record) -> Result<(), Failure> {
        let register = DirectoryRegister::at(&self.register, Options::default());
        match register.write(base, record).await {
            WriteAnswer::Written => Ok(()),
            WriteAnswer::Conflict => {
                Err(Failure::new("the register has just been written: stop all replicas first"))
            }
            WriteAnswer::NoAnswer(why) => {
                Err(Failure::new(format!("the register may or may not be written: {why}")))
            }
        }
    }

    /// Makes a new register that says `record`; what is in its place is moved
    /// beside it, to the path given back.
    ///
    /// # Errors
    /// When the old one cannot be moved or the new one not be made.
    pub fn replace(&self, record: &Record) -> Result<(RegisterUid, Option<PathBuf>), Failure> {
        let aside = self.register.exists().then(|| aside(&self.register));
        if let Some(aside) = &aside {
            std::fs::rename(&self.register, aside).map_err(|error| {
                Failure::new(format!(
                    "cannot move {} to {}: {error}; move its files away yourself",
                    self.register.display(),
                    aside.display()
                ))
            })?;
        }
        let uid = DirectoryRegister::restore(&self.register, record).map_err(Failure::new)?;
        Ok((uid, aside))
    }
}

fn aside(dir: &Path) -> PathBuf {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut name = dir.as_os_str().to_owned();
    name.push(format!(".set-aside-{}", now.as_millis()));
    name.into()
}

/// For people.
pub fn describe(failure: &RegisterFailure) -> String {
    match failure {
        RegisterFailure::Unreachable(why) => format!("the register is unreachable: {why}"),
        RegisterFailure::Missing(why) => format!("there is no register: {why}"),
        RegisterFailure::Damaged(why) => format!("the register is damaged: {why}"),
    }
}
