//! What the API server tells by itself of one object: for information, nothing is decided by it.

use std::pin::Pin;
use std::time::Duration;

use kube::core::WatchEvent;
use serde_json::Value;
use tokio::time::timeout;
use tokio_stream::{Stream, StreamExt as _};

use super::refusal::with_causes;

/// How long one watch lasts before the API server ends it and another is opened.
pub(super) const SPAN: Duration = Duration::from_secs(240);
/// A watch that has not ended by itself by then hangs.
const HANGS: Duration = Duration::from_secs(250);

/// What has become of the object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// It is this now.
    Now(Box<Value>),
    /// It is deleted.
    Gone,
}

type Events = dyn Stream<Item = kube::Result<WatchEvent<Value>>> + Send;

/// An open watch. Its first change is the object as it was found, if there is one.
pub struct Watch {
    events: Pin<Box<Events>>,
}

impl Watch {
    pub(super) fn new(
        events: impl Stream<Item = kube::Result<WatchEvent<Value>>> + Send + 'static,
    ) -> Self {
        Watch { events: Box::pin(events) }
    }

    /// The next change; dropping the future loses none.
    ///
    /// # Errors
    /// Why the watch has ended; an empty text if in order. Open another one.
    pub async fn next(&mut self) -> Result<Change, String> {
        loop {
            let event = timeout(HANGS, self.events.next()).await;
            return match event.map_err(|_| "it hangs".to_string())? {
                Some(Ok(WatchEvent::Added(object) | WatchEvent::Modified(object))) => {
                    Ok(Change::Now(Box::new(object)))
                }
                Some(Ok(WatchEvent::Deleted(_))) => Ok(Change::Gone),
                Some(Ok(WatchEvent::Bookmark(_))) => continue,
                Some(Ok(WatchEvent::Error(status))) => Err(status.message),
                Some(Err(error)) => Err(with_causes(&error)),
                None => Err(String::new()),
            };
        }
    }
}
