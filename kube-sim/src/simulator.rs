//! The handle of a running simulator.

use std::{net::SocketAddr, sync::Arc};

use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    access::Denial,
    config::KubeSimConfig,
    errors::KubeSimError,
    faults::Fault,
    journal::SeenRequest,
    ledger::{Changes, RemovedPod, Rollout, ScaleChange},
    object::replicas,
    resource::{Resource, Role},
    samples, server,
    shared::Shared,
    world::{Key, Progress, World},
};

/// A running stand-in. Dropping it stops the server and ends its connections.
///
/// What its methods put, play the rest of the cluster: it counts versions and generations up, and is not counted as
/// a change by a client. A namespace and a name mean every object of that name, of whatever workload kind.
#[derive(Debug)]
pub struct KubeSim {
    shared: Arc<Shared>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl KubeSim {
    /// Listens and serves on the current tokio runtime, of either flavour, which must have I/O and time enabled.
    ///
    /// # Errors
    /// When the address is not a loopback address or cannot be listened on, or a configured object is refused.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn start(config: KubeSimConfig) -> Result<Self, KubeSimError> {
        let address = config.listen;
        if !address.ip().to_canonical().is_loopback() {
            return Err(KubeSimError::NotLoopback(address));
        }
        let shared = Arc::new(Shared::new(config)?);
        let failed = |source| KubeSimError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let server = tokio::spawn(server::serve(listener, Arc::clone(&shared)));
        Ok(Self {
            shared,
            address,
            server,
        })
    }

    /// The address for clients, for example `http://127.0.0.1:41234`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens; the port is never 0.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// A kubeconfig as YAML that leads here, with the first token there is.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        let state = self.shared.lock();
        let user = match state.access.tokens.keys().next() {
            Some(token) => serde_json::json!({ "token": token }).to_string(),
            None => "{}".to_owned(),
        };
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: kube-sim\n  cluster:\n    server: {}\n\
             users:\n- name: kube-sim\n  user: {user}\ncontexts:\n- name: kube-sim\n  context:\n    \
             cluster: kube-sim\n    user: kube-sim\n    namespace: default\ncurrent-context: kube-sim\n",
            self.url()
        )
    }

    /// Puts any object of a kind that is known here, new or over the old one, and returns it as stored.
    ///
    /// # Errors
    /// When the API would refuse it, too, or does not know the kind.
    pub fn put(&self, object: Value) -> Result<Value, KubeSimError> {
        let stored = self.shared.lock().world.put(object);
        stored.map_err(|refusal| KubeSimError::Object(refusal.message))
    }

    /// Objects made here follow the rules by construction, except for their names.
    fn put_sample(&self, object: Value) {
        if let Err(refusal) = self.shared.lock().world.put(object) {
            panic!("{}", refusal.message);
        }
    }

    /// Puts a Deployment with the label `app: <name>` and so many ready pods.
    ///
    /// # Panics
    /// When the name is none that Kubernetes allows.
    pub fn deployment(&self, namespace: &str, name: &str, replicas: u32) {
        self.workload("Deployment", namespace, name, replicas);
    }

    /// Puts a `Deployment`, `StatefulSet`, `DaemonSet` (so many pods) or Argo `Rollout` with so many ready pods.
    ///
    /// # Panics
    /// When the kind or the name is not allowed.
    pub fn workload(&self, kind: &str, namespace: &str, name: &str, replicas: u32) {
        self.put_sample(samples::workload(kind, namespace, name, replicas));
    }

    /// Puts a HorizontalPodAutoscaler on a target (kind and name) with a minimum and a maximum. It reacts to nothing.
    ///
    /// # Panics
    /// When the name is not allowed or the minimum is above the maximum.
    pub fn hpa(&self, namespace: &str, name: &str, target: (&str, &str), bounds: (u32, u32)) {
        self.put_sample(samples::autoscaler(namespace, name, target, bounds));
    }

    /// Puts a KEDA ScaledObject on a target and the autoscaler `keda-hpa-<name>` that it owns.
    ///
    /// # Panics
    /// As [`hpa`](Self::hpa).
    pub fn scaled_object(
        &self,
        namespace: &str,
        name: &str,
        target: (&str, &str),
        bounds: (u32, u32),
    ) {
        self.put_sample(samples::scaled_object(namespace, name, target, bounds));
        let owner = self.object("scaledobjects", namespace, name);
        let uid = owner.map(|owner| owner["metadata"]["uid"].clone());
        let hpa = format!("keda-hpa-{name}");
        let mut hpa = samples::autoscaler(namespace, &hpa, target, bounds);
        hpa["metadata"]["ownerReferences"] = serde_json::json!([{
            "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": name, "uid": uid,
            "controller": true, "blockOwnerDeletion": true,
        }]);
        self.put_sample(hpa);
    }

    /// An object by its resource (plural), as stored; `None` when there is none.
    #[must_use]
    pub fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let key = Key::new(Resource::by_plural(resource)?, namespace, name);
        self.shared.lock().world.objects.get(&key).cloned()
    }

    /// Removes an object as somebody else would; `false` when there was none.
    pub fn remove(&self, resource: &str, namespace: &str, name: &str) -> bool {
        let Some(resource) = Resource::by_plural(resource) else {
            return false;
        };
        let key = Key::new(resource, namespace, name);
        self.shared.lock().world.remove(&key).is_some()
    }

    /// All objects of a resource (plural) in a namespace, by name.
    #[must_use]
    pub fn objects(&self, resource: &str, namespace: &str) -> Vec<Value> {
        let state = self.shared.lock();
        let of = |key: &Key| key.resource.plural == resource && key.namespace == namespace;
        let found = state.world.objects.iter().filter(|(key, _)| of(key));
        found.map(|(_, object)| object.clone()).collect()
    }

    /// A ConfigMap as stored.
    #[must_use]
    pub fn configmap(&self, namespace: &str, name: &str) -> Option<Value> {
        self.object("configmaps", namespace, name)
    }

    /// A Lease as stored.
    #[must_use]
    pub fn lease(&self, namespace: &str, name: &str) -> Option<Value> {
        self.object("leases", namespace, name)
    }

    /// The Events of a namespace.
    #[must_use]
    pub fn events(&self, namespace: &str) -> Vec<Value> {
        self.objects("events", namespace)
    }

    /// `spec.replicas` of a workload; `None` when there is none of this name.
    #[must_use]
    pub fn replicas(&self, namespace: &str, name: &str) -> Option<i64> {
        let state = self.shared.lock();
        let key = state.world.workloads(namespace, name).into_iter().next()?;
        state.world.objects.get(&key).map(replicas)
    }

    /// Changes the number of replicas and nothing else, as an autoscaler or a person would; `false` when there is no
    /// workload of this name.
    pub fn set_replicas(&self, namespace: &str, name: &str, replicas: u32) -> bool {
        self.shared
            .lock()
            .world
            .set_replicas(namespace, name, replicas)
    }

    /// Says how far rollouts of a workload get by themselves; a step forward is made at once.
    pub fn set_progress(&self, namespace: &str, name: &str, progress: Progress) {
        let mut state = self.shared.lock();
        for key in state.world.workloads(namespace, name) {
            state.world.set_progress(&key, progress);
        }
    }

    /// What requests have changed since the start or the last [`reset`](Self::reset).
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.shared.lock().world.changes.clone()
    }

    /// The restarts of a workload that really began, oldest first.
    #[must_use]
    pub fn rollouts(&self, namespace: &str, name: &str) -> Vec<Rollout> {
        let mut rollouts = self.changes().rollouts;
        rollouts.retain(|one| one.workload.namespace == namespace && one.workload.name == name);
        rollouts
    }

    /// The numbers that really changed: of a workload, an autoscaler or a ScaledObject of this name.
    #[must_use]
    pub fn scale_changes(&self, namespace: &str, name: &str) -> Vec<ScaleChange> {
        let mut changes = self.changes().scale_changes;
        changes.retain(|one| one.object.namespace == namespace && one.object.name == name);
        changes
    }

    /// The pods that requests removed.
    #[must_use]
    pub fn removed_pods(&self) -> Vec<RemovedPod> {
        self.changes().removed_pods
    }

    /// All requests in the order of their arrival, without those of the control API.
    #[must_use]
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.lock().journal.all().to_vec()
    }

    /// Forgets requests and changes; objects stay.
    pub fn reset(&self) {
        let mut state = self.shared.lock();
        state.journal.reset();
        state.world.changes = Changes::default();
    }

    /// Adds a fault to those that are active.
    pub fn fault(&self, fault: impl Into<Fault>) {
        self.shared.lock().faults.inject(fault.into());
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.shared.lock().faults.clear();
    }

    /// Denies something more.
    pub fn deny(&self, denial: Denial) {
        self.shared.lock().access.denials.push(denial);
    }

    /// Forgets what has happened, so that a watch from before has to list again (410).
    pub fn compact(&self) {
        self.shared.lock().world.history.compact();
    }

    /// Denies nothing any more.
    pub fn allow_all(&self) {
        self.shared.lock().access.denials.clear();
    }

    /// Stops the server and waits until its sockets are closed.
    pub async fn shutdown(mut self) {
        self.server.abort();
        // The result is the cancellation just asked for.
        let _ = (&mut self.server).await;
    }
}

impl Drop for KubeSim {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl World {
    /// The workloads of this name, of whatever kind.
    pub(crate) fn workloads(&self, namespace: &str, name: &str) -> Vec<Key> {
        let found = self.objects.keys().filter(|key| {
            key.resource.role == Role::Workload && key.namespace == namespace && key.name == name
        });
        found.cloned().collect()
    }
}
