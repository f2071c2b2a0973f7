//! What a Txn did, for people and programs.

use serde_json::{Value, json};
use understudy_proto::kv::v1::txn_operation::Operation;
use understudy_proto::kv::v1::txn_result::Result as Done;
use understudy_proto::kv::v1::{KeyValue, TxnOperation, TxnRequest, TxnResponse, txn_delete};

use crate::client::notation::Notation;
use crate::client::record;

/// One line that says which branch was executed, and one or more for each of its operations.
pub fn text(request: &TxnRequest, answer: &TxnResponse, notation: Notation) -> Vec<String> {
    let revision = answer.header.as_ref().map_or(0, |header| header.revision);
    let (branch, operations) = match answer.succeeded {
        true => ("then: all conditions hold", &request.then_operations),
        false => ("else: a condition does not hold", &request.else_operations),
    };
    let mut lines = vec![format!("{branch}, revision {revision}")];
    for (operation, result) in operations.iter().zip(&answer.results) {
        if let Some(done) = &result.result {
            lines.extend(describe(&name(operation, notation), done, notation));
        }
    }
    lines
}

fn name(operation: &TxnOperation, notation: Notation) -> String {
    let text = |bytes: &[u8]| notation.text(bytes);
    match &operation.operation {
        Some(Operation::Put(put)) => format!("put {}", text(&put.key)),
        Some(Operation::Get(get)) => format!("get {}", text(&get.key)),
        Some(Operation::Delete(delete)) => match &delete.target {
            Some(txn_delete::Target::Key(key)) => format!("del {}", text(key)),
            _ => "del-range".to_owned(),
        },
        Some(Operation::List(_)) => "list".to_owned(),
        None => String::new(),
    }
}

fn describe(name: &str, done: &Done, notation: Notation) -> Vec<String> {
    let text = |bytes: &[u8]| notation.text(bytes);
    let pair = |kv: &KeyValue| format!("  {}: {}", text(&kv.key), text(&kv.value));
    match done {
        Done::Put(put) => vec![format!("{name}: version {}", put.version)],
        Done::Get(get) => vec![match &get.kv {
            Some(kv) => format!("{name}: {}", text(&kv.value)),
            None => format!("{name}: no such key"),
        }],
        Done::Delete(delete) => {
            vec![format!("{name}: {} deleted{}", delete.deleted, more(delete.more))]
        }
        Done::List(list) => {
            let mut lines = vec![format!("{name}: {} found{}", list.kvs.len(), more(list.more))];
            lines.extend(list.kvs.iter().map(pair));
            lines
        }
    }
}

fn more(more: bool) -> &'static str {
    if more { ", there are more" } else { "" }
}

/// `succeeded`, `revision`, `epoch`, and one of `results` for each operation.
pub fn json(answer: &TxnResponse, notation: Notation) -> Value {
    let mut object = record::header(answer.header.as_ref());
    object.insert("succeeded".to_owned(), answer.succeeded.into());
    let results = answer.results.iter();
    let results = results.map(|one| one.result.as_ref().map(|done| result_json(done, notation)));
    object.insert("results".to_owned(), results.collect::<Vec<_>>().into());
    object.into()
}

fn result_json(done: &Done, notation: Notation) -> Value {
    let record = |kv: &KeyValue| record::json(kv, notation);
    let records = |kvs: &[KeyValue]| kvs.iter().map(record).collect::<Vec<_>>();
    match done {
        Done::Put(put) => json!({"put": {"version": put.version, "lease_id": put.lease_id}}),
        Done::Get(get) => json!({"get": {"kv": get.kv.as_ref().map(record)}}),
        Done::Delete(delete) => json!({"del": {"deleted": delete.deleted, "more": delete.more}}),
        Done::List(list) => json!({"list": {"kvs": records(&list.kvs), "more": list.more}}),
    }
}
