//! How many requests may wait at once: each takes places, which stand for memory in the loop.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ask::Want;
use super::refusal::Refusal;

/// Bytes of a request that one place stands for.
const PLACE: usize = 16 << 10;
/// Places kept for operators, so that a crowd of clients does not keep them out.
pub(crate) const OPERATORS: usize = 64;

/// The places, and who may have them.
#[derive(Clone)]
pub(crate) struct Places {
    all: Arc<Semaphore>,
    /// Those of `all` that streams may have: they wait for places in turn, and single calls, which
    /// do not, would find none.
    streamed: Arc<Semaphore>,
    operators: Arc<Semaphore>,
    count: u32,
}

/// What one request has taken, until this is dropped.
pub(crate) struct Place {
    _taken: OwnedSemaphorePermit,
    _streamed: Option<OwnedSemaphorePermit>,
}

impl Places {
    /// So many, half of them for streams, and [`OPERATORS`] besides.
    pub fn new(count: usize) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Places {
            all: places(count),
            streamed: places(count.div_ceil(2)),
            operators: places(OPERATORS),
            count: u32::try_from(count).unwrap_or(u32::MAX),
        }
    }

    /// Places for a request, if there are any.
    pub fn take(&self, want: &Want) -> Result<Place, Refusal> {
        let places = match want {
            Want::Status | Want::HandOver(_) => &self.operators,
            _ => &self.all,
        };
        let taken = places.clone().try_acquire_many_owned(weight(want).min(self.count));
        let taken = taken.map_err(|_| Refusal::overloaded())?;
        Ok(Place { _taken: taken, _streamed: None })
    }

    /// Places for a stream's request, in turn. They are given back by the loop, which waits for
    /// nobody.
    pub async fn wait_for(&self, want: &Want) -> Result<Place, Refusal> {
        let weight = weight(want).min(self.count.div_ceil(2));
        let acquire = |places: &Arc<Semaphore>| places.clone().acquire_many_owned(weight);
        let closed = |_| Refusal::overloaded();
        let streamed = acquire(&self.streamed).await.map_err(closed)?;
        let taken = acquire(&self.all).await.map_err(closed)?;
        Ok(Place { _taken: taken, _streamed: Some(streamed) })
    }
}

/// How many places a request takes: large ones take more, so that memory is bounded, too.
fn weight(want: &Want) -> u32 {
    let bytes = match want {
        Want::Command { payload, .. } => payload.len(),
        _ => 0,
    };
    u32::try_from(1 + bytes / PLACE).unwrap_or(u32::MAX)
}
