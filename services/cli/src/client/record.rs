//! Keys and records as they are given and shown.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use understudy_proto::kv::v1::{KeyValue, ResponseHeader};

use super::print;

/// The bytes of an argument, whatever they are.
pub fn bytes_of(argument: OsString) -> Bytes {
    argument.into_vec().into()
}

/// A key or value for people: what is not UTF-8 is shown as such.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A record as JSON: `key`, `value` and its numbers.
pub fn json(kv: &KeyValue) -> Map<String, Value> {
    let mut object = Map::new();
    print::put_bytes(&mut object, "key", &kv.key);
    print::put_bytes(&mut object, "value", &kv.value);
    object.insert("create_revision".to_owned(), kv.create_revision.into());
    object.insert("mod_revision".to_owned(), kv.mod_revision.into());
    object.insert("version".to_owned(), kv.version.into());
    object.insert("lease_id".to_owned(), kv.lease_id.into());
    object
}

/// What every JSON answer has: the store's `revision` and the primary's `epoch`.
pub fn header(header: Option<&ResponseHeader>) -> Map<String, Value> {
    let (revision, epoch) = header.map_or((0, 0), |header| (header.revision, header.epoch));
    let mut object = Map::new();
    object.insert("revision".to_owned(), json!(revision));
    object.insert("epoch".to_owned(), json!(epoch));
    object
}
