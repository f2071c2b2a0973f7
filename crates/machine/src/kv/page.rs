//! A part of a range.

use bytes::Bytes;
use prost::Message;

use super::key::Key;
use super::record::Record;
use crate::KeyValue;

/// The first keys of a range.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Page {
    /// The keys, in order.
    pub keys: Vec<KeyValue>,
    /// The range holds more keys after them.
    pub more: bool,
}

impl Page {
    /// The first of `keys`: at most `limit` of them, and no more than make up `bytes` encoded bytes,
    /// but always one if there is one and `limit` is not 0.
    pub(super) fn first<'a>(
        keys: impl Iterator<Item = (&'a Key, &'a Record)>,
        limit: usize,
        bytes: usize,
        keys_only: bool,
    ) -> Self {
        let mut page = Page::default();
        let mut used = 0;
        for (key, record) in keys {
            let mut key = record.with_key(key);
            if keys_only {
                key.value = Bytes::new();
            }
            used += key.encoded_len();
            if page.keys.len() == limit || (used > bytes && !page.keys.is_empty()) {
                page.more = true;
                break;
            }
            page.keys.push(key);
        }
        page
    }
}
