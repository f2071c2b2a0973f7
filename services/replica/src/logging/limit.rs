//! At most five lines a second of one kind: what repeats faster is left out, and each second one line
//! says how many were. A kind is a place in the program that logs.
//!
//! Lines of levels `debug` and `trace` are never left out: those who ask for them want them all.

use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Lines of one kind in any span of this length.
const MOST: usize = 5;
const SPAN: Duration = Duration::from_secs(1);

/// The layer. Clones count together.
#[derive(Clone)]
pub(super) struct Limit {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    tell: Box<dyn Fn(&LeftOut) + Send + Sync>,
    total: AtomicU64,
}

#[derive(Default)]
struct State {
    /// As many as the program has places that log.
    kinds: HashMap<Identifier, Recent>,
    left_out: LeftOut,
    /// A thread will tell.
    telling: bool,
}

/// Lines that were left out lately.
#[derive(Clone, Default, Debug)]
pub(super) struct LeftOut {
    pub lines: u64,
    /// The first one's message.
    pub first: String,
}

/// When the last lines of a kind were written, the oldest at `next`.
#[derive(Default)]
struct Recent {
    written: [Option<Instant>; MOST],
    next: usize,
}

impl Recent {
    fn allows(&mut self, now: Instant) -> bool {
        let oldest = &mut self.written[self.next];
        if oldest.is_some_and(|at| now.saturating_duration_since(at) < SPAN) {
            return false;
        }
        *oldest = Some(now);
        self.next = (self.next + 1) % MOST;
        true
    }
}

impl Limit {
    /// `tell` is told about what was left out: once a second at most.
    pub fn new(tell: impl Fn(&LeftOut) + Send + Sync + 'static) -> Self {
        let (state, total) = (Mutex::default(), AtomicU64::new(0));
        Limit { shared: Arc::new(Shared { state, tell: Box::new(tell), total }) }
    }

    /// Lines left out so far.
    pub fn total(&self) -> u64 {
        self.shared.total.load(Ordering::Relaxed)
    }

    /// Tells now what was left out; `false`: nothing was.
    pub fn tell(&self) -> bool {
        let left_out = std::mem::take(&mut self.shared.lock().left_out);
        if left_out.lines > 0 {
            (self.shared.tell)(&left_out);
        }
        left_out.lines > 0
    }

    fn leave_out(&self, mut state: MutexGuard<'_, State>, event: &Event<'_>) {
        self.shared.total.fetch_add(1, Ordering::Relaxed);
        if state.left_out.lines == 0 {
            event.record(&mut Message(&mut state.left_out.first));
        }
        state.left_out.lines += 1;
        if !std::mem::replace(&mut state.telling, true) {
            drop(state);
            let limit = self.clone();
            let telling = thread::Builder::new().name("log-limit".into()).spawn(move || {
                thread::sleep(SPAN);
                while limit.tell() {
                    thread::sleep(SPAN);
                }
                limit.shared.lock().telling = false;
            });
            if telling.is_err() {
                self.shared.lock().telling = false;
            }
        }
    }
}

impl Shared {
    /// Nothing that is done under the lock can panic halfway.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for Limit {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        if *event.metadata().level() > Level::INFO {
            return true;
        }
        let mut state = self.shared.lock();
        let kind = state.kinds.entry(event.metadata().callsite()).or_default();
        let allowed = kind.allows(Instant::now());
        if !allowed {
            self.leave_out(state, event);
        }
        allowed
    }
}

/// Takes down an event's message.
struct Message<'a>(&'a mut String);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // Writing to a String cannot fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_second_has_five() {
        let mut recent = Recent::default();
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        let allowed: Vec<u64> =
            (0..300).map(|n| n * 10).filter(|ms| recent.allows(at(*ms))).collect();
        assert_eq!(allowed.len(), 15, "{allowed:?}");
        for window in allowed.windows(MOST + 1) {
            assert!(window[MOST] - window[0] >= 1000, "{window:?}");
        }
    }
}
