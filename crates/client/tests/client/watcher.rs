//! Remembers every try.

use std::sync::Mutex;

use understudy_client::proto::kv::v1::RequestStamp;
use understudy_client::{Attempt, Observe};

/// One try of a Put.
#[derive(Clone, Debug)]
pub struct Try {
    pub address: String,
    pub stamp: RequestStamp,
    pub failure: Option<String>,
}

/// Remembers every try of a Put.
#[derive(Default)]
pub struct Watcher(Mutex<Vec<Try>>);

impl Watcher {
    pub fn tries(&self) -> Vec<Try> {
        self.0.lock().unwrap().clone()
    }

    pub fn addresses(&self) -> Vec<String> {
        self.tries().into_iter().map(|one| one.address).collect()
    }
}

impl Observe for Watcher {
    fn attempted(&self, attempt: &Attempt<'_>) {
        if attempt.call == "put" {
            self.0.lock().unwrap().push(Try {
                address: attempt.address.to_owned(),
                stamp: attempt.stamp.unwrap(),
                failure: attempt.failure.map(str::to_owned),
            });
        }
    }
}
