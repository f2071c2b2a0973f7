//! What clients carry from one call to another and cannot read: a message as hex digits, with a checksum.

use prost::Message;
use twox_hash::XxHash3_64;

/// As clients get it.
pub(crate) fn text(token: &impl Message) -> String {
    let mut bytes = token.encode_to_vec();
    let sum = XxHash3_64::oneshot(&bytes);
    bytes.extend_from_slice(&sum.to_be_bytes());
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a client gave back; `None` if it is nothing that it can have got.
pub(crate) fn parse<T: Message + Default>(text: &str) -> Option<T> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let digits = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(digits).collect();
    let bytes = bytes?;
    let (token, sum) = bytes.split_last_chunk::<8>()?;
    if XxHash3_64::oneshot(token) != u64::from_be_bytes(*sum) {
        return None;
    }
    T::decode(token).ok()
}
