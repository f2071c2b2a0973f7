//! What a replica does in a Kubernetes cluster besides being one: the Service follows the primary, the
//! pod of a backup that does not come back is replaced, and Events say what has happened.
//!
//! All of them look at the view and ask the API server in tasks of their own; the loop knows nothing of it.

mod events;
mod evict;
mod pod_event;
mod pods;
mod pointer;
mod service;
mod stuck;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use understudy_arbiter::LeaseRegister;
use understudy_arbiter::kubernetes::{ApiServer, Kind, Place};

use crate::checkup::Check;
use crate::environment::{Environment, helper};
use crate::options::Options;

/// Dropped copies that wait for their pods' end; there are never more than a cluster has replicas.
const EVICTIONS: usize = 16;

/// The Lease as the register and, as far as the options say so, Service and evictions.
///
/// # Errors
/// Why that cannot be, on one line.
pub(crate) async fn environment(
    options: &Options,
    namespace: Option<&str>,
    name: &str,
) -> Result<Environment, String> {
    let api = Arc::new(ApiServer::infer().await.map_err(|error| error.to_string())?);
    let namespace = namespace.unwrap_or(api.namespace()).to_owned();
    let lease = LeaseRegister::at(api.clone(), &namespace, name);
    let mut environment = Environment::with(Arc::new(lease.map_err(|error| error.to_string())?));
    let me = options.name.clone();
    environment.helpers.push(helper({
        let (api, namespace, me) = (api.clone(), namespace.clone(), me.clone());
        let warning = environment.warning.subscribe();
        |view| events::tell(api, namespace, me, warning, view)
    }));
    if let Some(service) = &options.service {
        let service = Place::new(Kind::Service, &namespace, service);
        let service = service.map_err(|error| error.to_string())?;
        environment.checks.push(may_write(api.clone(), service.clone()));
        let (api, me) = (api.clone(), me.clone());
        environment.helpers.push(helper(|view| service::follow(api, service, me, view)));
    }
    if let Some(after) = options.timing.evict {
        let others: Vec<String> = options.peers.iter().map(|(name, _)| name.clone()).collect();
        for pod in others.iter().filter_map(|name| Place::new(Kind::Pod, &namespace, name).ok()) {
            environment.checks.push(may_delete(api.clone(), pod));
        }
        let (order, orders) = mpsc::channel(EVICTIONS);
        let spans = (Duration::from_nanos(options.timing.drop), Duration::from_nanos(after));
        environment.evict = Some(order);
        environment.helpers.push(helper(move |view| {
            let evictor = evict::Evictor::new(api, namespace, me, others, spans);
            evict::carry_out(evictor, orders, view)
        }));
    }
    Ok(environment)
}

/// Whether this object can be read and written.
fn may_write(api: Arc<ApiServer>, place: Place) -> Check {
    Box::new(move || {
        let (api, place) = (api.clone(), place.clone());
        Box::pin(async move {
            let checked = match api.get(&place).await {
                Ok(object) => api.rehearse_put(&place, &object).await.map(drop),
                Err(refusal) => Err(refusal),
            };
            checked.map_err(|why| why.to_string())
        })
    })
}

/// Whether this object could be deleted.
fn may_delete(api: Arc<ApiServer>, place: Place) -> Check {
    Box::new(move || {
        let (api, place) = (api.clone(), place.clone());
        Box::pin(async move { api.rehearse_delete(&place).await.map_err(|why| why.to_string()) })
    })
}
