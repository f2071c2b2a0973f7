//! The cluster under test, and people who edit its objects.

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Once};

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};
use understudy_arbiter::LeaseRegister;
use understudy_arbiter::kubernetes::ApiServer;

pub const NAMESPACE: &str = "default";
pub const ANNOTATION: &str = "understudy.dev/register";

/// One Lease for one test.
pub struct Cluster {
    pub config: Config,
    /// People, who may do everything.
    pub leases: Api<Lease>,
    pub client: Client,
    pub name: String,
}

/// A cluster with a blank Lease; `None`, and a line that says so, if there is no cluster to test with.
pub async fn cluster() -> Option<Cluster> {
    let cluster = without_lease().await?;
    cluster.make(json!({})).await;
    Some(cluster)
}

pub async fn without_lease() -> Option<Cluster> {
    let Some(path) = std::env::var_os("UNDERSTUDY_TEST_KUBECONFIG") else {
        // The test runner hides what a passing test prints with macros, and this must be seen.
        static SAID: Once = Once::new();
        let said =
            "SKIPPED: UNDERSTUDY_TEST_KUBECONFIG is not set (deploy/dev-cluster/api-only run)";
        SAID.call_once(|| drop(writeln!(std::io::stderr(), "{said}")));
        return None;
    };
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("t{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kubeconfig = Kubeconfig::read_from(path).unwrap();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
    let client = Client::try_from(config.clone()).unwrap();
    let leases = Api::namespaced(client.clone(), NAMESPACE);
    Some(Cluster { config, leases, client, name })
}

impl Cluster {
    /// A register with a connection of its own.
    pub fn register(&self) -> LeaseRegister {
        self.register_as(self.config.clone())
    }

    pub fn register_as(&self, config: Config) -> LeaseRegister {
        let api = Arc::new(ApiServer::new(config).unwrap());
        LeaseRegister::at(api, NAMESPACE, &self.name).unwrap()
    }

    /// Makes the Lease with these annotations.
    pub async fn make(&self, annotations: Value) {
        let lease =
            json!({"metadata": {"name": self.name, "annotations": annotations}, "spec": {}});
        let lease = serde_json::from_value(lease).unwrap();
        self.leases.create(&PostParams::default(), &lease).await.unwrap();
    }

    /// Edits the Lease by a merge patch, as `kubectl edit` and `kubectl label` do.
    pub async fn edit(&self, patch: Value) {
        let parameters = PatchParams::default();
        self.leases.patch(&self.name, &parameters, &Patch::Merge(patch)).await.unwrap();
    }

    pub async fn annotate(&self, text: impl Into<Value>) {
        self.edit(json!({"metadata": {"annotations": {ANNOTATION: text.into()}}})).await;
    }

    pub async fn delete(&self) {
        self.leases.delete(&self.name, &DeleteParams::default()).await.unwrap();
    }

    pub async fn exists(&self) -> bool {
        self.leases.get_opt(&self.name).await.unwrap().is_some()
    }

    pub async fn lease(&self) -> Value {
        serde_json::to_value(self.leases.get(&self.name).await.unwrap()).unwrap()
    }

    pub async fn annotation(&self) -> String {
        let lease = self.lease().await;
        lease["metadata"]["annotations"][ANNOTATION].as_str().unwrap().to_owned()
    }
}
