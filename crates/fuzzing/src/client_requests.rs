//! The bodies of calls on the client port.

use prost::Message as _;
use understudy_machine::{
    Command, Input, KvMachine, Machine, Moment, Operation, Outcome, Put, Step,
};
use understudy_proto::admin::v1 as admin;
use understudy_proto::kv::v1::watch_request::From;
use understudy_proto::kv::v1::{
    self as kv, GetRequest, GetResponse, ListRequest, ListResponse, OpenSessionResponse,
    WatchRequest,
};
use understudy_protocol::Settings;
use understudy_replica::{
    Accept, Refused, accept, answer_get, answer_list, begin_watch, successor, updated_settings,
};

use crate::requests::any_request;

/// Bytes of the longest key.
const MAX_KEY: usize = 4096;
/// The longest time to live of a session that a quota may allow, milliseconds.
const MAX_TTL: i64 = 2_592_000_000;

const LOGGED: [Accept; 8] = [
    accept::<kv::PutRequest>,
    accept::<kv::DeleteRequest>,
    accept::<kv::TxnRequest>,
    accept::<admin::UpdateQuotaRequest>,
    accept::<admin::CompactRequest>,
    accept::<kv::OpenSessionRequest>,
    accept::<kv::KeepSessionAliveRequest>,
    accept::<kv::CloseSessionRequest>,
];

/// The body of any call gives a command that the machine executes and whose response becomes an
/// answer, or a refusal that clients understand: one line, with a code that says it is their doing.
pub fn client_requests(data: &[u8]) {
    let mut machine = KvMachine::new();
    let mut settings = Settings::default();
    let (mut rest, mut index) = (data, 0);
    while let Some((kind, body, after)) = next(rest) {
        rest = after;
        let built = (kind >= BUILT).then(|| crate::body::body(body));
        let body = built.as_deref().unwrap_or(body);
        any_request(body);
        let mut logged = |accept: Accept| {
            index += 1;
            handle(&mut machine, index, accept, body);
        };
        match kind % BUILT {
            WATCH => watch(&machine, body),
            kind if (LEASES..CHANCE).contains(&kind) => {
                logged(OF_LEASES[usize::from(kind - LEASES)])
            }
            kind if kind >= CHANCE => logged(OF_CHANCE[usize::from(kind - CHANCE)]),
            kind => match usize::from(kind) % (LOGGED.len() + 4) {
                8 => settings = update(settings, body),
                9 => get(&machine, body),
                10 => hand_over(body),
                11 => list(&machine, body),
                place => logged(LOGGED[place]),
            },
        }
    }
}

/// Kinds from here on: the body is to be built.
const BUILT: u8 = 128;
/// This one is a watch.
const WATCH: u8 = 127;
/// From here up to it: time and randomness.
const CHANCE: u8 = WATCH - OF_CHANCE.len() as u8;
const OF_CHANCE: [Accept; 6] = [
    accept::<kv::SeedRequest>,
    accept::<kv::RandomRequest>,
    accept::<kv::GetRandBitsRequest>,
    accept::<kv::RandBytesRequest>,
    accept::<kv::SetStateRequest>,
    accept::<kv::NowRequest>,
];

/// From here up to chance: leases.
const LEASES: u8 = CHANCE - OF_LEASES.len() as u8;
const OF_LEASES: [Accept; 3] = [
    accept::<kv::GrantLeaseRequest>,
    accept::<kv::KeepLeaseAliveRequest>,
    accept::<kv::RevokeLeaseRequest>,
];

/// One byte for the kind, two for the length, the body.
fn next(data: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[kind, low, high], rest) = data.split_first_chunk()?;
    let length = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
    let (body, after) = rest.split_at(length);
    Some((kind, body, after))
}

fn update(settings: Settings, body: &[u8]) -> Settings {
    let Ok(updated) = updated_settings(settings, body) else { return settings };
    assert!((1..=8).contains(&updated.sync_backups), "{updated:?}");
    assert!((1..=2).contains(&updated.min_copies), "{updated:?}");
    assert_eq!(Settings::decode(&updated.encode()), Some(updated));
    updated
}

fn get(machine: &KvMachine, body: &[u8]) {
    match answer_get(machine, body) {
        Ok(answer) => {
            let asked = GetRequest::decode(body).expect("it was answered");
            assert!((1..=MAX_KEY).contains(&asked.key.len()));
            assert!((0..=2).contains(&asked.consistency), "{asked:?}");
            let got = GetResponse::decode(&answer[..]).expect("it was just written").kv;
            let then = machine.at(asked.revision).expect("it was answered");
            let there = then.get(&asked.key).map(|kv| (kv.value, kv.mod_revision, kv.version));
            assert_eq!(got.map(|kv| (kv.value, kv.mod_revision, kv.version)), there);
        }
        Err(refused) => told(&refused),
    }
}

/// Page after page, to the end of the range.
fn list(machine: &KvMachine, body: &[u8]) {
    let answer = match answer_list(machine, body) {
        Ok(answer) => answer,
        Err(refused) => return told(&refused),
    };
    let mut asked = ListRequest::decode(body).expect("it was answered");
    let mut page = ListResponse::decode(&answer[..]).expect("it was just written");
    let revision = page.header.as_ref().map(|header| header.revision);
    let mut left = machine.usage().keys + machine.revision().unsigned_abs();
    while !page.next_page_token.is_empty() {
        assert!(!page.kvs.is_empty() && left > 0, "a list without an end: {asked:?}");
        left -= 1;
        asked.page_token = page.next_page_token;
        let answer = answer_list(machine, &asked.encode_to_vec()).expect("a token of ours");
        page = ListResponse::decode(&answer[..]).expect("it was just written");
        assert_eq!(page.header.as_ref().map(|header| header.revision), revision);
    }
}

/// Change after change, to the newest; then from where the watch began once more.
fn watch(machine: &KvMachine, body: &[u8]) {
    let (mut watch, cursor) = match begin_watch(machine, body) {
        Ok(begun) => begun,
        Err(refused) => return told(&refused),
    };
    let newest = machine.revision();
    let from = Some(From::Cursor(cursor));
    let again = WatchRequest { from, ..WatchRequest::decode(body).expect("it was begun") };
    let (resumed, _) = begin_watch(machine, &again.encode_to_vec()).expect("a cursor of ours");
    assert_eq!(resumed, watch);
    while watch.position() < newest {
        let before = watch.position();
        let batch = watch.next(machine.changes(), newest, 64).expect("it began where it may");
        assert!(watch.position() > before || batch.more, "a watch that gets nowhere");
        for change in batch.changes {
            assert!(change.now.mod_revision > before && change.now.mod_revision <= newest);
        }
    }
}

fn hand_over(body: &[u8]) {
    match successor(body) {
        // It is repeated in messages.
        Ok(to) => to.iter().for_each(|name| in_words(name)),
        Err(refused) => told(&refused),
    }
}

fn handle(machine: &mut KvMachine, index: u64, accept: Accept, body: &[u8]) {
    let accepted = match accept(body) {
        Ok(accepted) => accepted,
        Err(refused) => return told(&refused),
    };
    within_limits(accepted.command());
    let payload = accepted.command().to_payload();
    assert_eq!(Command::decode(&payload[..]).as_ref(), Ok(accepted.command()));
    let moment = Moment { index, wall: index, elapsed: index };
    let response = machine.apply(moment, Input::Command(&payload));
    let opened = matches!(response.result, Some(Outcome::SessionOpened(_)));
    match accepted.answer(response) {
        Ok(answer) if opened => {
            let opened = OpenSessionResponse::decode(&answer[..]).expect("it was just written");
            assert!(opened.session_id > 0 && (1..=MAX_TTL).contains(&opened.ttl_ms), "{opened:?}");
        }
        Ok(_) => {}
        Err(refused) => told(&refused),
    }
}

/// What is let into the log keeps the limits that the contract documents.
fn within_limits(command: &Command) {
    match &command.operation {
        Some(Operation::Put(put)) => put_within_limits(put),
        Some(Operation::Txn(txn)) => {
            let lists = [txn.compares.len(), txn.then.len(), txn.otherwise.len()];
            assert!(lists.iter().all(|length| *length <= 128), "{lists:?}");
            for operation in txn.then.iter().chain(&txn.otherwise) {
                if let Some(Step::Put(put)) = &operation.step {
                    put_within_limits(put);
                }
            }
        }
        _ => {}
    }
    if let Some(stamp) = &command.stamp {
        let numbers = stamp.session > 0 && stamp.sequence > 0;
        assert!(numbers && stamp.received_below <= stamp.sequence, "{stamp:?}");
    }
}

fn put_within_limits(put: &Put) {
    assert!((1..=MAX_KEY).contains(&put.key.len()), "a key of {} bytes", put.key.len());
}

/// A refusal has a reason and one line of text. No input makes a response of another kind than its request.
fn told(refused: &Refused) {
    assert_ne!(refused.reason, kv::ErrorReason::OutcomeUnknown, "{refused:?}");
    in_words(&refused.message);
}

/// Clients get one line.
fn in_words(message: &str) {
    assert!(!message.is_empty() && !message.contains('\n'), "{message:?}");
}
