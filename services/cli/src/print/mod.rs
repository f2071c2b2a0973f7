//! All that a command says on standard output and standard error goes through here.
//!
//! Printing never fails a command that has done something: a line that cannot be written is remembered,
//! and the exit code stays that of the verdict. A command whose output is its purpose asks
//! [`written`] in the end, and one that goes on for ever does so after each line.

mod closed;
mod escape;
mod feed;
mod wrap;

use std::fmt::Display;
use std::io::{self, Write as _};
use std::sync::OnceLock;

use serde::Serialize;

use crate::failure::Failure;

pub use closed::closed;
pub use escape::{lines, quoted, text};
pub use feed::{Feed, Where};
pub use wrap::wrapped;

/// Why standard output could not be written first; nothing is tried after that.
static BROKEN: OnceLock<io::Error> = OnceLock::new();

/// Prints one line, or several. Control characters other than tabs and line breaks are escaped.
pub fn line(text: impl Display) {
    bytes(format!("{}\n", escape::lines(&text.to_string())).as_bytes());
}

/// Prints bytes as they are.
pub fn bytes(bytes: &[u8]) {
    if BROKEN.get().is_some() {
        return;
    }
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
        // Whoever else came first has the same to say.
        let _ = BROKEN.set(error);
    }
}

/// Prints one line of JSON.
pub fn json(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => bytes(format!("{}\n", escape::json(&text)).as_bytes()),
        Err(error) => {
            let _ = BROKEN.set(error.into());
        }
    }
}

/// Whether everything has been written so far.
///
/// # Errors
/// As [`unwritten`].
pub fn written() -> Result<(), Failure> {
    BROKEN.get().map_or(Ok(()), |error| Err(unwritten(error)))
}

/// What it means for a command whose output is its purpose: nothing, when the reader has gone, who has
/// read what it wanted; else a failure that says why.
pub fn unwritten(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::coded("OUTPUT_NOT_WRITTEN", format!("cannot write the output: {error}")),
    }
}

/// One line on standard error, if it can be written; a reader that stalls is waited for a moment.
pub fn note(text: impl Display) {
    let feed = Feed::start(Where::Err);
    feed.line(text);
    feed.close();
}

/// The same as one line of JSON.
pub fn note_json(value: &impl Serialize) {
    // Of text and numbers alone: it cannot fail.
    let text = serde_json::to_string(value).unwrap_or_default();
    note(escape::json(&text));
}

/// A question on standard error, without a line break.
pub fn ask(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// Lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// With a comma between groups of three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_in_groups() {
        assert_eq!(
            ["0", "999", "1,000", "1,234,567"],
            [0, 999, 1000, 1_234_567].map(grouped).each_ref().map(String::as_str)
        );
    }
}
