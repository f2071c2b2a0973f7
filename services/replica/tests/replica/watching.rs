//! Watches: in order, without gaps, over failovers; and how they end.

use std::time::Duration;

use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};
use understudy_proto::admin::v1::{CompactRequest, HandOverRequest, Quota, UpdateQuotaRequest};
use understudy_proto::kv::v1::key_value_service_client::KeyValueServiceClient;
use understudy_proto::kv::v1::lease_service_client::LeaseServiceClient;
use understudy_proto::kv::v1::watch_request::{From, Target};
use understudy_proto::kv::v1::watch_service_client::WatchServiceClient;
use understudy_proto::kv::v1::*;

use crate::common::{Cluster, admin, check, put, reason, until};

/// What happens, in short: `+key=value@revision`, or `-key@revision`, and what was there before.
fn shown(event: &Event) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(20)]).into_owned();
    let kv = event.kv.as_ref().unwrap();
    let now = match event.r#type() {
        EventType::Delete => format!("-{}@{}", text(&kv.key), kv.mod_revision),
        _ => format!("+{}={}@{}", text(&kv.key), text(&kv.value), kv.mod_revision),
    };
    let before = event.previous.as_ref().map(|kv| format!(" was {}", text(&kv.value)));
    now + &before.unwrap_or_default()
}

async fn open(
    cluster: &Cluster,
    request: WatchRequest,
) -> Result<Streaming<WatchResponse>, Status> {
    let primary = cluster.primary().await;
    let address = format!("http://{}", cluster.clients(primary));
    let mut client = WatchServiceClient::connect(address).await.unwrap();
    Ok(client.watch(request).await?.into_inner())
}

fn all(from: Option<From>) -> WatchRequest {
    let target = Some(Target::Prefix(Default::default()));
    WatchRequest { target, from, return_previous: true, ..WatchRequest::default() }
}

async fn message(stream: &mut Streaming<WatchResponse>) -> WatchResponse {
    let next = timeout(Duration::from_secs(10), stream.message()).await.expect("a message in time");
    next.unwrap().expect("the stream goes on")
}

/// Reads this many changes; gives them and the last message.
async fn changes(
    stream: &mut Streaming<WatchResponse>,
    count: usize,
) -> (Vec<String>, WatchResponse) {
    let mut seen = Vec::new();
    loop {
        let response = message(stream).await;
        seen.extend(response.events.iter().map(shown));
        if seen.len() >= count {
            return (seen, response);
        }
    }
}

async fn alone() -> (Cluster, KeyValueServiceClient<Channel>) {
    let mut cluster = Cluster::new(1);
    cluster.start_all();
    let client = cluster.client().await;
    (cluster, client)
}

#[tokio::test]
async fn changes_come_in_order_with_what_was_there_before() {
    let (cluster, mut client) = alone().await;
    for (key, value) in [("a", "1"), ("b", "2"), ("a", "3")] {
        client.put(put(key, value)).await.unwrap();
    }
    let mut past = open(&cluster, all(Some(From::StartRevision(2)))).await.unwrap();
    let first = message(&mut past).await;
    assert_eq!((first.events.len(), first.revision, first.more), (0, 1, false));
    let (seen, last) = changes(&mut past, 2).await;
    assert_eq!(seen, ["+b=2@2", "+a=3@3 was 1"]);
    assert_eq!((last.revision, last.header.unwrap().revision), (3, 3));

    let target = Some(Target::Key("b".into()));
    let request = WatchRequest { target, ..WatchRequest::default() };
    let mut coming = open(&cluster, request).await.unwrap();
    assert_eq!(message(&mut coming).await.revision, 3);
    client.put(put("c", "4")).await.unwrap();
    let range = KeyRange { start: "a".into(), end: "c".into() };
    let delete =
        DeleteRequest { target: Some(delete_request::Target::Range(range)), ..Default::default() };
    client.delete(delete).await.unwrap();
    assert_eq!(changes(&mut past, 3).await.0, ["+c=4@4", "-a@5 was 3", "-b@5 was 2"]);
    assert_eq!(changes(&mut coming, 1).await.0, ["-b@5"]);
}

#[tokio::test]
async fn a_watch_goes_on_after_its_cursor_when_the_primary_is_killed() {
    let mut cluster = Cluster::born(2).await;
    let mut client = cluster.client().await;
    let mut stream = open(&cluster, all(None)).await.unwrap();
    message(&mut stream).await;
    client.put(put("a", "1")).await.unwrap();
    client.put(put("b", "2")).await.unwrap();
    let (seen, last) = changes(&mut stream, 2).await;
    assert_eq!(seen, ["+a=1@1", "+b=2@2"]);
    client.put(put("c", "3")).await.unwrap();

    let primary = cluster.primary().await;
    cluster.kill(primary);
    let ended = timeout(Duration::from_secs(10), async {
        while stream.message().await.is_ok_and(|message| message.is_some()) {}
    });
    ended.await.expect("the stream ends with its replica");
    cluster.client().await.put(put("d", "4")).await.unwrap();
    let mut stream = open(&cluster, all(Some(From::Cursor(last.cursor)))).await.unwrap();
    assert_eq!(message(&mut stream).await.revision, 2);
    assert_eq!(changes(&mut stream, 2).await.0, ["+c=3@3", "+d=4@4"]);
}

#[tokio::test]
async fn a_handover_ends_watches_and_names_the_successor() {
    let cluster = Cluster::born(2).await;
    let old = cluster.paired().await;
    let mut stream = open(&cluster, all(None)).await.unwrap();
    message(&mut stream).await;
    let mut operator = admin(&cluster.clients(old)).await.unwrap();
    operator.hand_over(HandOverRequest::default()).await.unwrap();
    let ended = timeout(Duration::from_secs(10), stream.message()).await.unwrap().unwrap_err();
    let (reason, metadata) = reason(&ended);
    assert_eq!((ended.code(), &reason[..]), (Code::Unavailable, "NOT_PRIMARY"));
    assert!(metadata.contains(&format!("primary={}", cluster.clients(1 - old))), "{metadata:?}");
}

#[tokio::test]
async fn silence_is_broken_by_marks_of_progress() {
    let (cluster, mut client) = alone().await;
    let target = Some(Target::Key("watched".into()));
    let request = WatchRequest { target, progress_interval_ms: 100, ..WatchRequest::default() };
    let mut stream = open(&cluster, request).await.unwrap();
    assert_eq!(message(&mut stream).await.revision, 0);
    client.put(put("other", "1")).await.unwrap();
    until("progress", async || {
        let mark = message(&mut stream).await;
        assert!(mark.events.is_empty());
        mark.revision == 1
    })
    .await;
}

#[tokio::test]
async fn a_revision_too_large_for_a_message_comes_in_parts() {
    let (cluster, mut client) = alone().await;
    let value = "x".repeat(300_000);
    for key in 0..10 {
        client.put(put(&key.to_string(), &value)).await.unwrap();
    }
    let delete = delete_request::Target::Range(KeyRange::default());
    let delete = DeleteRequest { target: Some(delete), ..DeleteRequest::default() };
    client.delete(delete).await.unwrap();
    let mut stream = open(&cluster, all(Some(From::StartRevision(11)))).await.unwrap();
    let first = message(&mut stream).await;
    let (mut keys, mut parts) = (0, Vec::new());
    while keys < 10 {
        let part = message(&mut stream).await;
        keys += part.events.len();
        assert_eq!((part.revision, part.more), (11, keys < 10));
        parts.push(part);
    }
    assert!(parts.len() > 1);
    let cursors: Vec<_> = parts.iter().map(|part| &part.cursor).collect();
    assert!(cursors[..cursors.len() - 1].iter().all(|cursor| **cursor == first.cursor));
    assert_ne!(
        *cursors[cursors.len() - 1],
        first.cursor,
        "only after the whole revision is there a new one"
    );
    // A watch that goes on after a part gets the revision from its beginning.
    let part = From::Cursor(cursors[0].clone());
    let mut again = open(&cluster, all(Some(part))).await.unwrap();
    assert_eq!(message(&mut again).await.revision, 10);
    assert_eq!(changes(&mut again, 10).await.0.len(), 10);
}

#[tokio::test]
async fn a_watch_that_is_read_too_slowly_is_told_that_history_has_passed() {
    let (cluster, mut client) = alone().await;
    let mut operator = admin(&cluster.clients(0)).await.unwrap();
    let quota =
        Quota { max_history_revisions: Some(3), min_history_ms: Some(0), ..Quota::default() };
    operator.update_quota(UpdateQuotaRequest { quota: Some(quota) }).await.unwrap();
    let mut stream = open(&cluster, all(None)).await.unwrap();
    message(&mut stream).await;
    let value = "x".repeat(1 << 20);
    for _ in 0..40 {
        client.put(put("large", &value)).await.unwrap();
    }
    let mut revision = 0;
    let end = loop {
        match stream.message().await {
            Ok(Some(message)) => {
                assert_eq!(message.events.len() as i64, message.revision - revision, "no gap");
                revision = message.revision;
            }
            Ok(None) => panic!("it ends with a reason"),
            Err(end) => break end,
        }
    };
    assert!(revision < 37, "{revision}");
    // What is kept is said as it was when the watch was passed: after the last change, or between.
    let (name, metadata) = reason(&end);
    assert_eq!((end.code(), &name[..]), (Code::OutOfRange, "COMPACTED"));
    let oldest = metadata.iter().find_map(|entry| entry.strip_prefix("oldest_revision="));
    let oldest: i64 = oldest.unwrap().parse().unwrap();
    assert!(oldest > revision + 1 && oldest <= 38, "{oldest} after {revision}");
}

#[tokio::test]
async fn a_watch_goes_on_over_what_is_forgotten_if_that_changed_nothing_of_its_range() {
    let (cluster, mut client) = alone().await;
    let mut operator = admin(&cluster.clients(0)).await.unwrap();
    let quota =
        Quota { max_history_revisions: Some(3), min_history_ms: Some(0), ..Quota::default() };
    operator.update_quota(UpdateQuotaRequest { quota: Some(quota) }).await.unwrap();
    for key in ["quiet/a", "quiet/b", "busy"] {
        client.put(put(key, "1")).await.unwrap();
    }
    let watch = |target: &str, from| {
        let target = Some(Target::Prefix(target.to_owned().into()));
        open(&cluster, WatchRequest { target, from, ..WatchRequest::default() })
    };
    let cursor = message(&mut watch("quiet/", None).await.unwrap()).await.cursor;
    let busy = message(&mut watch("busy", None).await.unwrap()).await.cursor;
    for number in 0..20 {
        client.put(put("busy", &number.to_string())).await.unwrap();
    }
    let oldest = ["oldest_revision=21"];
    let passed = watch("busy", Some(From::Cursor(busy))).await.err().unwrap();
    check(passed, Code::OutOfRange, "COMPACTED", &oldest);
    let passed = watch("quiet/", Some(From::StartRevision(2))).await.err().unwrap();
    check(passed, Code::OutOfRange, "COMPACTED", &oldest);
    for from in [From::Cursor(cursor.clone()), From::StartRevision(3)] {
        let mut stream = watch("quiet/", Some(from)).await.unwrap();
        assert_eq!(message(&mut stream).await.revision, 23, "nothing of it is missed up to here");
    }
    client.put(put("quiet/a", "2")).await.unwrap();
    let mut stream = watch("quiet/", Some(From::Cursor(cursor.clone()))).await.unwrap();
    assert_eq!(message(&mut stream).await.revision, 23);
    assert_eq!(changes(&mut stream, 1).await.0, ["+quiet/a=2@24"]);
    for number in 0..20 {
        client.put(put("busy", &number.to_string())).await.unwrap();
    }
    let passed = watch("quiet/", Some(From::Cursor(cursor))).await.err().unwrap();
    check(passed, Code::OutOfRange, "COMPACTED", &["oldest_revision=42"]);
}

/// It is behind by more than is remembered for it, and what it has not read is all there.
#[tokio::test]
async fn a_slow_reader_is_not_ended_by_changes_beside_its_range() {
    let (cluster, mut client) = alone().await;
    let mut operator = admin(&cluster.clients(0)).await.unwrap();
    let quota =
        Quota { max_history_revisions: Some(500), min_history_ms: Some(0), ..Quota::default() };
    operator.update_quota(UpdateQuotaRequest { quota: Some(quota) }).await.unwrap();
    let target = Some(Target::Key("slow".into()));
    let mut stream = open(&cluster, WatchRequest { target, ..Default::default() }).await.unwrap();
    message(&mut stream).await;
    // More than the transport takes for a client that does not read: the stream stands still after it.
    client.put(put("slow", &"x".repeat(1 << 20))).await.unwrap();
    for number in 0..600 {
        client.put(put("busy", &number.to_string())).await.unwrap();
    }
    for number in 0..20 {
        client.put(put("slow", &number.to_string())).await.unwrap();
    }
    let (seen, _) = changes(&mut stream, 21).await;
    let expected = (0..20).map(|number| format!("+slow={number}@{}", 602 + number));
    assert_eq!(seen[1..], expected.collect::<Vec<_>>());
}

/// What is forgotten of a deletion must not be taken for silence.
#[tokio::test]
async fn a_forgotten_deletion_ends_a_watch() {
    let (cluster, mut client) = alone().await;
    let mut operator = admin(&cluster.clients(0)).await.unwrap();
    let quota =
        Quota { max_history_revisions: Some(3), min_history_ms: Some(0), ..Quota::default() };
    operator.update_quota(UpdateQuotaRequest { quota: Some(quota) }).await.unwrap();
    client.put(put("kept", "1")).await.unwrap();
    client.put(put("gone", "1")).await.unwrap();
    let watch = |key: &str, from| {
        let target = Some(Target::Key(key.to_owned().into()));
        open(&cluster, WatchRequest { target, from, ..WatchRequest::default() })
    };
    let cursor = message(&mut watch("gone", None).await.unwrap()).await.cursor;
    let target = Some(delete_request::Target::Key("gone".into()));
    client.delete(DeleteRequest { target, ..DeleteRequest::default() }).await.unwrap();
    for number in 0..20 {
        client.put(put("busy", &number.to_string())).await.unwrap();
    }
    let oldest = ["oldest_revision=21"];
    let passed = watch("gone", Some(From::Cursor(cursor.clone()))).await.err().unwrap();
    check(passed, Code::OutOfRange, "COMPACTED", &oldest);
    let from = Some(From::StartRevision(4));
    assert_eq!(message(&mut watch("gone", from).await.unwrap()).await.revision, 23);
    let from = Some(From::StartRevision(2));
    assert_eq!(message(&mut watch("kept", from).await.unwrap()).await.revision, 23);
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused() {
    let (cluster, mut client) = alone().await;
    for value in ["1", "2", "3", "4"] {
        client.put(put("a", value)).await.unwrap();
    }
    let mut operator = admin(&cluster.clients(0)).await.unwrap();
    operator.compact(CompactRequest { revision: 2 }).await.unwrap();
    let refused = async |request: WatchRequest| open(&cluster, request).await.err().unwrap();
    let starting = |revision| all(Some(From::StartRevision(revision)));
    let invalid = Code::InvalidArgument;
    let at = ["field=start_revision", "limit=1"];
    check(refused(starting(0)).await, invalid, "INVALID_NUMBER", &at);
    check(refused(starting(i64::MIN)).await, invalid, "INVALID_NUMBER", &at);
    let oldest = ["oldest_revision=3"];
    check(refused(starting(2)).await, Code::OutOfRange, "COMPACTED", &oldest);
    let newest = ["newest_revision=4"];
    check(refused(starting(6)).await, Code::OutOfRange, "FUTURE_REVISION", &newest);
    check(refused(starting(i64::MAX)).await, Code::OutOfRange, "FUTURE_REVISION", &newest);
    assert!(open(&cluster, starting(5)).await.is_ok(), "what comes next");

    let nothing = WatchRequest { target: None, ..starting(3) };
    check(refused(nothing).await, invalid, "INVALID_FIELD", &["field=target"]);
    let range = KeyRange { start: "b".into(), end: "a".into() };
    let inverted = WatchRequest { target: Some(Target::Range(range)), ..starting(3) };
    check(refused(inverted).await, invalid, "INVALID_RANGE", &["field=end"]);
    let empty = WatchRequest { target: Some(Target::Key("".into())), ..starting(3) };
    check(refused(empty).await, invalid, "INVALID_KEY", &["field=key", "limit=4096"]);
    let negative = WatchRequest { progress_interval_ms: -1, ..starting(3) };
    let at = ["field=progress_interval_ms", "limit=0"];
    check(refused(negative).await, invalid, "INVALID_NUMBER", &at);

    let cursor = |text: &str| all(Some(From::Cursor(text.into())));
    for garbage in ["", "x", "00", "0123456789abcdef00", "ü"] {
        check(refused(cursor(garbage)).await, invalid, "INVALID_CURSOR", &["field=cursor"]);
    }
    let mut ours = open(&cluster, all(None)).await.unwrap();
    let ours = message(&mut ours).await.cursor;
    assert!(open(&cluster, cursor(&ours)).await.is_ok());
    let (other, _) = alone().await;
    let elsewhere = open(&other, cursor(&ours)).await.err().unwrap();
    check(elsewhere, invalid, "INVALID_CURSOR", &["field=cursor"]);
}

/// What a cursor says of its own keys says nothing of others.
#[tokio::test]
async fn a_cursor_leads_on_what_it_was_given_for() {
    let (cluster, mut client) = alone().await;
    client.put(put("a", "1")).await.unwrap();
    let range = |start: &str, end: &str| {
        Target::Range(KeyRange { start: start.to_owned().into(), end: end.to_owned().into() })
    };
    let targets = [
        Target::Key("a".into()),
        Target::Key("a\0".into()),
        Target::Prefix("".into()),
        Target::Prefix("a".into()),
        range("", "\0"),
        range("a", "a\0\0"),
        range("a", ""),
    ];
    let watching = |target: &Target, cursor: &str| WatchRequest {
        target: Some(target.clone()),
        from: Some(From::Cursor(cursor.to_owned())),
        ..WatchRequest::default()
    };
    for given in &targets {
        let from_now = WatchRequest { target: Some(given.clone()), ..WatchRequest::default() };
        let mut stream = open(&cluster, from_now).await.unwrap();
        let cursor = message(&mut stream).await.cursor;
        for target in &targets {
            match open(&cluster, watching(target, &cursor)).await {
                Ok(_) => assert_eq!(target, given),
                Err(refused) => {
                    assert_ne!(target, given);
                    let field = ["field=cursor"];
                    check(refused, Code::InvalidArgument, "INVALID_CURSOR", &field);
                }
            }
        }
    }
}

/// It has lost its disk and knows nothing from the register yet, so it cannot tell whose the tokens are: it
/// must not permanently turn away a client that is right.
#[tokio::test]
async fn a_replica_without_a_cluster_refuses_no_token() {
    let mut cluster = Cluster::born(2).await;
    let mut client = cluster.client().await;
    for key in ["a", "b"] {
        client.put(put(key, "1")).await.unwrap();
    }
    let cursor = message(&mut open(&cluster, all(None)).await.unwrap()).await.cursor;
    let target = Some(list_request::Target::Prefix(Default::default()));
    let mut list = ListRequest { target, page_size: 1, ..ListRequest::default() };
    list.page_token = client.list(list.clone()).await.unwrap().into_inner().next_page_token;
    assert!(!list.page_token.is_empty());
    let backup = 1 - cluster.paired().await;
    (0..2).for_each(|replica| cluster.kill(replica));
    std::fs::remove_dir_all(cluster.data(backup)).unwrap();
    std::fs::remove_dir_all(cluster.register()).unwrap();
    cluster.start(backup);
    let address = format!("http://{}", cluster.clients(backup));
    until("it answers", async || cluster.status(backup).await.is_some()).await;

    let mut watches = WatchServiceClient::connect(address.clone()).await.unwrap();
    let refused = watches.watch(all(Some(From::Cursor(cursor)))).await.unwrap_err();
    assert_eq!(reason(&refused).0, "NOT_PRIMARY", "{refused:?}");
    let mut keys = KeyValueServiceClient::connect(address.clone()).await.unwrap();
    let refused = keys.list(list.clone()).await.unwrap_err();
    assert_eq!(reason(&refused).0, "NOT_PRIMARY", "{refused:?}");
    let operation = Some(execute_operation::Operation::List(list));
    let operations = vec![ExecuteOperation { operation }];
    let requests = tokio_stream::iter([ExecuteRequest { operations }]);
    let refused = keys.execute(requests).await.unwrap_err();
    assert_eq!(reason(&refused).0, "NOT_PRIMARY", "{refused:?}");
    let mut leases = LeaseServiceClient::connect(address).await.unwrap();
    let more = ListLeasesRequest { page_token: "00".into(), ..ListLeasesRequest::default() };
    let refused = leases.list_leases(more).await.unwrap_err();
    assert_eq!(reason(&refused).0, "NOT_PRIMARY", "{refused:?}");
}
