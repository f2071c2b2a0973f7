//! An action of a history, done by the client library.

use understudy_client::proto::kv::v1::txn_operation::Operation;
use understudy_client::proto::kv::v1::txn_result::Result as TxnResult;
use understudy_client::proto::kv::v1::{
    self as kv, CompareOperator, KeyValue, ResponseHeader, TxnDelete, TxnGet, TxnPut, compare,
    txn_delete,
};
use understudy_client::{Client, Error};
use understudy_history::{
    Action, Answer, Compare, Condition, Found, Outcome, Relation, Reply, Step, Target,
};

/// Does `action` and gives what the client was told.
pub async fn perform(client: &Client, action: &Action) -> Outcome {
    let answer = match action {
        Action::Put { key, value, condition, want_previous } => {
            put(client, key, value, *condition, *want_previous).await
        }
        Action::Get { key } => get(client, key).await,
        Action::Delete { key, condition } => delete(client, key, *condition).await,
        Action::Txn { compares, then, otherwise } => txn(client, compares, then, otherwise).await,
    };
    match answer {
        Ok(answer) => Outcome::Ok(answer),
        Err(Error::OutcomeUnknown { .. }) => Outcome::Unknown,
        Err(_) => Outcome::Failed,
    }
}

async fn put(
    client: &Client,
    key: &str,
    value: &str,
    condition: Condition,
    want_previous: bool,
) -> Result<Answer, Error> {
    let mut put = client.put(key.to_owned(), value.to_owned());
    put = match condition {
        Condition::Always => put,
        Condition::Absent => put.if_absent(),
        Condition::Revision(revision) => put.if_revision(revision.cast_signed()),
    };
    if want_previous {
        put = put.return_previous();
    }
    let response = put.await?;
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

async fn get(client: &Client, key: &str) -> Result<Answer, Error> {
    let response = client.get(key.to_owned()).await?;
    Ok(answer(response.header, Reply::Get { found: response.kv.map(found) }))
}

async fn delete(client: &Client, key: &str, condition: Condition) -> Result<Answer, Error> {
    let mut delete = client.delete(key.to_owned());
    if let Condition::Revision(revision) = condition {
        delete = delete.if_revision(revision.cast_signed());
    }
    let response = delete.await?;
    Ok(answer(
        response.header,
        match response.succeeded {
            true => Reply::Delete { deleted: response.deleted > 0 },
            false => Reply::Refused,
        },
    ))
}

async fn txn(
    client: &Client,
    compares: &[Compare],
    then: &[Step],
    otherwise: &[Step],
) -> Result<Answer, Error> {
    let mut txn = client.txn();
    for one in compares {
        txn = txn.compare(compare(one));
    }
    for step in then {
        txn = txn.then(operation(step));
    }
    for step in otherwise {
        txn = txn.otherwise(operation(step));
    }
    let response = txn.await?;
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

fn operation(step: &Step) -> Operation {
    match step {
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
    }
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
