//! The Service follows the primary.
//!
//! It is written as soon as the register is won, not only when the opening entry is committed: until
//! kube-proxy on every node has heard of it, the opening is over, most often; and a client that comes
//! in between is told to wait rather than led to a pod that is gone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use understudy_arbiter::kubernetes::{ApiServer, Change, Changes, Place, Refusal};
use understudy_protocol::Epoch;

use super::pointer::{Pointer, Step};
use crate::driver::View;

/// The first pause after a try that failed; it doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Keeps the Service on this pod whenever this replica is primary, until the view's sender is gone.
pub async fn follow(
    api: Arc<ApiServer>,
    place: Place,
    pod: String,
    mut view: watch::Receiver<Arc<View>>,
) {
    while let Ok(won) = view.wait_for(|view| epoch_won(view).is_some()).await.map(|v| epoch_won(&v))
    {
        let Some(epoch) = won else { continue };
        let keeper = Keeper { api: &api, place: &place, to: Pointer { pod: pod.clone(), epoch } };
        tokio::select! {
            // A write that is under way is given up: it is in vain, or lands and is overwritten.
            over = view.wait_for(|view| epoch_won(view) != won) => {
                if over.is_err() {
                    return;
                }
            }
            never = keeper.keep() => match never {},
        }
    }
}

/// The epoch with which this replica became primary, while it is. That it rises further as backups
/// come and go is no reason to write the Service again.
fn epoch_won(view: &View) -> Option<Epoch> {
    view.status.role.acts().then_some(view.term)
}

enum Never {}

struct Keeper<'a> {
    api: &'a ApiServer,
    place: &'a Place,
    to: Pointer,
}

impl Keeper<'_> {
    /// Makes the Service lead here, and again whenever somebody has changed it.
    async fn keep(&self) -> Never {
        let mut changes = Changes::default();
        loop {
            self.insist().await;
            self.until_changed(&mut changes).await;
        }
    }

    /// Tries until the Service leads here, or a newer primary has written it.
    async fn insist(&self) {
        let mut pause = PAUSE;
        let mut told = String::new();
        loop {
            let why = match self.try_once().await {
                Ok(()) => return,
                // Somebody else's edit came in between: look again at once.
                Err(Refusal::Conflict(_)) if pause == PAUSE => {
                    pause *= 2;
                    continue;
                }
                Err(Refusal::NotFound(why)) => {
                    format!(
                        "{why}: clients that come through it find nobody until it is made again"
                    )
                }
                Err(other) => other.to_string(),
            };
            if why != told {
                tracing::warn!(pod = %self.to.pod, "the Service does not lead here yet: {why}");
                told = why;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn try_once(&self) -> Result<(), Refusal> {
        let mut service = self.api.get(self.place).await?;
        match self.to.step(&service) {
            Step::Leave => {}
            Step::Write => {
                self.to.write(&mut service);
                self.api.put(self.place, &service).await?;
                let Pointer { pod, epoch } = &self.to;
                tracing::info!(%pod, epoch, "{} leads here now", self.place);
            }
            Step::Stop(newer) => {
                let Pointer { pod, epoch } = &self.to;
                tracing::warn!(
                    %pod, epoch,
                    "{} was written for epoch {newer}, which is newer: it is left alone; if nobody has \
                     that epoch, somebody has edited its annotation: remove it",
                    self.place
                );
            }
        }
        Ok(())
    }

    /// Waits until the Service may be worth another look. What the watch shows decides nothing more.
    async fn until_changed(&self, changes: &mut Changes) {
        loop {
            match changes.next(self.api, self.place).await {
                Change::Gone => return,
                Change::Now(service) if self.to.step(&service) == Step::Write => return,
                Change::Now(_) => {}
            }
        }
    }
}
