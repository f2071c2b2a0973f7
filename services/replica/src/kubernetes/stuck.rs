//! Pods that are bound to a node and that no kubelet starts: the node is dead, and nobody knows it yet.
//!
//! A StatefulSet's pod that is deleted before its node counts as dead is recreated on that node, where its
//! volume is or was. Only another deletion, after the node's grace (40 to 50 s unless the cluster is set up
//! otherwise), gets it somewhere else.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use understudy_arbiter::kubernetes::field;

/// Pods of one name that are replaced in a row, at most.
const TRIES: u32 = 10;
/// The longest pause before the next one.
const LONGEST: Duration = Duration::from_secs(300);

/// What is known of such pods, by name: one for each other replica, at most.
pub struct Stuck {
    /// How long a pod may take to be started, at first.
    after: Duration,
    pods: BTreeMap<String, Found>,
}

struct Found {
    uid: String,
    since: Instant,
    /// Pods of this name that were replaced before.
    tries: u32,
}

impl Stuck {
    pub fn new(after: Duration) -> Self {
        Stuck { after, pods: BTreeMap::new() }
    }

    pub fn forget(&mut self, name: &str) {
        self.pods.remove(name);
    }

    pub fn forget_all(&mut self) {
        self.pods.clear();
    }

    /// Why the pod is to be replaced now, if it is: it counts as one try.
    pub fn due(&mut self, name: &str, pod: &Value, now: Instant) -> Option<String> {
        let (Some(node), Some(uid)) = (waits_for(pod), field(pod, &["metadata", "uid"])) else {
            self.forget(name);
            return None;
        };
        let found = self.pods.entry(name.to_owned()).or_insert_with(|| Found {
            uid: uid.to_owned(),
            since: now,
            tries: 0,
        });
        if found.uid != uid {
            (found.uid, found.since) = (uid.to_owned(), now);
        }
        let pause = (self.after * 2u32.pow(found.tries)).min(LONGEST);
        if found.tries >= TRIES || now < found.since + pause {
            return None;
        }
        found.tries += 1;
        found.since = now;
        Some(format!("no kubelet of node {node} has taken it on within {pause:?}"))
    }
}

/// The node that a pod is bound to while its kubelet has not answered for it: nothing of it has run.
fn waits_for(pod: &Value) -> Option<&str> {
    let node = field(pod, &["spec", "nodeName"]).filter(|node| !node.is_empty())?;
    let taken = !pod["status"]["startTime"].is_null()
        || pod["status"]["containerStatuses"].as_array().is_some_and(|all| !all.is_empty());
    (!taken).then_some(node)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const AFTER: Duration = Duration::from_secs(10);

    fn pod(uid: &str, node: &str) -> Value {
        json!({"metadata": {"uid": uid}, "spec": {"nodeName": node}, "status": {"phase": "Pending"}})
    }

    #[test]
    fn a_bound_pod_that_nobody_takes_is_due_with_growing_pauses_and_a_bound() {
        let (mut stuck, mut now) = (Stuck::new(AFTER), Instant::now());
        let mut pauses = Vec::new();
        for n in 0..TRIES {
            let pod = pod(&n.to_string(), "n1");
            let found = now;
            while stuck.due("b", &pod, now).is_none() {
                now += Duration::from_secs(1);
            }
            pauses.push((now - found).as_secs());
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 300, 300, 300, 300, 300]);
        let last = pod("last", "n1");
        assert_eq!(stuck.due("b", &last, now), None);
        assert_eq!(stuck.due("b", &last, now + LONGEST * 9), None, "never again");
    }

    #[test]
    fn a_pod_that_is_taken_on_or_bound_to_no_node_is_left_alone_and_ends_the_count() {
        let (mut stuck, now) = (Stuck::new(AFTER), Instant::now());
        let unbound = json!({"metadata": {"uid": "u"}, "spec": {}, "status": {"phase": "Pending"}});
        let mut taken = pod("u", "n1");
        taken["status"]["startTime"] = json!("2026-01-01T00:00:00Z");
        for left_alone in [unbound, taken] {
            assert_eq!(stuck.due("b", &pod("u", "n1"), now), None);
            assert_eq!(stuck.due("b", &left_alone, now + AFTER), None);
            assert_eq!(stuck.due("b", &pod("u", "n1"), now + AFTER), None, "counted anew");
            stuck.forget("b");
        }
    }

    #[test]
    fn another_pod_gets_its_own_time() {
        let (mut stuck, now) = (Stuck::new(AFTER), Instant::now());
        assert_eq!(stuck.due("b", &pod("u1", "n1"), now), None);
        assert_eq!(stuck.due("b", &pod("u2", "n1"), now + AFTER), None);
        assert!(stuck.due("b", &pod("u2", "n1"), now + AFTER * 2).is_some());
    }
}
