//! The process's log: text or JSON lines on standard error.

use std::time::Duration;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use understudy_protocol::Epoch;

use crate::options::LogFormat;

/// Starts logging for the whole process; a second call changes nothing. `level` is a filter such
/// as `info` or `info,understudy_replica=debug`.
///
/// # Errors
/// A filter that cannot be understood, on one line.
pub fn start_logging(format: LogFormat, level: &str) -> Result<(), String> {
    let filter = filter(level)?;
    // An earlier subscriber, such as a test's, stays.
    let _ = tracing::subscriber::set_global_default(subscriber(format, filter, std::io::stderr));
    Ok(())
}

/// The filter that a text means: levels, each for the whole program or for one `TARGET=LEVEL`. What
/// is left out is written from `info` on.
///
/// The library takes any other word for a target and mutes all else; here it is refused.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, String> {
    let why = |part: &str| {
        format!(
            "{part:?} is neither a level (off, error, warn, info, debug, trace) nor TARGET=LEVEL"
        )
    };
    let mut directives = Vec::new();
    let mut general = false;
    for part in text.split(',').map(str::trim) {
        let (target, level) = part.split_once('=').map_or(("", part), |(t, level)| (t, level));
        if !LEVELS.contains(&level.to_ascii_lowercase().as_str()) || !is_target(target, part) {
            return Err(why(part));
        }
        general |= target.is_empty();
        directives.push(part);
    }
    if !general {
        directives.push("info");
    }
    EnvFilter::try_new(directives.join(",")).map_err(|error| format!("{text:?}: {error}"))
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Whether `part` names no target, or one that a module can have.
fn is_target(target: &str, part: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-:.".contains(c);
    !part.starts_with('=') && target.chars().all(fits)
}

fn subscriber<W>(
    format: LogFormat,
    filter: EnvFilter,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(false)
        .with_target(false);
    match format {
        LogFormat::Text => Box::new(builder.finish()),
        LogFormat::Json => Box::new(builder.json().flatten_event(true).finish()),
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
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn lines_of(format: LogFormat) -> String {
        lines_with(format, EnvFilter::new("info"))
    }

    fn lines_with(format: LogFormat, filter: EnvFilter) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(format, filter, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            transition("a", "backup", "opening", 7, "the primary was silent", 1_500_000);
            tracing::debug!("not this one");
        });
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_transition_is_one_line_that_says_from_to_epoch_why_and_how_long() {
        let text = lines_of(LogFormat::Text);
        assert_eq!(text.lines().count(), 1, "{text}");
        for part in [
            "from=\"backup\"",
            "to=\"opening\"",
            "epoch=7",
            "why=\"the primary was silent\"",
            "lasted=\"1.5ms\"",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let json = lines_of(LogFormat::Json);
        assert_eq!(json.lines().count(), 1, "{json}");
        for part in ["\"from\":\"backup\"", "\"epoch\":7", "\"lasted\":\"1.5ms\""] {
            assert!(json.contains(part), "{part} in {json}");
        }
    }

    #[test]
    fn a_filter_that_cannot_be_understood_is_named() {
        for text in
            ["verbose", "", "info=what=more", "info,h2", "h2=loud", "=info", "info,", "a b=info"]
        {
            assert!(filter(text).is_err(), "{text:?}");
        }
        let error = start_logging(LogFormat::Text, "info,h2=loud").unwrap_err();
        assert!(error.contains("h2=loud") && error.contains("TARGET=LEVEL"), "{error}");
    }

    #[test]
    fn what_a_filter_leaves_out_is_written_from_info_on() {
        for (text, debug, info) in [
            ("info", false, true),
            ("DEBUG", true, true),
            ("warn", false, false),
            ("off", false, false),
            ("h2=debug", false, true),
            ("h2=debug, warn", false, false),
            ("understudy_replica::logging=debug", true, true),
        ] {
            let written = lines_with(LogFormat::Text, filter(text).unwrap());
            assert_eq!(written.contains("transition"), info, "{text}: {written}");
            assert_eq!(written.contains("not this one"), debug, "{text}: {written}");
        }
    }
}
