//! What carries a pipeline's operations to the primary, and their results back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{sleep, sleep_until};
use understudy_proto::kv::v1::ExecuteResponse;

use crate::back_off::BackOff;
use crate::conclusion::End;
use crate::failure::{Failure, Meaning};
use crate::flight::{Flight, Interrupted};
use crate::opening::{Opened, Opening};
use crate::passenger::Passenger;
use crate::repeat::Repeat;
use crate::shared::Shared;

/// What carries a pipeline's operations.
pub(crate) struct Pipe {
    shared: Arc<Shared>,
    queue: mpsc::UnboundedReceiver<Passenger>,
    /// Whether more may come.
    open: bool,
    flight: Flight,
    back_off: BackOff,
    timeouts: u32,
    last: Option<String>,
}

impl Pipe {
    pub fn new(shared: &Arc<Shared>, queue: mpsc::UnboundedReceiver<Passenger>) -> Self {
        Self {
            shared: shared.clone(),
            queue,
            open: true,
            flight: Flight::default(),
            back_off: BackOff::new(&shared.options),
            timeouts: 0,
            last: None,
        }
    }

    /// Runs until everything that was sent has its result and nothing more can come.
    pub async fn run(mut self) {
        loop {
            if self.flight.first().is_none() {
                match self.queue.recv().await {
                    Some(passenger) => self.flight.push(passenger),
                    None => return,
                }
            }
            let Some(first) = self.flight.first() else { continue };
            match self.shared.repeat(&Opening, first.until, Repeat::Freely).await {
                Ok(stream) => self.travel(stream).await,
                Err(conclusion) => {
                    // To have asked for a stream leaves no doubt.
                    if let Some(first) = self.flight.pop() {
                        first.end(match conclusion.end {
                            End::TimeUp(None) => End::TimeUp(self.last.clone()),
                            end => end,
                        });
                    }
                }
            }
        }
    }

    /// Uses one stream to its end.
    async fn travel(&mut self, stream: Opened) {
        let address = self.shared.finder.target();
        self.flight.begin();
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
        let pause = self.shared.steer(&address, &failure);
        match (failure.meaning(), failure) {
            _ if unsettled => self.flight.insist(),
            // Said of the first without a result, it holds for those after it, too.
            (Meaning::NotDone, _) => {}
            (Meaning::InDoubt, failure) => {
                self.timeouts += u32::from(failure.is_silence());
                self.flight.doubt();
            }
            (_, Failure::Answered(rejection)) => {
                if let Some(first) = self.flight.pop() {
                    first.refused(rejection);
                }
            }
            _ => {}
        }
        sleep(pause.unwrap_or_else(|| self.back_off.pause(now, fastrand::f64()))).await;
    }

    /// Sends and receives. `Ok`: another stream should be asked for.
    async fn exchange(&mut self, stream: Opened, address: &Arc<str>) -> Result<(), Interrupted> {
        let Opened { operations, mut results } = stream;
        let shared = self.shared.clone();
        let mut heard = Instant::now();
        loop {
            while let Ok(passenger) = self.queue.try_recv() {
                self.flight.push(passenger);
            }
            let Some(first) = self.flight.first() else {
                if !self.open {
                    return Ok(());
                }
                tokio::select! {
                    passenger = self.queue.recv() => match passenger {
                        Some(passenger) => self.flight.push(passenger),
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
            let next = self.flight.next();
            tokio::select! {
                passenger = self.queue.recv(), if self.open => match passenger {
                    Some(passenger) => self.flight.push(passenger),
                    None => self.open = false,
                },
                permit = operations.reserve(), if next > 0 && !operations.is_closed() => {
                    let Ok(permit) = permit else { continue };
                    if self.flight.is_quiet() {
                        heard = Instant::now();
                    }
                    permit.send(self.flight.message(next));
                },
                message = results.message() => {
                    let message = message.map_err(|s| Interrupted::By(Failure::from_status(&s)))?;
                    let Some(message) = message else {
                        return Err(Interrupted::broken("the stream ended"));
                    };
                    heard = Instant::now();
                    self.take(message, address)?;
                }
                () = shared.overtaken(address) => return silent(heard),
                () = sleep_until(due.into()) => return silent(heard),
            }
        }
    }

    /// How long the primary may be silent: longer after every second time-out.
    fn silence(&self) -> Duration {
        let longer = self.timeouts.saturating_sub(1).min(16);
        self.shared.options.attempt_timeout.saturating_mul(1 << longer)
    }

    fn take(&mut self, response: ExecuteResponse, address: &Arc<str>) -> Result<(), Interrupted> {
        let header = response.header.unwrap_or_default();
        self.shared.bind(&header).map_err(Interrupted::By)?;
        self.shared.finder.confirm(address, header.epoch);
        (self.back_off, self.timeouts) = (BackOff::new(&self.shared.options), 0);
        for result in response.results {
            self.flight.settle(&header, result)?;
        }
        Ok(())
    }
}

fn silent(since: Instant) -> Result<(), Interrupted> {
    Err(Interrupted::By(Failure::TimedOut(since.elapsed())))
}
