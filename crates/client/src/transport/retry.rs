//! Retries: a request goes to replicas that may be the primary until one answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use understudy_proto::kv::v1::ErrorReason;

use super::Transport;
use crate::back_off::BackOff;
use crate::call::Call;
use crate::failure::{Failure, Meaning};
use crate::outcome::{End, Outcome};
use crate::{Attempt, endpoints};

/// The longest that a replica may ask to be left alone.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(1);

/// How often a request may be executed that nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// It is sent again: it is a read, or carries a stamp, or its repetition is harmless.
    AtLeastOnce,
    /// It is sent again only if it certainly did not arrive: a second execution would be another one.
    AtMostOnce,
}

impl Transport {
    /// Waits until another primary has been known for a while: it has what the replica at `address`
    /// acknowledged, and a replica that is only leaving has had the time to answer.
    pub async fn superseded(&self, address: &Arc<str>) {
        self.finder.elsewhere(address).await;
        sleep(self.options.attempt_timeout / 10).await;
    }

    /// Tells the finder what it can learn from a failure. How long to leave the replica alone, if it
    /// asks for it.
    pub fn learn(&self, address: &Arc<str>, failure: &Failure) -> Option<Duration> {
        let now = Instant::now();
        match (failure, failure.meaning()) {
            (failure, _) if failure.is_of_another_cluster() => {
                self.finder.failed(address, false, now);
            }
            (Failure::Answered(rejection), Meaning::NotDone) => {
                if rejection.reason != Some(ErrorReason::NotPrimary) {
                    let wait = failure.retry_after().unwrap_or_default();
                    return Some(wait.min(LONGEST_RETRY_AFTER));
                }
                let hint = rejection.metadata.get("primary");
                let epoch = rejection.metadata.get("epoch").and_then(|e| e.parse().ok());
                let hint = hint.and_then(|primary| endpoints::parse(primary).ok());
                let hint = hint.map(|primary| (primary, epoch.unwrap_or(0)));
                self.finder.redirected(address, hint, now);
            }
            (_, Meaning::NotDone | Meaning::InDoubt) => {
                self.finder.failed(address, failure.is_silence(), now);
            }
            _ => {}
        }
        None
    }

    /// Sends `request` to replicas that may be the primary until one answers or the deadline comes.
    pub async fn call<C: Call>(
        &self,
        request: &C,
        deadline: Instant,
        delivery: Delivery,
    ) -> Result<C::Response, Outcome> {
        Attempts {
            transport: self,
            request,
            deadline,
            delivery,
            began: Instant::now(),
            back_off: BackOff::new(&self.options),
            tried: Vec::new(),
            not_serving: Vec::new(),
            number: 0,
            timeouts: 0,
            in_doubt: false,
            last: None,
            retry_after: Duration::ZERO,
        }
        .run()
        .await
    }
}

/// The attempts of one operation, at one replica after the other.
struct Attempts<'a, C> {
    transport: &'a Transport,
    request: &'a C,
    deadline: Instant,
    delivery: Delivery,
    began: Instant,
    back_off: BackOff,
    /// Those tried since the last pause.
    tried: Vec<Arc<str>>,
    /// Those that serve no clients.
    not_serving: Vec<Arc<str>>,
    number: u32,
    timeouts: u32,
    in_doubt: bool,
    last: Option<String>,
    retry_after: Duration,
}

impl<C: Call> Attempts<'_, C> {
    async fn run(mut self) -> Result<C::Response, Outcome> {
        loop {
            let address = self.next().await?;
            let began = Instant::now();
            let answer = self.attempt(&address, began).await;
            self.number += 1;
            self.observe(&address, began, answer.as_ref().err());
            match answer {
                Ok(response) => {
                    let epoch = C::header(&response).map_or(0, |header| header.epoch);
                    self.transport.finder.confirm(&address, epoch);
                    return Ok(response);
                }
                Err(failure) => {
                    self.learn(&address, &failure);
                    self.judge(&address, failure)?;
                }
            }
        }
    }

    async fn attempt(&self, address: &Arc<str>, began: Instant) -> Result<C::Response, Failure> {
        let attempt = self.transport.attempt(self.request, address, self.limit(began));
        if self.delivery == Delivery::AtMostOnce {
            return attempt.await;
        }
        tokio::select! {
            answer = attempt => answer,
            () = self.transport.superseded(address) => Err(Failure::TimedOut(began.elapsed())),
        }
    }

    /// Whom to try next. Those not tried yet are tried at once; a pause comes before anyone is
    /// tried again, and ends early when another operation finds the primary.
    async fn next(&mut self) -> Result<Arc<str>, Outcome> {
        let now = Instant::now();
        let mut address = self.transport.finder.target();
        if self.tried.contains(&address) {
            let pause = self.back_off.pause(now, fastrand::f64()).max(self.retry_after);
            let pause = pause.min(self.deadline.saturating_duration_since(now));
            if self.retry_after > Duration::ZERO {
                sleep(pause).await;
            } else {
                // Woken or not: it is time to look again.
                let _ = timeout(pause, self.transport.finder.found()).await;
            }
            self.retry_after = Duration::ZERO;
            self.tried.clear();
            address = self.transport.finder.target();
        }
        if self.is_too_late() {
            return Err(self.outcome(End::TimeUp(self.last.clone())));
        }
        self.tried.push(address.clone());
        Ok(address)
    }

    /// Whether another try would be cut off by the deadline: as long as it is sure that nothing has
    /// happened, that is worth more than a last try without the time for an answer.
    fn is_too_late(&self) -> bool {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let least = self.transport.options.attempt_timeout / 10;
        left.is_zero() || (self.number > 0 && !self.in_doubt && left < least)
    }

    /// Until when the next try may last: longer after every second time-out, because the primary
    /// may just be slow, and never past the deadline.
    fn limit(&self, now: Instant) -> Instant {
        if self.delivery == Delivery::AtMostOnce {
            return self.deadline;
        }
        let longer = self.timeouts.saturating_sub(1).min(16);
        let timeout = self.transport.options.attempt_timeout.saturating_mul(1 << longer);
        self.deadline.min(now + timeout)
    }

    /// Notes what can be learned.
    fn learn(&mut self, address: &Arc<str>, failure: &Failure) {
        self.back_off.begin(Instant::now());
        self.retry_after = self.transport.learn(address, failure).unwrap_or(self.retry_after);
    }

    /// Judges whether to go on; an error is the end of the operation.
    fn judge(&mut self, address: &Arc<str>, failure: Failure) -> Result<(), Outcome> {
        self.last = Some(format!("{address}: {failure}"));
        if matches!(failure, Failure::WrongPort(_)) && !self.not_serving.contains(address) {
            self.not_serving.push(address.clone());
            // Nobody is left to wait for.
            if self.transport.finder.known().iter().all(|known| self.not_serving.contains(known)) {
                return Err(self.outcome(End::TimeUp(self.last.clone())));
            }
        }
        self.timeouts += u32::from(matches!(failure, Failure::TimedOut(_)));
        let meaning = failure.meaning();
        match (meaning, failure) {
            (Meaning::NotDone, _) => Ok(()),
            (Meaning::InDoubt, failure) => {
                self.in_doubt = true;
                match self.delivery {
                    Delivery::AtLeastOnce => Ok(()),
                    Delivery::AtMostOnce => Err(self.outcome(End::GivenUp(failure))),
                }
            }
            (Meaning::SessionGone, Failure::Answered(rejection)) => {
                Err(self.outcome(End::SessionGone(rejection)))
            }
            // Something before us in the log may have taken the disk's last room: that may pass,
            // and then the answer of the try in doubt can still be had.
            (Meaning::Refused, failure)
                if self.in_doubt && failure.reason() == Some(ErrorReason::DiskFull) =>
            {
                Ok(())
            }
            (meaning, Failure::Answered(rejection)) => {
                let for_good = meaning == Meaning::RefusedForGood;
                Err(self.outcome(End::Refused { rejection, for_good }))
            }
            (_, failure) => Err(self.outcome(End::GivenUp(failure))),
        }
    }

    fn outcome(&self, end: End) -> Outcome {
        Outcome { end, in_doubt: self.in_doubt, waited: self.began.elapsed() }
    }

    fn observe(&self, address: &str, began: Instant, failure: Option<&Failure>) {
        let failure = failure.map(ToString::to_string);
        if let Some(failure) = &failure {
            tracing::debug!(call = C::NAME, address, number = self.number, failure, "try failed");
        }
        if let Some(observer) = &self.transport.options.observer {
            observer.attempted(&Attempt {
                call: C::NAME,
                address,
                stamp: self.request.stamp(),
                number: self.number,
                took: began.elapsed(),
                failure: failure.as_deref(),
            });
        }
    }
}
