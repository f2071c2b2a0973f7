//! What the scripted replicas of one test share: a store that executes each stamp once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use understudy_client::proto::kv::v1::{PutRequest, RequestStamp};

/// The shared store.
#[derive(Clone, Default)]
pub struct Model(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Keys of the Puts in the order of execution.
    executed: Vec<Vec<u8>>,
    answers: HashMap<(u64, u64), i64>,
    sessions: BTreeSet<u64>,
    /// What was asked under each stamp.
    asked: BTreeMap<(u64, u64), Vec<u8>>,
    kept_alive: usize,
    trouble: Vec<String>,
}

impl Model {
    /// Executes a Put once; the revision.
    pub fn execute(&self, put: &PutRequest) -> i64 {
        let mut state = self.0.lock().unwrap();
        let stamp = put.stamp.unwrap();
        let id = (stamp.session_id, stamp.sequence);
        if let Some(revision) = state.answers.get(&id) {
            return *revision;
        }
        state.executed.push(put.key.to_vec());
        let revision = state.executed.len() as i64;
        state.answers.insert(id, revision);
        revision
    }

    /// Notes a Put that arrived, whatever becomes of it.
    pub fn arrived(&self, put: &PutRequest) {
        let mut state = self.0.lock().unwrap();
        let RequestStamp { session_id, sequence, received_below } = put.stamp.unwrap();
        if received_below > sequence {
            state.trouble.push(format!("{sequence} received below {received_below}"));
        }
        let before = state.asked.insert((session_id, sequence), put.key.to_vec());
        if before.is_some_and(|before| before != put.key) {
            state.trouble.push(format!("sequence {sequence} used twice"));
        }
    }

    pub fn open_session(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        let id = 10 * (state.sessions.len() as u64 + 1);
        state.sessions.insert(id);
        id
    }

    pub fn keep_alive(&self) {
        self.0.lock().unwrap().kept_alive += 1;
    }

    pub fn kept_alive(&self) -> usize {
        self.0.lock().unwrap().kept_alive
    }

    pub fn executed(&self) -> Vec<String> {
        let state = self.0.lock().unwrap();
        state.executed.iter().map(|key| String::from_utf8(key.clone()).unwrap()).collect()
    }

    pub fn sessions(&self) -> usize {
        self.0.lock().unwrap().sessions.len()
    }

    /// The stamps that arrived: session and sequence.
    pub fn stamps(&self) -> Vec<(u64, u64)> {
        self.0.lock().unwrap().asked.keys().copied().collect()
    }

    /// What clients may never do.
    pub fn trouble(&self) -> Vec<String> {
        self.0.lock().unwrap().trouble.clone()
    }
}
