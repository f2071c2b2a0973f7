//! One watcher, as the hub knows it.

use std::sync::Arc;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use understudy_machine::{Changes, KeyRange, Reader, Watch};

use super::Hub;
use crate::clients::Admitted;
use crate::refusal::Refusal;

/// A place among those who watch a range.
pub(crate) struct Subscription {
    hub: Arc<Hub>,
    range: KeyRange,
    /// `None` when it is being given back.
    touched: Option<Receiver<i64>>,
}

/// What a watcher is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// This revision touched the range.
    Touched(i64),
    /// More revisions touched it than are remembered for those who do not listen.
    TooMany,
    /// This replica is primary no more.
    Closed,
}

impl Subscription {
    pub(super) fn new(hub: Arc<Hub>, range: KeyRange, touched: Receiver<i64>) -> Self {
        Subscription { hub, range, touched: Some(touched) }
    }

    /// The newest changes: all of them that touch the range have been told.
    pub fn changes(&self) -> Changes {
        self.hub.changes()
    }

    /// The range that is watched.
    pub fn range(&self) -> &KeyRange {
        &self.range
    }

    /// Takes a watch over what history has forgotten, if that changed nothing of its range: a search, outside
    /// the loop and the streams that are told, few at once.
    pub async fn pass_over(
        &self,
        call: &Admitted,
        mut watch: Watch,
        reader: Box<Reader>,
    ) -> Result<Watch, Refusal> {
        let floor = reader.changes().floor();
        if watch.position() >= floor {
            return Ok(watch);
        }
        let search = move || watch.pass_over(&reader).map(|()| watch);
        call.at_length(search).await?.map_err(|_| Refusal::compacted(floor + 1))
    }

    /// What has been told already, if anything.
    pub fn try_told(&mut self) -> Option<Told> {
        match self.touched.as_mut()?.try_recv() {
            Ok(revision) => Some(Told::Touched(revision)),
            Err(TryRecvError::Lagged(_)) => Some(Told::TooMany),
            Err(TryRecvError::Closed) => Some(Told::Closed),
            Err(TryRecvError::Empty) => None,
        }
    }

    /// Waits to be told something.
    pub async fn told(&mut self) -> Told {
        let Some(touched) = self.touched.as_mut() else { return Told::Closed };
        match touched.recv().await {
            Ok(revision) => Told::Touched(revision),
            Err(RecvError::Lagged(_)) => Told::TooMany,
            Err(RecvError::Closed) => Told::Closed,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.touched = None;
        self.hub.leave(&self.range);
    }
}
