//! An action of a history, done by any [`KvClient`](crate::KvClient).

use understudy_client::proto::kv::v1::txn_operation::Operation;
use understudy_client::proto::kv::v1::txn_result::Result as TxnResult;
use understudy_client::proto::kv::v1::{
    self as kv, CompareOperator, DeleteRequest, GetRequest, KeyValue, PutRequest, ResponseHeader,
    TxnDelete, TxnGet, TxnOperation, TxnPut, TxnRequest, compare, delete_request, put_request,
    txn_delete,
};
use understudy_history::{
    Action, Answer, Compare, Condition, Found, Outcome, Relation, Reply, Step, Target,
};

use crate::KvClient;

/// Has `client` do `action` and gives what it was told.
pub async fn perform(client: &mut impl KvClient, action: &Action) -> Outcome {
    let answer = match action {
        Action::Put { key, value, condition, want_previous } => {
            put(client, key, value, *condition, *want_previous).await
        }
        Action::Get { key } => get(client, key, 0).await,
        Action::GetAt { key, revision } => get(client, key, *revision).await,
        Action::Delete { key, condition } => delete(client, key, *condition).await,
        Action::Txn { compares, then, otherwise } => txn(client, compares, then, otherwise).await,
    };
    answer.map_or_else(|outcome| outcome, Outcome::Ok)
}

async fn put(
    client: &mut impl KvClient,
    key: &str,
    value: &str,
    condition: Condition,
    want_previous: bool,
) -> Result<Answer, Outcome> {
    let condition = match condition {
        Condition::Always => None,
        Condition::Absent => Some(put_request::Condition::IfAbsent(true)),
        Condition::Revision(revision) => {
            Some(put_request::Condition::IfRevision(revision.cast_signed()))
        }
    };
    let request = PutRequest {
        key: key.to_owned().into(),
        value: value.to_owned().into(),
        condition,
        return_previous: want_previous,
        ..PutRequest::default()
    };
    let response = client.put(request).await?;
    Ok(answer(
        response.header,
        match response.succeeded {
            true => Reply::Put {
                version: Some(response.version.cast_unsigned()),
                previous: response.previous.map(found),
            },
            false => Reply::Refused,
        },
    ))
}

/// At the newest revision (0) or at an old one.
async fn get(client: &mut impl KvClient, key: &str, revision: u64) -> Result<Answer, Outcome> {
    let (key, revision) = (key.to_owned().into(), revision.cast_signed());
    let request = GetRequest { key, revision, ..GetRequest::default() };
    let response = client.get(request).await?;
    Ok(answer(response.header, Reply::Get { found: response.kv.map(found) }))
}

async fn delete(
    client: &mut impl KvClient,
    key: &str,
    condition: Condition,
) -> Result<Answer, Outcome> {
    let target = Some(delete_request::Target::Key(key.to_owned().into()));
    let mut request = DeleteRequest { target, ..DeleteRequest::default() };
    if let Condition::Revision(revision) = condition {
        request.if_revision = Some(revision.cast_signed());
    }
    let response = client.delete(request).await?;
    Ok(answer(
        response.header,
        match response.succeeded {
            true => Reply::Delete { deleted: response.deleted > 0 },
            false => Reply::Refused,
        },
    ))
}

async fn txn(
    client: &mut impl KvClient,
    compares: &[Compare],
    then: &[Step],
    otherwise: &[Step],
) -> Result<Answer, Outcome> {
    let all = |steps: &[Step]| steps.iter().map(operation).collect();
    let request = TxnRequest {
        compares: compares.iter().map(compare).collect(),
        then_operations: all(then),
        else_operations: all(otherwise),
        ..TxnRequest::default()
    };
    let response = client.txn(request).await?;
    let replies = response.results.into_iter().map(reply).collect();
    Ok(answer(response.header, Reply::Txn { succeeded: response.succeeded, replies }))
}

fn answer(header: Option<ResponseHeader>, reply: Reply) -> Answer {
    let revision = header.map_or(0, |header| header.revision.cast_unsigned());
    Answer { revision, reply }
}

fn found(kv: KeyValue) -> Found {
    Found {
        value: String::from_utf8_lossy(&kv.value).into_owned(),
        revision: kv.mod_revision.cast_unsigned(),
        version: kv.version.cast_unsigned(),
    }
}

fn compare(compare: &Compare) -> kv::Compare {
    let operator = match compare.relation {
        Relation::Equal => CompareOperator::Equal,
        Relation::NotEqual => CompareOperator::NotEqual,
        Relation::Less => CompareOperator::Less,
        Relation::Greater => CompareOperator::Greater,
    };
    let operand = match &compare.target {
        Target::Value(value) => compare::Operand::Value(value.clone().into()),
        Target::Revision(revision) => compare::Operand::ModRevision(revision.cast_signed()),
        Target::Version(version) => compare::Operand::Version(version.cast_signed()),
    };
    let key = compare.key.clone().into();
    kv::Compare { key, operator: operator.into(), operand: Some(operand) }
}

fn operation(step: &Step) -> TxnOperation {
    let operation = match step {
        Step::Put { key, value } => Operation::Put(TxnPut {
            key: key.clone().into(),
            value: value.clone().into(),
            ..TxnPut::default()
        }),
        Step::Get { key } => Operation::Get(TxnGet { key: key.clone().into() }),
        Step::Delete { key } => Operation::Delete(TxnDelete {
            target: Some(txn_delete::Target::Key(key.clone().into())),
            ..TxnDelete::default()
        }),
    };
    TxnOperation { operation: Some(operation) }
}

fn reply(result: kv::TxnResult) -> Reply {
    match result.result {
        Some(TxnResult::Put(put)) => Reply::Put {
            version: Some(put.version.cast_unsigned()),
            previous: put.previous.map(found),
        },
        Some(TxnResult::Get(get)) => Reply::Get { found: get.kv.map(found) },
        Some(TxnResult::Delete(delete)) => Reply::Delete { deleted: delete.deleted > 0 },
        // Nothing that was asked for: the checkers will say so.
        Some(TxnResult::List(_)) | None => Reply::Refused,
    }
}
