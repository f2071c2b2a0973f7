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
    let filter = EnvFilter::try_new(level)
        .map_err(|error| format!("log level {level:?} cannot be understood: {error}"))?;
    // An earlier subscriber, such as a test's, stays.
    let _ = tracing::subscriber::set_global_default(subscriber(format, filter, std::io::stderr));
    Ok(())
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
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(format, EnvFilter::new("info"), move || writer.clone());
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
        let error = start_logging(LogFormat::Text, "info=what=more").unwrap_err();
        assert!(error.contains("info=what=more"), "{error}");
    }
}
