//! A replica that loses its disk, where that must not matter.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use understudy_arbiter::{Arbiter as _, DirectoryRegister, Options};
use understudy_wal::{RealDisk, verify};

use super::{DOWN, FaultInjector, Result};
use crate::torture::fault::Whom;

/// How long the kernel may take to end a killed process.
const GONE: Duration = Duration::from_secs(5);

impl FaultInjector {
    /// Kills a replica's process and removes its data directory, if the register names the other
    /// replica's copy. It is read when the process is dead, so nothing can be acknowledged
    /// any more that this copy does not have; before, a primary might just be dropping it.
    pub(super) async fn wipe(&self, whom: Whom) -> Result {
        let Ok(_turn) = self.downing.try_lock() else { return Err(DOWN.into()) };
        let Some(&number) = self.numbers(whom).first() else { return Err("nobody".into()) };
        self.pair.hold(number, true);
        let wiped = self.wipe_held(number).await;
        self.pair.hold(number, false);
        wiped
    }

    async fn wipe_held(&self, number: usize) -> Result {
        let replica = &self.pair.plan.replicas[number];
        self.pair.signal(number, Signal::KILL).map_err(|gone| gone.to_string())?;
        let mut process = self.pair.watch(number);
        let gone = async { process.wait_for(Option::is_none).await.is_ok() };
        if !tokio::time::timeout(GONE, gone).await.unwrap_or(false) {
            return Err(format!("the process of {} did not end", replica.name));
        }
        self.other_has_everything(1 - number)
            .await
            .map_err(|why| format!("{} killed, and not wiped: {why}", replica.name))?;
        fs::remove_dir_all(&replica.data)
            .map_err(|error| format!("cannot remove {}: {error}", replica.data.display()))?;
        Ok(replica.name.to_owned())
    }

    /// Whether the register names the copy that this replica's directory holds.
    async fn other_has_everything(&self, other: usize) -> std::result::Result<(), String> {
        let other = &self.pair.plan.replicas[other];
        let register = DirectoryRegister::at(&self.pair.plan.register, Options::default());
        let observed = register.read().await.map_err(|error| error.to_string())?;
        let report = verify(&RealDisk::new(&other.data)).map_err(|error| error.to_string())?;
        let members = observed.record.map(|record| record.members).unwrap_or_default();
        match report.incarnation {
            Some(copy) if members.iter().any(|member| member.incarnation == copy) => Ok(()),
            _ => Err(format!("{} is no member", other.name)),
        }
    }
}
