//! Watching changes, over any number of failovers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};
use understudy_proto::kv::v1::watch_request::From;
use understudy_proto::kv::v1::watch_service_client::WatchServiceClient;
use understudy_proto::kv::v1::{Event, ResponseHeader, WatchRequest, WatchResponse};

use crate::Error;
use crate::call::Call;
use crate::failure::{Failure, Meaning};
use crate::transport::Transport;
use crate::transport::retry::Delivery;

/// How often the primary gives a sign of life, if the request does not say.
const PROGRESS: Duration = Duration::from_secs(2);

/// A watch: gives every change of what it watches once, in order, from wherever the primary is.
#[derive(Debug)]
pub struct Watch {
    transport: Arc<Transport>,
    /// What to ask for next time: after the last complete revision.
    request: WatchRequest,
    deadline: Duration,
    /// The stream, and the address of the replica that it comes from; none while there is none.
    stream: Option<(Arc<str>, Streaming<WatchResponse>)>,
    /// Changes of a revision that is not complete.
    part: Vec<Event>,
    revision: i64,
}

/// Changes of some revisions, all of each.
#[derive(Clone, PartialEq, Debug)]
pub struct Changes {
    /// By revision, within a revision by key.
    pub events: Vec<Event>,
    /// Everything up to and including this revision has been told.
    pub revision: i64,
}

/// A stream that has begun, and its first message.
pub(crate) struct Opened {
    first: WatchResponse,
    stream: Streaming<WatchResponse>,
}

impl Call for WatchRequest {
    type Response = Opened;
    const NAME: &'static str = "watch";

    async fn send(channel: Channel, request: Request<Self>) -> Result<Opened, Status> {
        let mut client = WatchServiceClient::new(channel).max_decoding_message_size(usize::MAX);
        let mut stream = client.watch(request).await?.into_inner();
        match stream.message().await? {
            Some(first) => Ok(Opened { first, stream }),
            None => Err(Status::unknown("the watch ended before it began")),
        }
    }

    fn header(opened: &Opened) -> Option<&ResponseHeader> {
        opened.first.header.as_ref()
    }
}

impl Watch {
    pub(crate) fn new(
        transport: &Arc<Transport>,
        mut request: WatchRequest,
        deadline: Duration,
    ) -> Self {
        if request.progress_interval_ms == 0 {
            request.progress_interval_ms = PROGRESS.as_millis() as i64;
        }
        Watch {
            transport: transport.clone(),
            request,
            deadline,
            stream: None,
            part: Vec::new(),
            revision: 0,
        }
    }

    /// Everything up to and including this revision has been told; 0 before the watch has begun.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Begins, so that nothing from here on is missed. [`Watch::next`] does so, too.
    ///
    /// # Errors
    /// As [`Watch::next`].
    pub async fn begin(&mut self) -> Result<(), Error> {
        if self.stream.is_some() {
            return Ok(());
        }
        let until = Instant::now() + self.deadline;
        let opened = self.transport.call(&self.request, until, Delivery::AtLeastOnce).await;
        let Opened { first, stream } = opened.map_err(|end| end.of_read(WatchRequest::NAME))?;
        self.stream = Some((self.transport.finder().target(), stream));
        self.part.clear();
        self.take(first);
        Ok(())
    }

    /// Waits for the next changes. It may be dropped while it waits: nothing is lost, and the next call
    /// goes on.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if no primary was found within the client's deadline: call again to go on.
    /// [`Error::Rejected`]: among others `COMPACTED` if changes that it has not seen are forgotten, `LINEAGE_LOST` if
    /// changes that it has seen were cut off: list, and watch again.
    pub async fn next(&mut self) -> Result<Changes, Error> {
        loop {
            self.begin().await?;
            let Some(response) = self.message().await? else {
                self.stream = None;
                continue;
            };
            if let Some(changes) = self.take(response) {
                return Ok(changes);
            }
        }
    }

    /// The next message; `None` if the stream is over or silent, or another replica is the primary.
    async fn message(&mut self) -> Result<Option<WatchResponse>, Error> {
        let Some((address, stream)) = &mut self.stream else { return Ok(None) };
        let interval = Duration::from_millis(self.request.progress_interval_ms.unsigned_abs());
        let silence = interval.saturating_mul(2) + self.transport.options().attempt_timeout;
        let answer = tokio::select! {
            answer = timeout(silence, stream.message()) => answer,
            () = self.transport.finder().elsewhere(address) => return Ok(None),
        };
        let failure = match answer {
            Ok(Ok(message)) => return Ok(message),
            Ok(Err(status)) => Failure::from_status(&status),
            Err(_) => Failure::TimedOut(silence),
        };
        tracing::debug!(address = &**address, %failure, "watch interrupted");
        match (failure.meaning(), failure) {
            (Meaning::NotDone, _) => Ok(None),
            (Meaning::InDoubt, failure) => {
                let silent = failure.is_silence();
                self.transport.finder().failed(address, silent, Instant::now());
                Ok(None)
            }
            (_, Failure::Answered(rejection)) => {
                self.stream = None;
                Err(Error::Rejected(Box::new(rejection)))
            }
            _ => Ok(None),
        }
    }

    /// Adds a message; gives what is complete.
    fn take(&mut self, response: WatchResponse) -> Option<Changes> {
        let WatchResponse { events, revision, more, cursor, .. } = response;
        self.part.extend(events);
        if more {
            return None;
        }
        self.request.from = Some(From::Cursor(cursor));
        self.revision = revision;
        let events = std::mem::take(&mut self.part);
        (!events.is_empty()).then_some(Changes { events, revision })
    }
}
