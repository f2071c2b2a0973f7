//! Deleting keys.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use bytes::Bytes;
use understudy_proto::kv::v1::delete_request::Target;
use understudy_proto::kv::v1::{DeleteRequest, DeleteResponse, KeyRange};

use crate::{Client, Error};

/// A Delete about to be sent: await it. Deleting nothing is no error, and an unmet condition is
/// none either: `succeeded` is false then.
#[derive(Clone, Debug)]
#[must_use = "a Delete does nothing until it is awaited"]
pub struct Delete {
    client: Client,
    request: DeleteRequest,
}

impl Client {
    /// Deletes a key.
    pub fn delete(&self, key: impl Into<Bytes>) -> Delete {
        self.delete_target(Target::Key(key.into()))
    }

    /// Deletes the keys of a range, atomically.
    pub fn delete_range(&self, range: KeyRange) -> Delete {
        self.delete_target(Target::Range(range))
    }

    fn delete_target(&self, target: Target) -> Delete {
        let request = DeleteRequest { target: Some(target), ..DeleteRequest::default() };
        Delete { client: self.clone(), request }
    }
}

impl Delete {
    /// Deletes only if the key's `mod_revision` is `revision`, at least 1; one key only.
    pub fn if_revision(mut self, revision: i64) -> Self {
        self.request.if_revision = Some(revision);
        self
    }

    /// Deletes no more than this many keys of a range, the first ones; 0: all of them, or none if there are more than
    /// the quota allows at once (10,000 by default). The response's `more` tells whether others are left.
    pub fn limit(mut self, keys: u64) -> Self {
        self.request.limit = i64::try_from(keys).unwrap_or(i64::MAX);
        self
    }

    /// Asks for the records from before.
    pub fn return_previous(mut self) -> Self {
        self.request.return_previous = true;
        self
    }
}

impl IntoFuture for Delete {
    type Output = Result<DeleteResponse, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.client.mutate(self.request).await })
    }
}
