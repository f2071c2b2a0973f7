//! Requests about one object, each answered in bounded time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::header::USER_AGENT;
use http::{HeaderValue, Request};
use kube::core::Request as Paths;
use kube::core::params::{DeleteParams, GetParams, PostParams, Preconditions, WatchParams};
use kube::{Client, Config};
use serde_json::Value;
use tokio::time::timeout;

use super::connect::{self, ConnectError};
use super::object::{Place, field};
use super::patience::Patience;
use super::refusal::Refusal;
use super::watch::{self, Watch};

/// As which the fields written here are known in `metadata.managedFields`.
const MANAGER: &str = "understudy";
/// What the API server's log and its metrics know this program as.
const AGENT: &str = concat!("understudy/", env!("CARGO_PKG_VERSION"));
/// A token that is refused is read again no more often than this.
const TOKEN: Duration = Duration::from_secs(2);

/// The API server of one cluster. Reads are linearizable, never from its cache; nothing is retried.
pub struct ApiServer {
    config: Config,
    client: Mutex<Client>,
    patience: Patience,
    /// When the token was read again because it was refused.
    token_read: Mutex<Option<Instant>>,
}

impl ApiServer {
    /// The cluster of the kubeconfig, else the one that this pod runs in. Connects with the first
    /// request. Wants a tokio runtime, and rustls' provider installed.
    ///
    /// # Errors
    /// [`ConnectError`] if no cluster is configured here.
    pub async fn infer() -> Result<Self, ConnectError> {
        Self::new(connect::infer().await?)
    }

    /// The cluster of this configuration.
    ///
    /// # Errors
    /// [`ConnectError::Unusable`].
    pub fn new(mut config: Config) -> Result<Self, ConnectError> {
        config.headers.push((USER_AGENT, HeaderValue::from_static(AGENT)));
        let client = Mutex::new(connect::client(&config)?);
        Ok(ApiServer {
            config,
            client,
            patience: Patience::default(),
            token_read: Mutex::default(),
        })
    }

    /// The namespace of the pod's service account, or of the kubeconfig's context.
    pub fn namespace(&self) -> &str {
        &self.config.default_namespace
    }

    /// The object as it is now, read linearizably: without `resourceVersion` in the request the API
    /// server asks its store.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn get(&self, place: &Place) -> Result<Value, Refusal> {
        let request = paths(place).get(&place.name, &GetParams::default());
        self.ask("get", place, request).await
    }

    /// Replaces the object by test-and-set: only if its `uid` and `resourceVersion` are still those
    /// that `object` names. Gives what is stored now.
    ///
    /// # Errors
    /// [`Refusal`]. One that names no version would be unconditional, and is not sent.
    pub async fn put(&self, place: &Place, object: &Value) -> Result<Value, Refusal> {
        for name in ["uid", "resourceVersion"] {
            if field(object, &["metadata", name]).is_none_or(str::is_empty) {
                return Err(Refusal::Unclear(format!("{place} has no {name}: not written")));
            }
        }
        let request = paths(place).replace(&place.name, &by_us(), object.to_string().into());
        self.ask("update", place, request).await
    }

    /// Whether [`ApiServer::put`] of this object would be allowed: a dry run, which stores nothing.
    /// Gives what would be stored, as far as that is known: else `object`.
    ///
    /// # Errors
    /// [`Refusal`], but none if the object has changed meanwhile or somebody's webhook knows no dry
    /// run: neither says that it is not allowed.
    pub async fn rehearse_put(&self, place: &Place, object: &Value) -> Result<Value, Refusal> {
        let parameters = PostParams { dry_run: true, ..by_us() };
        let request = paths(place).replace(&place.name, &parameters, object.to_string().into());
        match self.ask("update", place, request).await {
            Err(Refusal::Conflict(_)) => Ok(object.clone()),
            Err(Refusal::Unclear(why)) if why.contains("does not support dry run") => {
                Ok(object.clone())
            }
            answer => answer,
        }
    }

    /// Whether [`ApiServer::delete`] would be allowed: a dry run about a uid that no object has.
    ///
    /// # Errors
    /// [`Refusal`]; that there is no such object is none.
    pub async fn rehearse_delete(&self, place: &Place) -> Result<(), Refusal> {
        let nobody = Some("00000000-0000-0000-0000-000000000000".into());
        let parameters = DeleteParams {
            dry_run: true,
            preconditions: Some(Preconditions { uid: nobody, resource_version: None }),
            ..DeleteParams::default()
        };
        let request = paths(place).delete(&place.name, &parameters);
        match self.ask("delete", place, request).await {
            Ok(_) | Err(Refusal::Conflict(_) | Refusal::NotFound(_)) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// Makes the object: an event about a pod, or a register that an operator has ordered.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn create(&self, place: &Place, object: &Value) -> Result<Value, Refusal> {
        let request = paths(place).create(&by_us(), object.to_string().into());
        self.ask("create", place, request).await
    }

    /// Deletes the object at once, without grace, if it still is the one with this uid.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn delete(&self, place: &Place, uid: &str) -> Result<(), Refusal> {
        self.delete_if(place, uid, None).await
    }

    /// Deletes the object at once, without grace, if nobody has changed it since it was read.
    ///
    /// # Errors
    /// [`Refusal`]. One that names no version is not deleted.
    pub async fn delete_unchanged(&self, place: &Place, object: &Value) -> Result<(), Refusal> {
        let named = |name| field(object, &["metadata", name]).filter(|text| !text.is_empty());
        let (Some(uid), Some(version)) = (named("uid"), named("resourceVersion")) else {
            return Err(Refusal::Unclear(format!("{place} has no version: not deleted")));
        };
        self.delete_if(place, uid, Some(version.into())).await
    }

    async fn delete_if(
        &self,
        place: &Place,
        uid: &str,
        resource_version: Option<String>,
    ) -> Result<(), Refusal> {
        let parameters = DeleteParams {
            grace_period_seconds: Some(0),
            preconditions: Some(Preconditions { uid: Some(uid.into()), resource_version }),
            ..DeleteParams::default()
        };
        let request = paths(place).delete(&place.name, &parameters);
        self.ask("delete", place, request).await.map(drop)
    }

    /// Opens a watch of the object.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn watch(&self, place: &Place) -> Result<Watch, Refusal> {
        let parameters = WatchParams {
            field_selector: Some(format!("metadata.name={}", place.name)),
            timeout: Some(watch::SPAN.as_secs() as u32),
            bookmarks: false,
            ..WatchParams::default()
        };
        // Without a version it begins with the object as it is: nothing is missed in between.
        let request = built("watch", place, paths(place).watch(&parameters, ""))?;
        let client = self.client().clone();
        self.bounded("watch", place, client.request_events(request)).await.map(Watch::new)
    }

    async fn ask(
        &self,
        verb: &'static str,
        place: &Place,
        request: Result<Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<Value, Refusal> {
        let request = built(verb, place, request)?;
        let client = self.client().clone();
        self.bounded(verb, place, client.request(request)).await
    }

    async fn bounded<T>(
        &self,
        verb: &'static str,
        place: &Place,
        asking: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, Refusal> {
        let patience = self.patience.now();
        let Ok(answer) = timeout(patience, asking).await else {
            self.patience.missed();
            self.reconnect();
            return Err(Refusal::Unclear(format!(
                "no answer from the API server within {patience:?} when asked to {verb} {place}"
            )));
        };
        self.patience.answered();
        answer.map_err(|error| {
            if matches!(&error, kube::Error::Api(status) if status.code == 401) {
                self.read_token_anew();
            }
            Refusal::of_error(verb, place, &error)
        })
    }

    /// The token in the pod may be another one by now: its account was recreated. The library reads
    /// it once a minute.
    fn read_token_anew(&self) {
        let now = Instant::now();
        let mut last = self.token_read.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|at| now >= at + TOKEN) {
            *last = Some(now);
            self.reconnect();
        }
    }

    /// An HTTP/2 connection into the void is kept, and takes request after request, until its ping
    /// is missed: the next request gets a new one instead.
    fn reconnect(&self) {
        if let Ok(client) = connect::client(&self.config) {
            *self.client() = client;
        }
    }

    fn client(&self) -> MutexGuard<'_, Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn paths(place: &Place) -> Paths {
    Paths::new(place.collection())
}

fn by_us() -> PostParams {
    PostParams { field_manager: Some(MANAGER.into()), ..PostParams::default() }
}

fn built(
    verb: &str,
    place: &Place,
    request: Result<Request<Vec<u8>>, kube::core::request::Error>,
) -> Result<Request<Vec<u8>>, Refusal> {
    request.map_err(|error| Refusal::Unclear(format!("cannot ask to {verb} {place}: {error}")))
}
