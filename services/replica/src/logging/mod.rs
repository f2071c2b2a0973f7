//! The process's log: text or JSON lines on standard error. Nobody waits for them, and one that cannot
//! be written stops nothing.

mod filter;
mod limit;
mod lines;
mod text;

use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::Duration;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use understudy_protocol::Epoch;

use crate::options::LogFormat;
pub(crate) use filter::filter;
use limit::Limit;
use lines::Lines;
pub(crate) use text::escape;
use text::warning;

/// How long the last lines of a process or a life are waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The log of this process, once it is started.
static LOG: OnceLock<Log> = OnceLock::new();

#[derive(Clone)]
struct Log {
    lines: Lines,
    limit: Limit,
    format: LogFormat,
}

/// Starts logging for the whole process, what a panic says included; a second call changes nothing.
/// `level` is a filter such as `info` or `info,understudy_replica=debug`.
///
/// # Errors
/// A filter that cannot be understood, on one line.
pub fn start_logging(format: LogFormat, level: &str) -> Result<(), String> {
    let filter = filter(level)?;
    if LOG.get().is_none() {
        let log = Log::new(format, io::stderr());
        // An earlier subscriber, such as a test's, stays.
        if tracing::subscriber::set_global_default(log.subscriber(filter)).is_ok()
            && LOG.set(log).is_ok()
        {
            std::panic::set_hook(Box::new(on_panic));
        }
    }
    Ok(())
}

/// Waits for the last lines, in bounded time: what ends a process or becomes another one calls it.
pub fn flush_logging() {
    if let Some(log) = LOG.get() {
        log.limit.tell();
        log.lines.flush(LAST_WORDS);
    }
}

/// Lines that could not be written, and lines that were left out because they repeat, so far.
pub(crate) fn missing() -> (u64, u64) {
    LOG.get().map_or((0, 0), |log| (log.lines.lost(), log.limit.total()))
}

/// The usual hook would wait for standard error.
fn on_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let why = panic.payload_as_str().unwrap_or("something");
    let backtrace = std::backtrace::Backtrace::capture();
    let backtrace = match backtrace.status() {
        std::backtrace::BacktraceStatus::Captured => format!("\n{backtrace}"),
        _ => String::new(),
    };
    tracing::error!(thread, place, "a bug, please report it: panicked with {why}{backtrace}");
    flush_logging();
}

impl Log {
    fn new(format: LogFormat, writer: impl Write + Send + 'static) -> Self {
        let lost = move |lost| {
            warning(
                format,
                &format!("{lost} lines of this log were not written"),
                "not_written",
                lost,
            )
        };
        let lines = Lines::start(writer, lost);
        let to = lines.clone();
        let limit = Limit::new(move |left_out| {
            let (n, first) = (left_out.lines, &left_out.first);
            let text = format!("{n} lines that repeat too fast were left out, such as: {first}");
            to.put(warning(format, &text, "left_out", n).into_bytes());
        });
        Log { lines, limit, format }
    }

    fn subscriber(&self, filter: EnvFilter) -> Box<dyn Subscriber + Send + Sync> {
        let layer = || {
            tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .with_target(false)
                .with_writer(self.clone())
        };
        let registry = tracing_subscriber::registry().with(filter).with(self.limit.clone());
        match self.format {
            LogFormat::Text => Box::new(registry.with(layer())),
            LogFormat::Json => Box::new(registry.with(layer().json().flatten_event(true))),
        }
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

/// Each write is one whole line: the formatter puts it together first.
impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines.put(match self.format {
            LogFormat::Text => escape(line),
            LogFormat::Json => line.to_vec(),
        });
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A change of role: one line.
pub(crate) fn transition(
    replica: &str,
    from: &str,
    to: &str,
    epoch: Epoch,
    why: &str,
    lasted_ns: u64,
) {
    let lasted = format!("{:.1?}", Duration::from_nanos(lasted_ns));
    tracing::info!(replica, from, to, epoch, why, lasted, "transition");
}

#[cfg(test)]
mod tests;
