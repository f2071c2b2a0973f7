//! A namespace for each test, with what the chart would put there.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Event, Namespace, Pod, Service};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Client, Config, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::harness::cluster::Cluster;
use crate::harness::command::{Ended, understudy_as};
use crate::harness::wait;

/// Of Lease and Service.
pub const NAME: &str = "pair";
pub const POD: &str = "statefulset.kubernetes.io/pod-name";
pub const RECORD: &str = "understudy.dev/register";
pub const EPOCH: &str = "understudy.dev/epoch";

/// A namespace, people who may do everything there, and replicas.
pub struct Stage {
    pub namespace: String,
    pub cluster: Cluster,
    client: Client,
    kubeconfig: PathBuf,
}

/// A blank Lease, a Service without selector and a pair that is not started; `None`, and a line that
/// says so, if there is no API server to test with.
pub async fn stage(extra: &[&str]) -> Option<Stage> {
    let Some(kubeconfig) = std::env::var_os("UNDERSTUDY_TEST_KUBECONFIG") else {
        // The test runner hides what a passing test prints with macros, and this must be seen.
        static SAID: Once = Once::new();
        let said =
            "SKIPPED: UNDERSTUDY_TEST_KUBECONFIG is not set (deploy/dev-cluster/api-only run)";
        SAID.call_once(|| drop(writeln!(std::io::stderr(), "{said}")));
        return None;
    };
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let namespace = format!("u{}-{n}", std::process::id());
    let client = client(Path::new(&kubeconfig)).await;
    let mut cluster = Cluster::new(2).await;
    cluster.lease = Some(format!("lease:{namespace}/{NAME}"));
    cluster.extra = extra.iter().map(|text| (*text).to_owned()).collect();
    for replica in &mut cluster.replicas {
        replica.kubeconfig = Some(kubeconfig.clone().into());
    }
    let stage = Stage { namespace, cluster, client, kubeconfig: kubeconfig.into() };
    let object = json!({"metadata": {"name": stage.namespace}});
    let namespaces: Api<Namespace> = Api::all(stage.client.clone());
    namespaces.create(&PostParams::default(), &from(object)).await.unwrap();
    stage.make_lease().await;
    stage.make_service().await;
    Some(stage)
}

async fn client(kubeconfig: &Path) -> Client {
    let read = Kubeconfig::read_from(kubeconfig).unwrap();
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

fn from<T: DeserializeOwned>(object: Value) -> T {
    serde_json::from_value(object).unwrap()
}

impl Stage {
    /// Objects of one kind, as people reach them.
    pub fn all<K>(&self) -> Api<K>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Makes an object of the whole cluster, of any kind; gives the way to it.
    pub async fn make_for_all(&self, group: &str, kind: &str, object: Value) -> Api<DynamicObject> {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
        let all: Api<DynamicObject> = Api::all_with(self.client.clone(), &kind);
        all.create(&PostParams::default(), &from(object)).await.unwrap();
        all
    }

    /// The record, as it stands in the Lease.
    pub async fn record(&self) -> String {
        self.all::<Lease>().get(NAME).await.unwrap().annotations()[RECORD].clone()
    }

    /// Edits the record, or puts it back.
    pub async fn edit_record(&self, text: &str) {
        let patch = Patch::Merge(json!({"metadata": {"annotations": {RECORD: text}}}));
        self.all::<Lease>().patch(NAME, &PatchParams::default(), &patch).await.unwrap();
    }

    async fn make<K>(&self, object: Value) -> K
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + Serialize
            + DeserializeOwned,
        K::DynamicType: Default,
    {
        self.all::<K>().create(&PostParams::default(), &from(object)).await.unwrap()
    }

    pub async fn make_lease(&self) {
        self.make::<Lease>(json!({"metadata": {"name": NAME}, "spec": {}})).await;
    }

    pub async fn make_service(&self) {
        let spec = json!({"ports": [{"name": "grpc", "port": 7440}]});
        self.make::<Service>(json!({"metadata": {"name": NAME}, "spec": spec})).await;
    }

    pub async fn edit_service(&self, patch: Value) {
        let patch = Patch::Merge(patch);
        self.all::<Service>().patch(NAME, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Whom the Service leads to, and the epoch it says.
    pub async fn pointer(&self) -> (Option<String>, Option<String>) {
        let Some(service) = self.all::<Service>().get_opt(NAME).await.unwrap() else {
            return (None, None);
        };
        let epoch = service.annotations().get(EPOCH).cloned();
        let selector = service.spec.and_then(|spec| spec.selector).unwrap_or_default();
        (selector.get(POD).filter(|_| selector.len() == 1).cloned(), epoch)
    }

    /// Waits until the Service leads to this replica, and says an epoch that it may have become
    /// primary with.
    pub async fn until_leads_to(&self, number: usize) {
        let name = self.cluster.replicas[number].name.clone();
        wait::until(&format!("the Service leads to {name}"), || async {
            let epoch = self.cluster.status(number).await?.epoch;
            let (Some(pod), Some(said)) = self.pointer().await else { return None };
            let said: u64 = said.parse().unwrap();
            (pod == name && (1..=epoch).contains(&said)).then_some(())
        })
        .await;
    }

    /// Starts the pair and gives primary and backup.
    pub async fn begin(&mut self) -> (usize, usize) {
        self.cluster.start_all();
        let primary = self.cluster.complete().await;
        (primary, 1 - primary)
    }

    /// The pod of a replica, as an object, at the replica's address; gives its uid.
    pub async fn make_pod(&self, number: usize) -> String {
        let name = self.cluster.replicas[number].name.clone();
        let containers = json!([{"name": "understudy", "image": "none"}]);
        let pod = json!({"metadata": {"name": name}, "spec": {"containers": containers}});
        let uid = self.make::<Pod>(pod).await.uid().unwrap();
        let ip = json!({"status": {"podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]}});
        let patch = Patch::Merge(ip);
        self.all::<Pod>().patch_status(&name, &PatchParams::default(), &patch).await.unwrap();
        uid
    }

    /// A pod in the place of a replica's that a StatefulSet has made and a scheduler has bound: its
    /// node's kubelet has not answered for it.
    pub async fn bind_pod(&self, number: usize) -> String {
        let name = self.cluster.replicas[number].name.clone();
        let containers = json!([{"name": "understudy", "image": "none"}]);
        let spec = json!({"nodeName": "dead", "containers": containers});
        self.make::<Pod>(json!({"metadata": {"name": name}, "spec": spec})).await.uid().unwrap()
    }

    /// The kubelet answers for a pod.
    pub async fn take_on(&self, number: usize) {
        let taken = json!({"status": {"startTime": "2026-01-01T00:00:00Z"}});
        let (name, patch) = (&self.cluster.replicas[number].name, Patch::Merge(taken));
        self.all::<Pod>().patch_status(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Says whose a pod is.
    pub async fn own_pod(&self, number: usize) {
        let owner = json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": NAME,
            "uid": "6f1e2d3c-0000-4000-8000-00000000000a"}]);
        let patch = Patch::Merge(json!({"metadata": {"ownerReferences": owner}}));
        let name = &self.cluster.replicas[number].name;
        self.all::<Pod>().patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Waits for an Event about an object; gives its message.
    pub async fn event(&self, kind: &str, name: &str, reason: &str) -> String {
        wait::until(&format!("an Event {reason} about {kind} {name}"), || async {
            let all = self.all::<Event>().list(&Default::default()).await.unwrap();
            let about = |event: &&Event| {
                let object = &event.involved_object;
                object.kind.as_deref() == Some(kind) && object.name.as_deref() == Some(name)
            };
            let found = all.items.iter().filter(about);
            found.filter(|e| e.reason.as_deref() == Some(reason)).find_map(|e| e.message.clone())
        })
        .await
    }

    /// Changes what the replicas may do.
    pub async fn allow(&self, rules: Value) {
        let patch = Patch::Merge(json!({"rules": rules}));
        self.all::<Role>().patch("pair", &PatchParams::default(), &patch).await.unwrap();
    }

    pub async fn delete_pod(&self, number: usize) {
        let now = DeleteParams::default().grace_period(0);
        self.all::<Pod>().delete(&self.cluster.replicas[number].name, &now).await.unwrap();
    }

    pub async fn pod(&self, number: usize) -> Option<String> {
        let pod = self.all::<Pod>().get_opt(&self.cluster.replicas[number].name).await.unwrap();
        pod.map(|pod| pod.uid().unwrap())
    }

    /// Who the replicas are when they are restricted.
    pub fn somebody(&self) -> String {
        format!("somebody-of-{}", self.namespace)
    }

    /// Objects of one kind, as the replicas reach them when they are restricted.
    pub async fn all_as_somebody<K>(&self) -> Api<K>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        let path = self.cluster.replicas[0].kubeconfig.as_ref().unwrap();
        Api::namespaced(client(path).await, &self.namespace)
    }

    /// Lets the replicas be somebody who may do exactly this, as the chart's Role.
    pub async fn restrict(&mut self, rules: Value) {
        self.make::<Role>(json!({"metadata": {"name": "pair"}, "rules": rules})).await;
        let who = self.somebody();
        let group = "rbac.authorization.k8s.io";
        self.make::<RoleBinding>(json!({
            "metadata": {"name": "pair"},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "pair"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": who}],
        }))
        .await;
        let text = std::fs::read_to_string(&self.kubeconfig).unwrap();
        let path = self.cluster.dir.path().join("kubeconfig");
        std::fs::write(&path, text.replace("user: {", &format!("user: {{as: {who}, "))).unwrap();
        for replica in &mut self.cluster.replicas {
            replica.kubeconfig = Some(path.clone());
        }
    }

    /// Runs a command as somebody who may do everything.
    pub fn command(&self, arguments: &[&str]) -> Ended {
        understudy_as(&self.kubeconfig, arguments)
    }

    pub fn uri(&self) -> String {
        self.cluster.lease.clone().unwrap()
    }

    pub async fn logged(&self, number: usize, text: &str) {
        wait::until(&format!("the log says {text:?}"), || async {
            self.cluster.replicas[number].logged().contains(text).then_some(())
        })
        .await;
    }
}
