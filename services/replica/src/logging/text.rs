//! Lines as text: those that the log says of itself, and what of a line a terminal would obey.

use std::fmt::Write as _;

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

use crate::options::LogFormat;

/// A warning of the log's own, in the form of all its lines, with one figure.
pub(super) fn warning(format: LogFormat, text: &str, name: &str, figure: u64) -> String {
    let mut now = String::new();
    // A clock that cannot be written out leaves the line without a time.
    let _ = SystemTime.format_time(&mut Writer::new(&mut now));
    match format {
        LogFormat::Text => {
            let line = format!("{now}  WARN {text} {name}={figure}\n");
            String::from_utf8_lossy(&escape(line.as_bytes())).into_owned()
        }
        LogFormat::Json => {
            let message = json(text);
            format!(
                "{{\"timestamp\":\"{now}\",\"level\":\"WARN\",\"message\":\"{message}\",\"{name}\":{figure}}}\n"
            )
        }
    }
}

/// One line with control characters, and characters that turn the direction of text around, shown
/// instead of sent: whatever a message repeats, it is one line and no terminal obeys it.
pub(crate) fn escape(line: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(line);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let mut escaped = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        match c {
            c if is_obeyed(c) => escaped.extend(c.escape_default()),
            c => escaped.push(c),
        }
    }
    escaped.push('\n');
    escaped.into_bytes()
}

fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// The inside of a JSON string.
fn json(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(escaped, "\\u{:04x}", c as u32);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_orders_nothing() {
        let line = "a\u{1b}[31m\u{7}\u{9b}2J\tb\nc \u{202e}é日\n";
        let escaped = String::from_utf8(escape(line.as_bytes())).unwrap();
        assert_eq!(escaped, "a\\u{1b}[31m\\u{7}\\u{9b}2J\\tb\\nc \\u{202e}é日\n");
        assert_eq!(escape(b"\xff"), "\u{fffd}\n".as_bytes());
    }
}
