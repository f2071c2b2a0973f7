//! What a replica does in a Kubernetes cluster besides being one: the Service follows the primary,
//! and the pod of a backup that does not come back is replaced.
//!
//! Both look at the view and ask the API server in tasks of their own; the loop knows nothing of it.

mod evict;
mod pods;
mod pointer;
mod service;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use understudy_arbiter::LeaseRegister;
use understudy_arbiter::kubernetes::{ApiServer, Kind, Place};

use crate::options::Options;
use crate::outside::{Outside, helper};

/// Dropped copies that wait for their pods' end; there are never more than a cluster has replicas.
const EVICTIONS: usize = 16;

/// The Lease as the register and, as far as the options say so, Service and evictions.
///
/// # Errors
/// Why that cannot be, on one line.
pub(crate) async fn outside(
    options: &Options,
    namespace: Option<&str>,
    name: &str,
) -> Result<Outside, String> {
    let api = Arc::new(ApiServer::infer().await.map_err(|error| error.to_string())?);
    let namespace = namespace.unwrap_or(api.namespace()).to_owned();
    let lease = LeaseRegister::at(api.clone(), &namespace, name);
    let mut outside = Outside::with(Arc::new(lease.map_err(|error| error.to_string())?));
    let me = options.name.clone();
    if let Some(service) = &options.service {
        let service = Place::new(Kind::Service, &namespace, service);
        let service = service.map_err(|error| error.to_string())?;
        let (api, me) = (api.clone(), me.clone());
        outside.helpers.push(helper(|view| service::follow(api, service, me, view)));
    }
    if options.timing.evict.is_some() {
        let (order, orders) = mpsc::channel(EVICTIONS);
        let window = Duration::from_nanos(options.timing.drop);
        outside.evict = Some(order);
        outside.helpers.push(helper(move |view| {
            evict::carry_out(evict::Evictor::new(api, namespace, me, window), orders, view)
        }));
    }
    Ok(outside)
}
