//! What a terminal would obey, and what would pass for the end of a column or a line, is shown and not
//! sent.

use std::fmt::Write as _;

/// Bytes of a key, value or name for people: on one line, without tabs, control characters and invisible
/// ones, and with `\xNN` for what is not UTF-8. A backslash stays as it is: who must tell one from an escape
/// uses `--raw`, `--hex` or JSON.
pub fn text(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push(&mut text, c, is_hidden));
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The same in quotation marks, and unambiguous: those inside and backslashes are escaped, too.
pub fn quoted(bytes: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c => push(&mut quoted, c, is_hidden),
        });
        for byte in chunk.invalid() {
            let _ = write!(quoted, "\\x{byte:02x}");
        }
    }
    quoted + "\""
}

/// Lines that are put together already: their tabs and line breaks stay.
pub fn lines(text: &str) -> String {
    let hidden = |c| is_hidden(c) && c != '\n' && c != '\t';
    let mut lines = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut lines, c, hidden));
    lines
}

/// JSON means the same with these characters escaped, which stand in its texts alone.
pub(super) fn json(text: &str) -> String {
    let mut json = String::with_capacity(text.len());
    for c in text.chars() {
        match is_hidden(c) {
            true => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                let _ = write!(json, "\\u{unit:04x}");
            }),
            false => json.push(c),
        }
    }
    json
}

fn push(text: &mut String, c: char, hidden: impl Fn(char) -> bool) {
    let _ = match c {
        c if !hidden(c) => write!(text, "{c}"),
        '\n' => write!(text, "\\n"),
        '\r' => write!(text, "\\r"),
        '\t' => write!(text, "\\t"),
        c if c.is_ascii() => write!(text, "\\x{:02x}", c as u32),
        c => write!(text, "\\u{{{:x}}}", c as u32),
    };
}

/// Control characters (C0, DEL, C1), and of the format characters those that turn the direction of a line
/// around, end it, or are seen by nobody. The joiners of words and emoji (U+200C, U+200D) stay.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn text_stays_and_what_a_terminal_obeys_is_shown() {
        assert_eq!(
            text("it's \\d \"é\" 日本\u{3000}👩‍🚀".as_bytes()),
            "it's \\d \"é\" 日本\u{3000}👩‍🚀"
        );
        assert_eq!(text(b"\x1b[31m\x07\x00\x7f"), r"\x1b[31m\x07\x00\x7f");
        assert_eq!(text(b"a\tb\nc\rd"), r"a\tb\nc\rd");
        assert_eq!(
            text("\u{9b}2J\u{202e}\u{2066}\u{2028}".as_bytes()),
            r"\u{9b}2J\u{202e}\u{2066}\u{2028}"
        );
        assert_eq!(text(b"\xffa\xe9"), r"\xffa\xe9");
        assert_eq!(quoted(b"a\"\\\n\xff"), r#""a\"\\\n\xff""#);
    }

    #[test]
    fn lines_keep_their_breaks_and_are_escaped_once() {
        let once = lines("a\tb\nc\x1b[0m");
        assert_eq!(once, "a\tb\nc\\x1b[0m");
        assert_eq!(lines(&once), once);
    }

    #[test]
    fn json_keeps_its_meaning() {
        let all: String = (0..0x11_0000).filter_map(char::from_u32).collect();
        let escaped = json(&serde_json::to_string(&all).unwrap());
        assert!(!escaped.chars().any(is_hidden));
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), all);
    }
}
