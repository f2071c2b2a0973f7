//! What a request may ask whatever the quota, checked before it reaches the log. What the quota bounds is judged
//! where it is executed, by the quota that is in force there: what is known here may be a moment old.

use bytes::Bytes;
use understudy_proto::kv::v1::{ErrorReason, KeyRange};

use super::txn;
use crate::refusal::Refusal;

/// Bytes of one key, at most.
pub(crate) const MAX_KEY: usize = 4096;
/// Elements in each list of a Txn, at most.
pub(crate) const MAX_TXN: usize = 128;
/// Bytes of one encoded request, at most.
pub(crate) const MAX_REQUEST: usize = 4 << 20;

/// Nanoseconds in a millisecond: the machine counts those, the contract these.
pub(crate) const MS: u64 = 1_000_000;

type Checked = Result<(), Refusal>;

pub(crate) fn request(bytes: usize) -> Checked {
    if bytes > MAX_REQUEST {
        let message =
            format!("the request has {bytes} bytes: at most {MAX_REQUEST} are allowed, split it");
        let refusal = Refusal::new(ErrorReason::RequestTooLarge, message);
        return Err(refusal.with("limit", MAX_REQUEST));
    }
    Ok(())
}

pub(crate) fn key(key: &Bytes) -> Checked {
    if key.is_empty() {
        let message = "the key is empty: give it at least one byte";
        let refusal = Refusal::new(ErrorReason::InvalidKey, message);
        return Err(refusal.with("field", "key").with("limit", MAX_KEY));
    }
    key_length(ErrorReason::InvalidKey, "key", key)
}

fn key_length(reason: ErrorReason, field: &'static str, key: &Bytes) -> Checked {
    if key.len() > MAX_KEY {
        let message = format!("the {field} has {} bytes: at most {MAX_KEY} are allowed", key.len());
        return Err(Refusal::new(reason, message).with("field", field).with("limit", MAX_KEY));
    }
    Ok(())
}

pub(crate) fn range(range: &KeyRange) -> Checked {
    key_length(ErrorReason::InvalidRange, "start", &range.start)?;
    key_length(ErrorReason::InvalidRange, "end", &range.end)?;
    if !range.end.is_empty() && range.end <= range.start {
        let message = "the range's end is not after its start";
        return Err(Refusal::new(ErrorReason::InvalidRange, message).with("field", "end"));
    }
    Ok(())
}

pub(crate) fn prefix(prefix: &Bytes) -> Checked {
    key_length(ErrorReason::InvalidRange, "prefix", prefix)
}

/// A number that must not be negative.
pub(crate) fn natural(field: &'static str, number: i64) -> Result<u64, Refusal> {
    at_least(field, number, 0)?;
    Ok(number.unsigned_abs())
}

pub(crate) fn at_least(field: &'static str, number: i64, least: i64) -> Checked {
    if number < least {
        let message = format!("{field} is {number}: it must be at least {least}");
        let refusal = Refusal::new(ErrorReason::InvalidNumber, message);
        return Err(refusal.with("field", field).with("limit", least));
    }
    Ok(())
}

/// A number between two bounds.
pub(crate) fn within(
    field: &'static str,
    number: i64,
    least: i64,
    most: i64,
) -> Result<u64, Refusal> {
    at_least(field, number, least)?;
    if number > most {
        let message = format!("{field} is {number}: it must be at most {most}");
        let refusal = Refusal::new(ErrorReason::InvalidNumber, message);
        return Err(refusal.with("field", field).with("limit", most));
    }
    Ok(number.unsigned_abs())
}

/// A time to live, milliseconds, within its bounds.
pub(crate) fn ttl(ms: i64, least: i64, most: i64) -> Checked {
    if ms < least || ms > most {
        let limit = if ms < least { least } else { most };
        let message = format!("ttl_ms is {ms}: it must be {least} to {most}");
        let refusal = Refusal::new(ErrorReason::InvalidTtl, message);
        return Err(refusal.with("field", "ttl_ms").with("limit", limit));
    }
    Ok(())
}

/// Nanoseconds as the contract counts time.
pub(crate) fn in_ms(ns: u64) -> i64 {
    txn::count(ns / MS)
}

/// Something that must be set, or known, and is not.
pub(crate) fn missing(reason: ErrorReason, field: &'static str) -> Refusal {
    Refusal::new(reason, format!("{field} is missing or unknown: set it")).with("field", field)
}
