//! Trying again until an answer comes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use understudy_proto::kv::v1::ErrorReason;

use crate::back_off::BackOff;
use crate::call::Call;
use crate::conclusion::{Conclusion, End};
use crate::failure::{Failure, Meaning};
use crate::shared::Shared;
use crate::{Attempt, endpoints};

/// The longest that a replica may ask to be left alone.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Whether a call may be sent again when nobody knows what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It is a read, or carries a stamp, or its repetition is harmless.
    Freely,
    /// A second execution would be another one.
    OnlyIfNotSent,
}

impl Shared {
    /// Waits until another primary has been known for a while: it has what the replica at `address`
    /// acknowledged, and a replica that is only leaving has had the time to answer.
    pub async fn overtaken(&self, address: &Arc<str>) {
        self.finder.elsewhere(address).await;
        sleep(self.options.attempt_timeout / 10).await;
    }

    /// Tells the finder what it can learn from a failure. How long to leave the replica alone, if it
    /// asks for it.
    pub fn steer(&self, address: &Arc<str>, failure: &Failure) -> Option<Duration> {
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
}

/// One operation on its way through the replicas.
struct Course<'a, C> {
    shared: &'a Shared,
    request: &'a C,
    deadline: Instant,
    repeat: Repeat,
    began: Instant,
    back_off: BackOff,
    /// Those asked since the last pause.
    asked: Vec<Arc<str>>,
    /// Those that serve no clients.
    strangers: Vec<Arc<str>>,
    number: u32,
    timeouts: u32,
    in_doubt: bool,
    last: Option<String>,
    retry_after: Duration,
}

impl Shared {
    /// Asks replicas that may be the primary until one answers or the deadline comes.
    pub async fn repeat<C: Call>(
        &self,
        request: &C,
        deadline: Instant,
        repeat: Repeat,
    ) -> Result<C::Response, Conclusion> {
        Course {
            shared: self,
            request,
            deadline,
            repeat,
            began: Instant::now(),
            back_off: BackOff::new(&self.options),
            asked: Vec::new(),
            strangers: Vec::new(),
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

impl<C: Call> Course<'_, C> {
    async fn run(mut self) -> Result<C::Response, Conclusion> {
        loop {
            let address = self.next().await?;
            let began = Instant::now();
            let answer = self.attempt(&address, began).await;
            self.number += 1;
            self.observe(&address, began, answer.as_ref().err());
            match answer {
                Ok(response) => {
                    let epoch = C::header(&response).map_or(0, |header| header.epoch);
                    self.shared.finder.confirm(&address, epoch);
                    return Ok(response);
                }
                Err(failure) => {
                    self.steer(&address, &failure);
                    self.weigh(&address, failure)?;
                }
            }
        }
    }

    async fn attempt(&self, address: &Arc<str>, began: Instant) -> Result<C::Response, Failure> {
        let attempt = self.shared.attempt(self.request, address, self.limit(began));
        if self.repeat == Repeat::OnlyIfNotSent {
            return attempt.await;
        }
        tokio::select! {
            answer = attempt => answer,
            () = self.shared.overtaken(address) => Err(Failure::TimedOut(began.elapsed())),
        }
    }

    /// Whom to ask next. Those not asked yet are asked at once; a pause comes before anyone is
    /// asked again, and ends early when another operation finds the primary.
    async fn next(&mut self) -> Result<Arc<str>, Conclusion> {
        let now = Instant::now();
        let mut address = self.shared.finder.target();
        if self.asked.contains(&address) {
            let pause = self.back_off.pause(now, fastrand::f64()).max(self.retry_after);
            let pause = pause.min(self.deadline.saturating_duration_since(now));
            if self.retry_after > Duration::ZERO {
                sleep(pause).await;
            } else {
                // Woken or not: it is time to look again.
                let _ = timeout(pause, self.shared.finder.found()).await;
            }
            self.retry_after = Duration::ZERO;
            self.asked.clear();
            address = self.shared.finder.target();
        }
        if self.is_too_late() {
            return Err(self.conclude(End::TimeUp(self.last.clone())));
        }
        self.asked.push(address.clone());
        Ok(address)
    }

    /// Whether another try would be cut off by the deadline: as long as it is sure that nothing has
    /// happened, that is worth more than a last try without the time for an answer.
    fn is_too_late(&self) -> bool {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let least = self.shared.options.attempt_timeout / 10;
        left.is_zero() || (self.number > 0 && !self.in_doubt && left < least)
    }

    /// Until when the next try may last: longer after every second time-out, because the primary
    /// may just be slow, and never past the deadline.
    fn limit(&self, now: Instant) -> Instant {
        if self.repeat == Repeat::OnlyIfNotSent {
            return self.deadline;
        }
        let longer = self.timeouts.saturating_sub(1).min(16);
        let timeout = self.shared.options.attempt_timeout.saturating_mul(1 << longer);
        self.deadline.min(now + timeout)
    }

    /// Notes what can be learned.
    fn steer(&mut self, address: &Arc<str>, failure: &Failure) {
        self.back_off.begin(Instant::now());
        self.retry_after = self.shared.steer(address, failure).unwrap_or(self.retry_after);
    }

    /// Judges whether to go on; an error is the end of the operation.
    fn weigh(&mut self, address: &Arc<str>, failure: Failure) -> Result<(), Conclusion> {
        self.last = Some(format!("{address}: {failure}"));
        if matches!(failure, Failure::WrongPort(_)) && !self.strangers.contains(address) {
            self.strangers.push(address.clone());
            // Nobody is left to wait for.
            if self.shared.finder.known().iter().all(|known| self.strangers.contains(known)) {
                return Err(self.conclude(End::TimeUp(self.last.clone())));
            }
        }
        self.timeouts += u32::from(matches!(failure, Failure::TimedOut(_)));
        let meaning = failure.meaning();
        match (meaning, failure) {
            (Meaning::NotDone, _) => Ok(()),
            (Meaning::InDoubt, failure) => {
                self.in_doubt = true;
                match self.repeat {
                    Repeat::Freely => Ok(()),
                    Repeat::OnlyIfNotSent => Err(self.conclude(End::GivenUp(failure))),
                }
            }
            (Meaning::SessionGone, Failure::Answered(rejection)) => {
                Err(self.conclude(End::SessionGone(rejection)))
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
                Err(self.conclude(End::Refused { rejection, for_good }))
            }
            (_, failure) => Err(self.conclude(End::GivenUp(failure))),
        }
    }

    fn conclude(&self, end: End) -> Conclusion {
        Conclusion { end, in_doubt: self.in_doubt, waited: self.began.elapsed() }
    }

    fn observe(&self, address: &str, began: Instant, failure: Option<&Failure>) {
        let failure = failure.map(ToString::to_string);
        if let Some(failure) = &failure {
            tracing::debug!(call = C::NAME, address, number = self.number, failure, "try failed");
        }
        if let Some(observer) = &self.shared.options.observer {
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
