//! The task of a pipeline: carries its operations to the primary, and their results back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{sleep, sleep_until};
use understudy_proto::kv::v1::ExecuteResponse;

use super::in_flight::{InFlight, Interrupted};
use super::pending_op::PendingOp;
use super::stream::{ExecuteStream, OpenStream};
use crate::back_off::BackOff;
use crate::failure::{Failure, Meaning};
use crate::outcome::End;
use crate::transport::Transport;
use crate::transport::retry::Delivery;

/// The task of a pipeline.
pub(crate) struct PipelineTask {
    transport: Arc<Transport>,
    queue: mpsc::UnboundedReceiver<PendingOp>,
    /// Whether more may come.
    open: bool,
    in_flight: InFlight,
    back_off: BackOff,
    timeouts: u32,
    last: Option<String>,
}

impl PipelineTask {
    pub fn new(transport: &Arc<Transport>, queue: mpsc::UnboundedReceiver<PendingOp>) -> Self {
        Self {
            transport: transport.clone(),
            queue,
            open: true,
            in_flight: InFlight::default(),
            back_off: BackOff::new(transport.options()),
            timeouts: 0,
            last: None,
        }
    }

    /// Runs until everything that was sent has its result and nothing more can come.
    pub async fn run(mut self) {
        loop {
            if self.in_flight.first().is_none() {
                match self.queue.recv().await {
                    Some(op) => self.in_flight.push(op),
                    None => return,
                }
            }
            let Some(first) = self.in_flight.first() else { continue };
            match self.transport.call(&OpenStream, first.until, Delivery::AtLeastOnce).await {
                Ok(stream) => self.use_stream(stream).await,
                Err(outcome) => {
                    // To have asked for a stream leaves no doubt.
                    if let Some(first) = self.in_flight.pop() {
                        first.end(match outcome.end {
                            End::TimeUp(None) => End::TimeUp(self.last.clone()),
                            end => end,
                        });
                    }
                }
            }
        }
    }

    /// Uses one stream to its end.
    async fn use_stream(&mut self, stream: ExecuteStream) {
        let address = self.transport.finder().target();
        self.in_flight.begin_stream();
        let Err(interrupted) = self.exchange(stream, &address).await else { return };
        let unsettled = matches!(interrupted, Interrupted::Unsettled(_));
        let failure = match interrupted {
            Interrupted::By(failure) => failure,
            Interrupted::Unsettled(rejection) => Failure::Answered(rejection),
        };
        tracing::debug!(address = &*address, %failure, "pipeline interrupted");
        self.last = Some(format!("{address}: {failure}"));
        let now = Instant::now();
        self.back_off.begin(now);
        let pause = self.transport.learn(&address, &failure);
        match (failure.meaning(), failure) {
            _ if unsettled => self.in_flight.resend_first_alone(),
            // Said of the first without a result, it holds for those after it, too.
            (Meaning::NotDone, _) => {}
            (Meaning::InDoubt, failure) => {
                self.timeouts += u32::from(failure.is_silence());
                self.in_flight.mark_in_doubt();
            }
            (_, Failure::Answered(rejection)) => {
                if let Some(first) = self.in_flight.pop() {
                    first.refused(rejection);
                }
            }
            _ => {}
        }
        sleep(pause.unwrap_or_else(|| self.back_off.pause(now, fastrand::f64()))).await;
    }

    /// Sends and receives. `Ok`: another stream should be asked for.
    async fn exchange(
        &mut self,
        stream: ExecuteStream,
        address: &Arc<str>,
    ) -> Result<(), Interrupted> {
        let ExecuteStream { operations, mut results } = stream;
        let transport = self.transport.clone();
        let mut heard = Instant::now();
        loop {
            while let Ok(op) = self.queue.try_recv() {
                self.in_flight.push(op);
            }
            let Some(first) = self.in_flight.first() else {
                if !self.open {
                    return Ok(());
                }
                tokio::select! {
                    op = self.queue.recv() => match op {
                        Some(op) => self.in_flight.push(op),
                        None => self.open = false,
                    },
                    // Nothing is left to answer: however it ends, the next one is asked for later.
                    _ = results.message() => return Ok(()),
                }
                heard = Instant::now();
                continue;
            };
            let silence = self.silence();
            let due = first.until.min(heard + silence);
            let next = self.in_flight.next();
            tokio::select! {
                op = self.queue.recv(), if self.open => match op {
                    Some(op) => self.in_flight.push(op),
                    None => self.open = false,
                },
                permit = operations.reserve(), if next > 0 && !operations.is_closed() => {
                    let Ok(permit) = permit else { continue };
                    if self.in_flight.nothing_sent() {
                        heard = Instant::now();
                    }
                    permit.send(self.in_flight.message(next));
                },
                message = results.message() => {
                    let message = message.map_err(|s| Interrupted::By(Failure::from_status(&s)))?;
                    let Some(message) = message else {
                        return Err(Interrupted::broken("the stream ended"));
                    };
                    heard = Instant::now();
                    self.take(message, address)?;
                }
                () = transport.superseded(address) => return silent(heard),
                () = sleep_until(due.into()) => return silent(heard),
            }
        }
    }

    /// How long the primary may be silent: longer after every second time-out.
    fn silence(&self) -> Duration {
        let longer = self.timeouts.saturating_sub(1).min(16);
        self.transport.options().attempt_timeout.saturating_mul(1 << longer)
    }

    fn take(&mut self, response: ExecuteResponse, address: &Arc<str>) -> Result<(), Interrupted> {
        let header = response.header.unwrap_or_default();
        self.transport.answered(address, &header).map_err(Interrupted::By)?;
        (self.back_off, self.timeouts) = (BackOff::new(self.transport.options()), 0);
        for result in response.results {
            self.in_flight.take_result(&header, result)?;
        }
        Ok(())
    }
}

fn silent(since: Instant) -> Result<(), Interrupted> {
    Err(Interrupted::By(Failure::TimedOut(since.elapsed())))
}
