//! Lines on their way to a writer that may be slow, full or gone: a thread of its own writes them, so
//! that logging never waits. What cannot be written is counted, and said once writing works again.
//!
//! The usual crate for this (`tracing-appender`) does not count what failed to be written, and cannot
//! wait for the last lines without ending.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that wait for a slow writer; lines that find no room are lost.
const QUEUE: usize = 1 << 20;
/// Between two tries to say how many lines were lost, while nothing else is to be written.
const AGAIN: Duration = Duration::from_secs(1);
/// Between two tries where the other end takes nothing now and does not let a writer wait.
const BUSY: Duration = Duration::from_millis(20);

/// The queue. Clones put lines into the same one.
#[derive(Clone)]
pub(crate) struct Lines {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// There is something to write.
    filled: Condvar,
    /// Everything has been written, or was lost.
    drained: Condvar,
    lost: AtomicU64,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Line>,
    bytes: usize,
    /// Lines that found no room since the last one that did.
    lost: u64,
    /// The thread has taken a line and is not done with it.
    writing: bool,
}

struct Line {
    text: Vec<u8>,
    /// Lines that were lost before it.
    lost: u64,
}

impl Lines {
    /// Starts the thread. `notice` gives the line that says how many were lost.
    pub fn start(
        writer: impl Write + Send + 'static,
        notice: impl Fn(u64) -> String + Send + 'static,
    ) -> Self {
        let lines = Lines {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                filled: Condvar::new(),
                drained: Condvar::new(),
                lost: AtomicU64::new(0),
            }),
        };
        let shared = lines.shared.clone();
        // Without the thread every line beyond the queue is counted as lost, which is what it is.
        let _ = thread::Builder::new()
            .name("log".into())
            .spawn(move || Pen { writer, torn: false }.write_all(&shared, notice));
        lines
    }

    /// Appends a line, with its end, to those that wait.
    pub fn put(&self, text: Vec<u8>) {
        let mut state = self.shared.lock();
        if state.bytes + text.len() > QUEUE {
            state.lost += 1;
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.bytes += text.len();
        let lost = std::mem::take(&mut state.lost);
        state.queue.push_back(Line { text, lost });
        self.shared.filled.notify_one();
    }

    /// Lines lost so far.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Waits until nothing waits any more, but no longer than `patience`.
    pub fn flush(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut state = self.shared.lock();
        while state.writing || !state.queue.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self
                .shared
                .drained
                .wait_timeout(state, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
    }
}

impl Shared {
    /// Nothing that is done under the lock can panic halfway.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next line and how many were lost before it; without a line, once there is only that to say.
    /// `owing`: some losses are not said yet.
    fn next(&self, owing: bool) -> (Option<Vec<u8>>, u64) {
        let mut state = self.lock();
        state.writing = false;
        loop {
            if let Some(Line { text, lost }) = state.queue.pop_front() {
                state.bytes -= text.len();
                state.writing = true;
                return (Some(text), lost);
            }
            self.drained.notify_all();
            if state.lost > 0 {
                return (None, std::mem::take(&mut state.lost));
            }
            if owing {
                let waited = self.filled.wait_timeout(state, AGAIN);
                let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                state = guard;
                if timeout.timed_out() && state.queue.is_empty() {
                    return (None, std::mem::take(&mut state.lost));
                }
            } else {
                state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// What writes.
struct Pen<W> {
    writer: W,
    /// The last line was written in part.
    torn: bool,
}

impl<W: Write> Pen<W> {
    fn write_all(mut self, shared: &Shared, notice: impl Fn(u64) -> String) {
        let mut owed = 0;
        loop {
            let (line, lost) = shared.next(owed > 0);
            owed += lost;
            if owed > 0 && self.write(notice(owed).as_bytes()).is_ok() {
                owed = 0;
            }
            if let Some(text) = line
                && (owed > 0 || self.write(&text).is_err())
            {
                owed += 1;
                shared.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Writes one line, at the beginning of one.
    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        if self.torn {
            self.write_bytes(b"\n")?;
            self.torn = false;
        }
        self.write_bytes(text)
    }

    fn write_bytes(&mut self, text: &[u8]) -> io::Result<()> {
        let mut done = 0;
        while done < text.len() {
            match self.writer.write(&text[done..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    done += written;
                    self.torn = done < text.len();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(BUSY),
                Err(error) => return Err(error),
            }
        }
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Room for this many bytes; then it fails, or waits, until there is more.
    #[derive(Clone, Default)]
    struct Paper(Arc<(Mutex<Sheet>, Condvar)>);

    #[derive(Default)]
    struct Sheet {
        written: Vec<u8>,
        room: usize,
        waits: bool,
    }

    impl Paper {
        fn with(room: usize, waits: bool) -> Self {
            let paper = Paper::default();
            *paper.0.0.lock().unwrap() = Sheet { written: Vec::new(), room, waits };
            paper
        }

        fn widen(&self) {
            self.0.0.lock().unwrap().room = usize::MAX;
            self.0.1.notify_all();
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.0.lock().unwrap().written.clone()).unwrap()
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut sheet = self.0.0.lock().unwrap();
            while sheet.room == 0 {
                if !sheet.waits {
                    return Err(ErrorKind::StorageFull.into());
                }
                sheet = self.0.1.wait(sheet).unwrap();
            }
            let written = bytes.len().min(sheet.room);
            sheet.room -= written;
            sheet.written.extend(&bytes[..written]);
            Ok(written)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const PATIENCE: Duration = Duration::from_secs(20);

    fn lines(paper: &Paper) -> Lines {
        Lines::start(paper.clone(), |lost| format!("{lost} lost\n"))
    }

    fn put(lines: &Lines, text: &str) {
        lines.put(format!("{text}\n").into_bytes());
    }

    fn until(what: impl Fn() -> bool) {
        let began = Instant::now();
        while !what() {
            assert!(began.elapsed() < PATIENCE);
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn what_a_full_disk_does_not_take_is_counted_and_said_later() {
        let paper = Paper::with(8, false);
        let lines = lines(&paper);
        for text in ["first", "second", "third"] {
            put(&lines, text);
        }
        lines.flush(PATIENCE);
        assert_eq!((paper.text().as_str(), lines.lost()), ("first\nse", 2));
        paper.widen();
        put(&lines, "fourth");
        lines.flush(PATIENCE);
        assert_eq!(paper.text(), "first\nse\n2 lost\nfourth\n");
        assert_eq!(lines.lost(), 2);
    }

    #[test]
    fn losses_are_said_though_nothing_follows() {
        let paper = Paper::with(0, false);
        let lines = lines(&paper);
        put(&lines, "a");
        lines.flush(PATIENCE);
        paper.widen();
        until(|| paper.text() == "1 lost\n");
    }

    #[test]
    fn nobody_waits_for_a_reader_that_stalls_and_what_finds_no_room_is_counted() {
        let paper = Paper::with(0, true);
        let lines = lines(&paper);
        let text = "x".repeat(1023);
        put(&lines, &text);
        // A reader that takes the first line later makes room for another in between, and losses are told twice.
        until(|| lines.shared.lock().writing);
        for _ in 1..3000 {
            put(&lines, &text);
        }
        let lost = lines.lost();
        assert!((1900..=3000 - 1024).contains(&lost), "{lost}");
        let began = Instant::now();
        lines.flush(Duration::from_millis(50));
        assert!(began.elapsed() < PATIENCE);
        paper.widen();
        until(|| paper.text().lines().count() as u64 == 3000 - lost + 1);
        // Where they are missing.
        assert!(paper.text().ends_with(&format!("{lost} lost\n")));
    }
}
