//! How keys and values are given and shown: as text, or with `--hex` in hex digits.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use bytes::Bytes;
use clap::Args;
use serde_json::{Map, Value};

use super::print;
use crate::failure::Failure;

/// How keys and values are given and shown.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Notation {
    /// Keys and values are given and printed in hex digits.
    #[arg(long)]
    pub hex: bool,
}

impl Notation {
    /// The bytes that an argument stands for.
    pub fn read(self, argument: OsString) -> Result<Bytes, Failure> {
        self.bytes(argument.into_vec()).map_err(Failure::usage)
    }

    /// The bytes that an argument stands for, if it is given.
    pub fn read_if_given(self, argument: &Option<OsString>) -> Result<Option<Bytes>, Failure> {
        argument.clone().map(|argument| self.read(argument)).transpose()
    }

    /// The bytes that a word stands for.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn bytes(self, word: impl Into<Vec<u8>>) -> Result<Bytes, String> {
        let word = word.into();
        if !self.hex {
            return Ok(word.into());
        }
        unhex(&word).ok_or_else(|| {
            let word = String::from_utf8_lossy(&word);
            format!("--hex: {word:?} is not in hex digits, write two for each byte such as 00ff")
        })
    }

    /// A key or value for people: as text, escaped, or in hex digits.
    pub fn text(self, bytes: &[u8]) -> String {
        if self.hex { print::hex(bytes) } else { print::text(bytes) }
    }

    /// The same in quotation marks, for a sentence.
    pub fn quoted(self, bytes: &[u8]) -> String {
        if self.hex { format!("\"{}\"", print::hex(bytes)) } else { print::quoted(bytes) }
    }

    /// Adds a key or value to a JSON object: under `name` as text, or in hex digits under `name` with
    /// `_hex` after it, which is also the way of what is not UTF-8.
    pub fn put(self, object: &mut Map<String, Value>, name: &str, bytes: &[u8]) {
        match str::from_utf8(bytes) {
            Ok(text) if !self.hex => object.insert(name.to_owned(), text.into()),
            _ => object.insert(format!("{name}_hex"), print::hex(bytes).into()),
        };
    }
}

fn unhex(digits: &[u8]) -> Option<Bytes> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| match *pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TEXT: Notation = Notation { hex: false };
    const HEX: Notation = Notation { hex: true };

    #[test]
    fn hex_digits_stand_for_bytes_and_bytes_for_hex_digits() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(HEX.bytes(HEX.text(&all)).unwrap(), all);
        assert_eq!(HEX.bytes("00fFAb").unwrap(), [0, 255, 171].as_slice());
        assert_eq!(HEX.bytes("").unwrap(), "");
        assert_eq!(TEXT.bytes("00ff").unwrap(), "00ff");
    }

    #[test]
    fn what_is_not_in_hex_digits_is_refused() {
        for bad in ["0", "0ff", "0g", "0x00", "+1", "00 ff", "é"] {
            assert!(HEX.bytes(bad).unwrap_err().contains(&format!("{bad:?}")), "{bad}");
        }
    }

    #[test]
    fn json_says_by_the_name_how_it_is_written() {
        let mut object = Map::new();
        TEXT.put(&mut object, "text", b"a");
        TEXT.put(&mut object, "no_text", b"\xff");
        HEX.put(&mut object, "key", b"a");
        assert_eq!(
            serde_json::to_string(&object).unwrap(),
            r#"{"key_hex":"61","no_text_hex":"ff","text":"a"}"#
        );
    }
}
