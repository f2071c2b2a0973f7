//! How long answers are, as far as their connection must have room for them.

use prost::Message;
use understudy_machine::{
    Command, KeyRange, KeyValue, Operation, Outcome, Response, Step, StepOutcome,
};

use super::Answer;

/// An answer that needs no room of its own: what every call takes has room for it.
pub(crate) const SMALL: usize = 4 << 10;
/// What a key takes besides its bytes, until it is encoded.
const KEY: usize = 256;

/// Bytes of an answer.
pub(crate) fn of(answer: &Answer) -> usize {
    match answer {
        Answer::Executed(response) => of_response(response),
        Answer::Key(Some(kv)) => of_key(kv),
        Answer::Lease(_, keys, _) => keys.iter().map(|key| KEY + key.len()).sum(),
        Answer::Leases(leases) => leases.len() * KEY,
        _ => 0,
    }
}

fn of_key(kv: &KeyValue) -> usize {
    KEY + kv.key.len() + kv.value.len()
}

fn of_keys(keys: &[KeyValue]) -> usize {
    keys.iter().map(of_key).sum()
}

fn of_response(response: &Response) -> usize {
    match &response.result {
        Some(Outcome::Put(put)) => put.previous.as_ref().map_or(0, of_key),
        Some(Outcome::Delete(delete)) => of_keys(&delete.previous),
        Some(Outcome::Txn(txn)) => txn
            .items
            .iter()
            .map(|item| match &item.outcome {
                Some(StepOutcome::Put(put)) => put.previous.as_ref().map_or(KEY, of_key),
                Some(StepOutcome::Delete(delete)) => KEY + of_keys(&delete.previous),
                Some(StepOutcome::Get(get)) => KEY + of_keys(&get.keys),
                None => KEY,
            })
            .sum(),
        Some(Outcome::Drawn(drawn)) => drawn.encoded_len(),
        _ => 0,
    }
}

/// Whether the answer to a command may be long however little there is in each key.
pub(crate) fn may_be_long(command: &Command) -> bool {
    let many = |range: &Option<KeyRange>| !matches!(range, Some(KeyRange::Key(_)));
    match &command.operation {
        Some(Operation::Delete(delete)) => delete.want_previous && many(&delete.range),
        Some(Operation::Txn(txn)) => {
            txn.then.iter().chain(&txn.otherwise).any(|operation| match &operation.step {
                Some(Step::Get(get)) => many(&get.range),
                Some(Step::Delete(delete)) => delete.want_previous && many(&delete.range),
                Some(Step::Put(_)) | None => false,
            })
        }
        _ => false,
    }
}
