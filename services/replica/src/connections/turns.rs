//! Turns of connections whose bytes make much work.
//!
//! What is read is processed at once, on the thread that serves everybody. Where small frames wait to be read, of
//! however many connections, one of these reads a little, and then everything else is served. Bytes that make more work
//! than any call does (tiny frames, many headers, pings) are read one connection after the other, and all of these
//! together have a part of the thread's time and no more: after each turn there is none for a multiple of what it took.
//! Few such bytes, now and then, are what every client sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::PollSemaphore;

/// Time that is left to others for each that such connections take.
const OTHERS: u64 = 7;
/// What is owed to others is made good from here on: a timer is no finer.
const LEAST: u64 = 1_000_000;
/// What one reading counts at most: a connection that is not read again at once may do something else meanwhile.
const LONGEST: u64 = 10_000_000;

/// Work that each of a connection's bytes makes, if it is dense. (Of the shortest calls it is 19.)
const DENSE: usize = 21;
/// The same, if it is heavy: frames of about a hundred bytes.
const HEAVY: usize = 3;
/// Bytes by which a connection is judged, and what it reads at once unless it is light.
pub(super) const SAMPLE: usize = 2 << 10;
/// Bytes that take longer to come than this make no judgement.
const RECENT: Duration = Duration::from_secs(1);

/// What is known of a connection's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Load {
    /// There were few lately.
    Unknown,
    /// They make little work.
    Light,
    /// They make much, as those of short calls do.
    Heavy,
    /// They make more than those of calls.
    Dense,
}

/// Judges a connection by the bytes that came last.
pub(super) struct Classifier {
    since: Instant,
    bytes: usize,
    work: usize,
    load: Load,
}

impl Classifier {
    pub fn new(now: Instant) -> Self {
        Classifier { since: now, bytes: 0, work: 0, load: Load::Unknown }
    }

    /// What it is now.
    pub fn load(&mut self, now: Instant) -> Load {
        if now.duration_since(self.since) > RECENT {
            *self = Classifier::new(now);
        }
        self.load
    }

    /// It could not read before.
    pub fn begin(&mut self, now: Instant) {
        self.since = now;
    }

    /// Bytes have come, and this is the work that they make.
    pub fn read(&mut self, bytes: usize, work: usize, now: Instant) {
        self.bytes += bytes;
        self.work += work;
        if self.bytes >= SAMPLE {
            let load = match self.work / self.bytes {
                0..HEAVY => Load::Light,
                HEAVY..DENSE => Load::Heavy,
                _ => Load::Dense,
            };
            *self = Classifier { load, ..Classifier::new(now) };
        }
    }
}

/// Where such connections of a port wait for each other.
#[derive(Clone)]
pub(super) struct Turns {
    dense: Queue,
    heavy: Queue,
    /// Time owed to others by dense ones, nanoseconds.
    owed: Arc<AtomicU64>,
}

/// Served one after the other.
#[derive(Clone)]
struct Queue {
    turn: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// One of those who wait, until this is dropped.
struct Waits(Arc<AtomicUsize>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection's turn.
pub(super) struct Turn {
    queue: Queue,
    next: PollSemaphore,
    has: Option<OwnedSemaphorePermit>,
    waits: Option<Waits>,
}

impl Queue {
    fn new() -> Self {
        Queue { turn: Arc::new(Semaphore::new(1)), waiting: Arc::default() }
    }

    fn turn(&self) -> Turn {
        let next = PollSemaphore::new(self.turn.clone());
        Turn { queue: self.clone(), next, has: None, waits: None }
    }
}

impl Turn {
    /// Whether it is in line. It must take its turn once that has come: nobody else could.
    pub fn waits(&self) -> bool {
        self.waits.is_some()
    }

    /// Whether another one waits.
    pub fn is_wanted(&self) -> bool {
        self.queue.waiting.load(Ordering::Relaxed) > 0
    }

    /// Ready when it is its turn; gives whether it had to ask.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        if self.has.is_some() {
            return Poll::Ready(false);
        }
        let next = self.next.poll_acquire(context);
        if next.is_pending() && self.waits.is_none() {
            self.queue.waiting.fetch_add(1, Ordering::Relaxed);
            self.waits = Some(Waits(self.queue.waiting.clone()));
        }
        self.has = ready!(next);
        self.waits = None;
        Poll::Ready(true)
    }

    /// Ends it, and begins another one's once this is dropped.
    pub fn take(&mut self) -> Option<OwnedSemaphorePermit> {
        self.has.take()
    }
}

impl Turns {
    pub fn new() -> Self {
        Turns { dense: Queue::new(), heavy: Queue::new(), owed: Arc::default() }
    }

    pub fn of_dense(&self) -> Turn {
        self.dense.turn()
    }

    pub fn of_heavy(&self) -> Turn {
        self.heavy.turn()
    }

    /// Bytes were worked off in this time.
    pub fn took(&self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).min(LONGEST);
        self.owed.fetch_add(OTHERS * time, Ordering::Relaxed);
    }

    /// A dense one's turn ends. The next one begins once others have had their time.
    pub fn leave(&self, turn: OwnedSemaphorePermit) {
        if let Some(owed) = self.pay() {
            tokio::spawn(async move {
                tokio::time::sleep(owed).await;
                drop(turn);
            });
        }
    }

    /// What is owed, once it is enough.
    fn pay(&self) -> Option<Duration> {
        let due = |owed| (owed >= LEAST).then_some(0);
        let owed = self.owed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, due);
        owed.ok().map(Duration::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::connections::frames::Frames;

    #[test]
    fn few_bytes_make_no_judgement_whatever_they_are() {
        let begun = Instant::now();
        let mut classifier = Classifier::new(begun);
        for second in 0..1_000 {
            let now = begun + Duration::from_secs(second);
            assert_eq!(classifier.load(now), Load::Unknown);
            (0..10).for_each(|_| classifier.read(17, 17 * 100, now));
        }
    }

    #[test]
    fn a_connection_is_judged_by_what_came_last() {
        let mut now = Instant::now();
        let mut classifier = Classifier::new(now);
        let mut read = |bytes, work| {
            now += Duration::from_millis(10);
            classifier.load(now);
            classifier.read(bytes, bytes * work, now);
            classifier.load(now)
        };
        assert_eq!(read(SAMPLE - 1, DENSE), Load::Unknown);
        assert_eq!(read(1, DENSE), Load::Dense);
        assert_eq!(read(SAMPLE / 2, 1), Load::Dense);
        assert_eq!(read(SAMPLE / 2, 2 * HEAVY), Load::Heavy);
        assert_eq!(read(SAMPLE, HEAVY - 1), Load::Light);
        assert_eq!(read(10 * SAMPLE, DENSE), Load::Dense);
        assert_eq!(classifier.load(now + 2 * RECENT), Load::Unknown);
    }

    #[test]
    fn nobody_is_of_that_kind_for_the_shortest_calls() {
        let frame = |kind, payload: &[u8]| {
            [&[0, 0, payload.len() as u8, kind, 4, 0, 0, 0, 1], payload].concat()
        };
        let judged = |sent: &[u8]| {
            let (now, mut frames) = (Instant::now(), Frames::default());
            frames.read(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
            let mut classifier = Classifier::new(now);
            for _ in 0..1_000 {
                classifier.read(sent.len(), frames.read(sent).work, now);
            }
            classifier.load(now)
        };
        // Seven headers that the connection has seen before; five bytes, and a key of one.
        let call = [frame(1, &[0x83; 7]), frame(0, &[0, 0, 0, 0, 3, 10, 1, b'k'])].concat();
        assert_eq!(judged(&call), Load::Heavy);
        for dense in [frame(6, &[7; 8]), frame(0, b"x"), frame(3, &[0, 0, 0, 8])] {
            assert_eq!(judged(&dense), Load::Dense, "{dense:?}");
        }
    }

    #[test]
    fn a_connection_that_waits_in_line_has_its_turn_when_another_one_ends() {
        let (turns, mut context) = (Turns::new(), Context::from_waker(Waker::noop()));
        let [mut first, mut second] = [(); 2].map(|()| turns.of_heavy());
        assert_eq!(first.poll(&mut context), Poll::Ready(true));
        assert!(!first.is_wanted());
        assert!(second.poll(&mut context).is_pending() && second.waits());
        assert!(first.is_wanted());
        assert_eq!(first.poll(&mut context), Poll::Ready(false), "it is its turn still");
        drop(first.take());
        assert_eq!(second.poll(&mut context), Poll::Ready(true));
        assert!(!second.waits() && first.poll(&mut context).is_pending());
        drop(first);
        assert!(!second.is_wanted());
    }

    #[test]
    fn others_have_most_of_the_time() {
        let dense = Turns::new();
        let (mut taken, mut left) = (Duration::ZERO, Duration::ZERO);
        for micros in [10, 200, 30, 1_000, 5, 700].repeat(100) {
            let time = Duration::from_micros(micros);
            dense.took(time);
            taken += time;
            left += dense.pay().unwrap_or_default();
        }
        assert!(taken * 7 - left < Duration::from_millis(1), "{left:?} left of {taken:?}");
    }

    #[test]
    fn a_quick_connection_waits_for_nobody() {
        let dense = Turns::new();
        (0..10).for_each(|_| dense.took(Duration::from_micros(10)));
        assert_eq!(dense.pay(), None);
    }
}
