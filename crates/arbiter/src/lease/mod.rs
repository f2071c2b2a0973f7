//! The register as a Lease of a Kubernetes cluster.

mod answer;
mod content;
mod made;
mod order;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use understudy_protocol::{Observed, Record, RegisterFailure, WriteAnswer};

pub use made::Made;

use crate::kubernetes::{ApiServer, Change, Changes, Kind, Place, Refusal, version_of};
use crate::{Arbiter, NameError};

/// A register that is one Lease object (`coordination.k8s.io/v1`).
///
/// A write is one `PUT` with the `uid` and the `resourceVersion` that were read: the API server lets
/// exactly one of several writers through. That is the test-and-set. A read asks the API server
/// without `resourceVersion`, which it answers from its store, linearizably, never from a cache.
/// Nothing is renewed and no clock decides: between two transitions there is only an open watch, for
/// information.
///
/// Labels, other annotations and whatever else people put into the object stay as they are; such an
/// edit moves the `resourceVersion`, so that a write under way is [`WriteAnswer::Conflict`] and the
/// protocol tries again over what it reads then. Nothing here makes a Lease but by order
/// ([`LeaseRegister::create`], [`LeaseRegister::restore`]).
///
/// # What the Lease says
/// For people, as `kubectl get lease` shows it, and never read back: `spec.holderIdentity` is the
/// primary's name, `spec.leaseTransitions` the epoch (from 2^31 on it stays at 2^31 - 1), and
/// `spec.acquireTime` the time of the write.
///
/// The record is the text of the annotation `understudy.dev/register`. Its JSON schema:
///
/// ```json
/// {
///   "$schema": "https://json-schema.org/draft/2020-12/schema",
///   "type": "object",
///   "additionalProperties": false,
///   "required": ["format", "crc32c", "record"],
///   "properties": {
///     "format": {"const": 1},
///     "crc32c": {
///       "description": "CRC32C of the record as compact JSON, its fields in the order below",
///       "type": "string", "pattern": "^[0-9a-f]{8}$"
///     },
///     "record": {
///       "type": "object",
///       "additionalProperties": false,
///       "required": ["cluster", "epoch", "primary", "members", "floor", "nonce"],
///       "properties": {
///         "cluster": {"$ref": "#/$defs/id"},
///         "epoch": {"$ref": "#/$defs/count"},
///         "primary": {"$ref": "#/$defs/id", "description": "an incarnation"},
///         "members": {
///           "type": "array",
///           "items": {
///             "type": "object",
///             "additionalProperties": false,
///             "required": ["incarnation", "name", "peer_address", "client_address"],
///             "properties": {
///               "incarnation": {"$ref": "#/$defs/id"},
///               "name": {"type": "string"},
///               "peer_address": {"type": "string"},
///               "client_address": {"type": "string"}
///             }
///           }
///         },
///         "floor": {"$ref": "#/$defs/count"},
///         "nonce": {"$ref": "#/$defs/id"}
///       }
///     }
///   },
///   "$defs": {
///     "id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
///     "count": {"type": "integer", "minimum": 0, "maximum": 18446744073709551615}
///   }
/// }
/// ```
///
/// A Lease without this annotation is the blank register, provided that nobody has ever held it
/// (`holderIdentity`, `leaseTransitions`, `acquireTime` and `renewTime` are unset): else it belongs
/// to another program, or its annotation was taken away, and it counts as damaged.
pub struct LeaseRegister {
    api: Arc<ApiServer>,
    place: Place,
    /// The object as last read or written here: what a write edits.
    last: Mutex<Option<Value>>,
    changes: tokio::sync::Mutex<Changes>,
}

impl LeaseRegister {
    /// The register that is the Lease of this name, whether or not it can be reached now.
    ///
    /// # Errors
    /// [`NameError`] if no object can have this name.
    pub fn at(api: Arc<ApiServer>, namespace: &str, name: &str) -> Result<Self, NameError> {
        let place = Place::new(Kind::Lease, namespace, name)?;
        Ok(LeaseRegister { api, place, last: Mutex::default(), changes: Default::default() })
    }

    /// Which Lease it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    fn last(&self) -> MutexGuard<'_, Option<Value>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, lease: Option<Value>) {
        *self.last() = lease;
    }

    /// The object of this base, to be edited. Usually it is the one that was read last; if another
    /// read came in between, it is read again. What is given has the `uid` and the `resourceVersion`
    /// of the base in either case, so that the write is over nothing else.
    async fn object_of(&self, base: &Observed) -> Result<Value, Result<WriteAnswer, Refusal>> {
        let is_base = |lease: &Value| {
            content::decode(lease)
                .is_ok_and(|now| (now.uid, &now.version) == (base.uid, &base.version))
        };
        if let Some(lease) = self.last().clone().filter(is_base) {
            return Ok(lease);
        }
        let lease = self.api.get(&self.place).await.map_err(Err)?;
        if is_base(&lease) { Ok(lease) } else { Err(Ok(WriteAnswer::Conflict)) }
    }

    async fn put(&self, mut lease: Value, record: &Record) -> Result<Value, Refusal> {
        content::edit(&mut lease, record, Timestamp::now());
        self.api.put(&self.place, &lease).await
    }
}

#[async_trait]
impl Arbiter for LeaseRegister {
    async fn read(&self) -> Result<Observed, RegisterFailure> {
        let lease = self.api.get(&self.place).await;
        let observed = answer::of_read(&self.place, lease.as_ref().map_err(Clone::clone));
        match lease {
            Ok(lease) => self.remember(Some(lease)),
            Err(Refusal::NotFound(_)) => self.remember(None),
            Err(_) => {}
        }
        observed
    }

    async fn write(&self, base: &Observed, record: &Record) -> WriteAnswer {
        let before = base.record.as_ref().map_or(0, |record| record.epoch);
        assert_eq!(record.epoch, before + 1, "every write is epoch + 1");
        let stored = match self.object_of(base).await {
            Ok(lease) => self.put(lease, record).await,
            Err(Ok(answer)) => return answer,
            Err(Err(refusal)) => Err(refusal),
        };
        let answer =
            answer::of_write(&self.place, record, base, stored.as_ref().map_err(Clone::clone));
        if let Ok(lease) = stored {
            self.remember(Some(lease));
        }
        answer
    }

    /// A rehearsed write of what was read asks for every right that a real one needs, and every
    /// admission webhook, and stores nothing.
    async fn check(&self) -> Result<(), String> {
        // Not as `read` does: what this read has seen, the watch is still to tell.
        let lease = self.api.get(&self.place).await;
        answer::of_read(&self.place, lease.as_ref().map_err(Clone::clone))
            .map_err(|failure| failure.to_string())?;
        let Ok(lease) = lease else { return Ok(()) };
        let stored = self.api.rehearse_put(&self.place, &lease).await;
        let stored = stored.map_err(|why| why.to_string())?;
        match content::annotation(&stored) == content::annotation(&lease) {
            true => Ok(()),
            false => Err(answer::changed(&self.place)),
        }
    }

    async fn changed(&self) {
        let mut changes = self.changes.lock().await;
        loop {
            match changes.next(&self.api, &self.place).await {
                Change::Now(lease) => {
                    let known = self.last();
                    if known.as_ref().and_then(version_of) != version_of(&lease) {
                        return;
                    }
                }
                Change::Gone => return,
            }
        }
    }
}
