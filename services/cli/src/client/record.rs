//! Records as JSON.

use serde_json::{Map, Value, json};
use understudy_client::Client;
use understudy_proto::kv::v1::{KeyValue, ResponseHeader};

use super::notation::Notation;

/// A record as JSON: `key`, `value` and its numbers.
pub fn json(kv: &KeyValue, notation: Notation) -> Map<String, Value> {
    let mut object = Map::new();
    notation.put(&mut object, "key", &kv.key);
    notation.put(&mut object, "value", &kv.value);
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

/// The fields of `value`, an object, with those that every answer has: of the answer that came last.
pub fn answer(client: &Client, value: Value) -> Map<String, Value> {
    let mut object = header(client.latest().as_ref());
    if let Value::Object(fields) = value {
        object.extend(fields);
    }
    object
}
