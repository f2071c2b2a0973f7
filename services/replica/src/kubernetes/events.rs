//! Events about what a replica goes through, for `kubectl describe` of its pod and its StatefulSet.
//!
//! They are for people and best effort: few, never in the way, and given up without the right to make them.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use understudy_arbiter::kubernetes::{ApiServer, Kind, Place, Refusal, field};

use super::pod_event::{PodEvent, Seen};
use crate::driver::View;

/// Events that wait to be sent; beyond, the newest are lost.
const WAITING: usize = 16;
/// Between two of them.
const PACE: Duration = Duration::from_secs(1);
/// Tries of one, and the pause between them.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(2);
/// The API server takes no longer message.
const MESSAGE: usize = 1000;

/// Tells what happens until the view's sender is gone.
pub async fn tell(
    api: Arc<ApiServer>,
    namespace: String,
    me: String,
    mut warning: watch::Receiver<String>,
    mut view: watch::Receiver<Arc<View>>,
) {
    let (sink, mut queue) = mpsc::channel(WAITING);
    let name = me.clone();
    let watching = async move {
        let mut seen = Seen::default();
        while view.changed().await.is_ok() {
            let now = Seen::of(&view.borrow_and_update(), &warning.borrow_and_update());
            for event in now.since(&seen, &name) {
                let _ = sink.try_send(event);
            }
            seen = now;
        }
    };
    let sending = async move {
        let mut sender = Sender { api, namespace, me, sent: 0, complained: false };
        while let Some(event) = queue.recv().await {
            sender.send(&event).await;
            tokio::time::sleep(PACE).await;
        }
    };
    tokio::join!(watching, sending);
}

struct Sender {
    api: Arc<ApiServer>,
    namespace: String,
    me: String,
    sent: u64,
    complained: bool,
}

impl Sender {
    async fn send(&mut self, event: &PodEvent) {
        for _ in 0..TRIES {
            match self.try_send(event).await {
                Ok(()) => return,
                Err(Refusal::Unclear(_)) => tokio::time::sleep(PAUSE).await,
                Err(why) => {
                    if !std::mem::replace(&mut self.complained, true) {
                        tracing::info!(replica = %self.me, "no Events are made: {why}");
                    }
                    return;
                }
            }
        }
    }

    async fn try_send(&mut self, event: &PodEvent) -> Result<(), Refusal> {
        // Its pod may be another one than in the life before, and its uid is asked for each time.
        let Ok(place) = Place::new(Kind::Pod, &self.namespace, &self.me) else { return Ok(()) };
        let pod = self.api.get(&place).await?;
        for about in subjects(&pod, &self.namespace) {
            self.sent += 1;
            let now = Timestamp::now();
            let name = format!("{}.{:x}.{}", self.me, now.as_nanosecond(), self.sent);
            let Ok(place) = Place::new(Kind::Event, &self.namespace, &name) else { continue };
            self.api.create(&place, &object(&place, about, event, &self.me, now)).await?;
        }
        Ok(())
    }
}

/// The pod, and who made it.
fn subjects(pod: &Value, namespace: &str) -> Vec<Value> {
    let about = |version: &str, kind: &str, name: &Value, uid: &Value| json!({"apiVersion": version, "kind": kind, "namespace": namespace, "name": name, "uid": uid});
    let metadata = &pod["metadata"];
    let mut all = vec![about("v1", "Pod", &metadata["name"], &metadata["uid"])];
    for owner in metadata["ownerReferences"].as_array().into_iter().flatten() {
        if let (Some(version), Some("StatefulSet")) =
            (field(owner, &["apiVersion"]), field(owner, &["kind"]))
        {
            all.push(about(version, "StatefulSet", &owner["name"], &owner["uid"]));
        }
    }
    all
}

fn object(place: &Place, about: Value, what: &PodEvent, me: &str, now: Timestamp) -> Value {
    let mut message = what.message.clone();
    message.truncate(message.floor_char_boundary(MESSAGE));
    let now = format!("{now:.0}");
    json!({
        "metadata": {"name": place.name, "namespace": place.namespace},
        "involvedObject": about,
        "reason": what.reason,
        "message": message,
        "type": if what.is_warning { "Warning" } else { "Normal" },
        "source": {"component": "understudy"},
        "reportingComponent": "understudy.dev/replica",
        "reportingInstance": me,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    })
}
