//! Watches, of scripted replicas.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_stream::{Stream, StreamExt as _};
use tonic::{Code, Request, Response, Status, async_trait};
use understudy_client::proto::kv::v1::watch_request::{From, Target};
use understudy_client::proto::kv::v1::watch_service_server::WatchService;
use understudy_client::proto::kv::v1::{
    Event, KeyValue, ResponseHeader, WatchRequest, WatchResponse,
};
use understudy_client::{Error, Watch};

use crate::fake::Fake;
use crate::model::Model;
use crate::reply::{Reply, error, not_primary};
use crate::services::CLUSTER;
use crate::{client, options};

type Messages = Vec<Result<WatchResponse, Status>>;

/// What a scripted replica does with watches, one after the other: these messages, then silence.
#[derive(Clone, Default)]
pub struct Watched {
    next: Arc<Mutex<VecDeque<Messages>>>,
    asked: Arc<Mutex<Vec<WatchRequest>>>,
}

impl Watched {
    fn script(&self, watches: impl IntoIterator<Item = Messages>) {
        self.next.lock().unwrap().extend(watches);
    }

    /// Where each watch wanted to begin.
    fn from(&self) -> Vec<Option<From>> {
        self.asked.lock().unwrap().iter().map(|request| request.from.clone()).collect()
    }
}

#[async_trait]
impl WatchService for Watched {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchResponse, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        self.asked.lock().unwrap().push(request.into_inner());
        match self.next.lock().unwrap().pop_front() {
            Some(messages) => {
                let stream = tokio_stream::iter(messages).chain(tokio_stream::pending());
                Ok(Response::new(Box::pin(stream)))
            }
            None => Err(Status::unavailable("not scripted")),
        }
    }
}

fn told(keys: &[&str], revision: i64, more: bool, cursor: &str) -> Result<WatchResponse, Status> {
    let event = |key: &&str| {
        let kv = KeyValue { key: key.to_string().into(), ..KeyValue::default() };
        Event { kv: Some(kv), ..Event::default() }
    };
    let cluster_id = CLUSTER.to_be_bytes().to_vec().into();
    Ok(WatchResponse {
        header: Some(ResponseHeader { cluster_id, epoch: 3, revision }),
        events: keys.iter().map(event).collect(),
        revision,
        more,
        cursor: cursor.into(),
    })
}

fn request() -> WatchRequest {
    WatchRequest { target: Some(Target::Key("a".into())), ..WatchRequest::default() }
}

async fn next(watch: &mut Watch) -> (Vec<String>, i64) {
    let changes = watch.next().await.unwrap();
    let key = |event: &Event| String::from_utf8(event.kv.as_ref().unwrap().key.to_vec()).unwrap();
    (changes.events.iter().map(key).collect(), changes.revision)
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_revision_that_broke_off_is_told_once_and_whole() {
    let fake = Fake::start(&Model::default(), Reply::Execute);
    fake.watched.script([
        vec![
            told(&[], 3, false, "c3"),
            told(&["a"], 4, true, "c3"),
            Err(Status::unavailable("going down")),
        ],
        vec![
            told(&[], 3, false, "c3"),
            told(&["a"], 4, true, "c3"),
            told(&["b"], 4, false, "c4"),
            told(&["c"], 5, false, "c5"),
        ],
    ]);
    let mut watch = client(&fake.address, options()).watch(request());
    watch.begin().await.unwrap();
    assert_eq!(watch.revision(), 3);
    assert_eq!(next(&mut watch).await, (keys(&["a", "b"]), 4));
    assert_eq!(next(&mut watch).await, (keys(&["c"]), 5));
    assert_eq!(fake.watched.from(), [None, Some(From::Cursor("c3".into()))]);
}

#[tokio::test]
async fn a_watch_that_falls_silent_is_begun_anew() {
    let fake = Fake::start(&Model::default(), Reply::Execute);
    fake.watched.script([
        vec![told(&[], 1, false, "c1"), told(&[], 2, false, "c2")],
        vec![told(&[], 2, false, "c2"), told(&["a"], 3, false, "c3")],
    ]);
    let request = WatchRequest { progress_interval_ms: 100, ..request() };
    let mut watch = client(&fake.address, options()).watch(request);
    assert_eq!(next(&mut watch).await, (keys(&["a"]), 3));
    assert_eq!(fake.watched.from(), [None, Some(From::Cursor("c2".into()))]);
}

#[tokio::test]
async fn what_no_other_try_helps_against_is_told() {
    let fake = Fake::start(&Model::default(), Reply::Execute);
    let compacted = || error(Code::OutOfRange, "COMPACTED", &[("oldest_revision", "9")]);
    fake.watched
        .script([vec![told(&[], 1, false, "c1"), Err(compacted())], vec![Err(compacted())]]);
    let mut watch = client(&fake.address, options()).watch(request());
    for _ in 0..2 {
        match watch.next().await {
            Err(Error::Rejected(rejection)) => {
                assert_eq!(rejection.metadata["oldest_revision"], "9")
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_watch_follows_to_the_primary_that_another_operation_has_found() {
    let model = Model::default();
    let (old, new) = (Fake::start(&model, Reply::Execute), Fake::start(&model, Reply::Execute));
    old.watched.script([vec![told(&[], 1, false, "c1")]]);
    new.watched.script([vec![told(&[], 1, false, "c1"), told(&["a"], 2, false, "c2")]]);
    let client = client(&old.address, options());
    let mut watch = client.watch(request());
    watch.begin().await.unwrap();
    let waiting = tokio::spawn(async move { next(&mut watch).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    old.always(not_primary(&new.address));
    client.put("b", "1").await.unwrap();
    assert_eq!(waiting.await.unwrap(), (keys(&["a"]), 2));
    assert_eq!(new.watched.from(), [Some(From::Cursor("c1".into()))]);
}
