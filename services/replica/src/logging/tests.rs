use std::sync::{Arc, Mutex};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the log says of what is done with it.
fn lines_of(format: LogFormat, work: impl FnOnce(&Log)) -> String {
    lines_with(format, EnvFilter::new("info"), work)
}

fn lines_with(format: LogFormat, filter: EnvFilter, work: impl FnOnce(&Log)) -> String {
    let paper = Paper::default();
    let log = Log::new(format, paper.clone());
    let subscriber = log.subscriber(filter);
    tracing::subscriber::with_default(subscriber, || work(&log));
    log.lines.flush(PATIENCE);
    let bytes = paper.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn one_transition(_: &Log) {
    transition("a", "backup", "opening", 7, "the primary was silent", 1_500_000);
    tracing::debug!("not this one");
}

#[test]
fn a_transition_is_one_line_that_says_from_to_epoch_why_and_how_long() {
    let text = lines_of(LogFormat::Text, one_transition);
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
    let json = lines_of(LogFormat::Json, one_transition);
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
        let written = lines_with(LogFormat::Text, filter(text).unwrap(), one_transition);
        assert_eq!(written.contains("transition"), info, "{text}: {written}");
        assert_eq!(written.contains("not this one"), debug, "{text}: {written}");
    }
}

#[test]
fn five_lines_of_one_kind_and_one_that_says_how_many_were_left_out() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let lines = lines_of(format, |log| {
            for n in 0..2000 {
                tracing::info!(n, "again \"{n}\"");
            }
            tracing::info!("another");
            assert!(log.limit.tell());
            assert_eq!(log.limit.total(), 1995);
        });
        let said: Vec<&str> = lines.lines().collect();
        assert_eq!(said.len(), 7, "{lines}");
        assert!(said[5].contains("another"), "{lines}");
        assert!(said[6].contains("1995 lines that repeat too fast were left out"), "{lines}");
    }
}

#[test]
fn what_was_left_out_is_said_within_a_while_though_nothing_follows() {
    let paper = Paper::default();
    let log = Log::new(LogFormat::Text, paper.clone());
    tracing::subscriber::with_default(log.subscriber(EnvFilter::new("info")), || {
        (0..10).for_each(|_| tracing::info!("again"));
    });
    let began = std::time::Instant::now();
    let said = || String::from_utf8_lossy(&paper.0.lock().unwrap()).contains("left_out=5");
    while !said() {
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_a_message_repeats_is_one_line_and_orders_no_terminal() {
    let text = lines_of(LogFormat::Text, |_| {
        let name = "b\u{1b}[2J\nfake";
        tracing::info!(%name, "{name} came");
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}
