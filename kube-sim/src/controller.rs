//! What the controllers of a cluster do after a write: ReplicaSets, pods and status, at once or not at all.

use serde_json::{Value, json};

use crate::{
    clock,
    object::{map_mut, metadata, number, replicas, text, without_zeros},
    resource::{Resource, Role},
    samples::NODES,
    world::{Key, Progress, World, Write},
};

/// What decides whether pods are made anew.
fn rolling_part(workload: &Value) -> Value {
    json!([workload["spec"]["template"], workload["spec"]["restartAt"]])
}

fn is_paused(workload: &Value) -> bool {
    workload.pointer("/spec/paused") == Some(&Value::Bool(true))
}

/// Whether a changed template reaches the pods by itself.
fn rolls(workload: &Value) -> bool {
    !is_paused(workload) && text(workload, "/spec/updateStrategy/type") != Some("OnDelete")
}

/// How many pods a workload asks for.
fn wanted(key: &Key, workload: &Value) -> i64 {
    if key.resource.kind == "DaemonSet" {
        let nodes = &workload["metadata"]["annotations"][NODES];
        return nodes
            .as_str()
            .and_then(|nodes| nodes.parse().ok())
            .unwrap_or(1);
    }
    replicas(workload)
}

/// A short text that changes when the value does.
fn hash(value: &Value) -> String {
    let fnv = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let state = value.to_string().bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    letters(state, 10)
}

/// So many letters of a number, from the alphabet that Kubernetes uses because it spells no words.
pub(crate) fn letters(mut number: u64, count: usize) -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let next = || {
        let index = usize::try_from(number % 27).unwrap_or_default();
        number /= 27;
        char::from(ALPHABET[index])
    };
    std::iter::repeat_with(next).take(count).collect()
}

impl World {
    /// Lets the controllers look at what was just written. `by_client` makes a rollout count.
    pub(crate) fn settle(&mut self, key: &Key, by_client: bool) {
        if key.resource.role != Role::Workload {
            return;
        }
        let Some(workload) = self.objects.get(key).cloned() else {
            return;
        };
        let part = rolling_part(&workload);
        let is_new = !self.sides.contains_key(key);
        let side = self.sides.entry(key.clone()).or_default();
        if is_new {
            side.rolled = part;
        } else if side.rolled != part && rolls(&workload) {
            side.rolled = part;
            if by_client {
                self.changes.rolled(key, &workload, clock::now());
            }
        }
        self.run_controller(key, &workload);
    }

    /// Changes a number as the rest of the world would; `false` when there is no workload of this name.
    pub(crate) fn set_replicas(&mut self, namespace: &str, name: &str, replicas: u32) -> bool {
        let keys = self.workloads(namespace, name);
        for key in &keys {
            let Some(mut next) = self.objects.get(key).cloned() else {
                continue;
            };
            map_mut(&mut next, "spec").insert("replicas".into(), json!(replicas));
            // A plain number, on an object that is stored already: nothing there is to refuse.
            let _ = self.update(key, next, &Write::WORLD);
        }
        !keys.is_empty()
    }

    /// Lets rollouts of a workload go on, or not.
    pub(crate) fn set_progress(&mut self, key: &Key, progress: Progress) {
        self.sides.entry(key.clone()).or_default().progress = progress;
        if let Some(workload) = self.objects.get(key).cloned() {
            self.run_controller(key, &workload);
        }
    }

    fn run_controller(&mut self, key: &Key, workload: &Value) {
        let side = self.sides.get(key).cloned().unwrap_or_default();
        match side.progress {
            Progress::Stuck => return,
            Progress::Instant => self.make_pods(key, workload, &side.rolled),
            Progress::Rolling | Progress::Failed => {}
        }
        let is_updated = rolling_part(workload) == side.rolled;
        let status = status(key, workload, side.progress, is_updated);
        let mut next = workload.clone();
        // Lists of conditions and counters together: the controller owns the whole status.
        next["status"] = status;
        if next["status"] != workload["status"] {
            self.keep(key, next);
        }
    }

    fn make_pods(&mut self, key: &Key, workload: &Value, rolled: &Value) {
        let template = rolled[0].clone();
        let hash = hash(rolled);
        let count = wanted(key, workload);
        if matches!(key.resource.kind, "StatefulSet" | "DaemonSet") {
            let stem = Stem::Direct;
            self.sync_pods(key, workload, &template, &hash, count, stem);
            return;
        }
        let Some(sets) = Resource::by_plural("replicasets") else {
            return;
        };
        let current = Key::new(sets, &key.namespace, &format!("{}-{hash}", key.name));
        if !self.objects.contains_key(&current) {
            let set = replica_set(key, workload, &current.name, &template, &hash);
            let mut set = set;
            let serial = self.next_serial();
            metadata(&mut set).insert("uid".into(), json!(uid(serial)));
            self.keep(&current, set);
        }
        for set_key in self.owned_by(workload) {
            let Some(set) = self.objects.get(&set_key).cloned() else {
                continue;
            };
            let count = if set_key == current { count } else { 0 };
            let mut next = set.clone();
            next["spec"]["replicas"] = json!(count);
            next["status"] = without_zeros(json!({
                "observedGeneration": 1, "readyReplicas": count, "availableReplicas": count,
                "fullyLabeledReplicas": count,
            }));
            next["status"]["replicas"] = json!(count);
            if next != set {
                self.keep(&set_key, next.clone());
            }
            let template = next["spec"]["template"].clone();
            let hash = text(&next, "/metadata/labels/pod-template-hash").unwrap_or_default();
            self.sync_pods(&set_key, &next, &template, hash, count, Stem::Random);
        }
    }

    /// Removes pods that are too many or of another template, and makes the missing ones.
    fn sync_pods(
        &mut self,
        owner_key: &Key,
        owner: &Value,
        template: &Value,
        hash: &str,
        count: i64,
        stem: Stem,
    ) {
        let label = stem.hash_label();
        let mut kept = 0;
        for pod in self.owned_by(owner) {
            let is_current = self
                .objects
                .get(&pod)
                .is_some_and(|object| object["metadata"]["labels"][label].as_str() == Some(hash));
            if is_current && kept < count {
                kept += 1;
            } else {
                self.remove(&pod);
            }
        }
        let Some(pods) = Resource::by_plural("pods") else {
            return;
        };
        let mut ordinal = 0;
        while kept < count {
            let serial = self.next_serial();
            let end = if owner_key.resource.kind == "StatefulSet" {
                ordinal.to_string()
            } else {
                letters(serial.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16, 5)
            };
            ordinal += 1;
            let key = Key::new(
                pods,
                &owner_key.namespace,
                &format!("{}-{end}", owner_key.name),
            );
            if self.objects.contains_key(&key) {
                continue;
            }
            let mut pod = pod(owner_key, owner, &key.name, template, serial);
            map_mut(&mut pod["metadata"], "labels").insert(label.into(), json!(hash));
            self.keep(&key, pod);
            kept += 1;
        }
    }

    /// A pod went: whoever owns it makes another.
    pub(crate) fn replace_pod(&mut self, gone: &Value, namespace: &str) {
        let Some(mut owner) = self.owner_of(gone, namespace) else {
            return;
        };
        while let Some(above) = self
            .objects
            .get(&owner)
            .and_then(|object| self.owner_of(object, namespace))
        {
            owner = above;
        }
        self.settle(&owner, false);
    }
}

/// Whose pods they are: a ReplicaSet's, or directly the workload's.
#[derive(Debug, Clone, Copy)]
enum Stem {
    Random,
    Direct,
}

impl Stem {
    fn hash_label(self) -> &'static str {
        match self {
            Self::Random => "pod-template-hash",
            Self::Direct => "controller-revision-hash",
        }
    }
}

fn uid(serial: u64) -> String {
    format!("5eed0001-0000-4000-8000-{serial:012x}")
}

fn owner_reference(key: &Key, owner: &Value) -> Value {
    json!([{
        "apiVersion": key.resource.api_version(),
        "kind": key.resource.kind,
        "name": key.name,
        "uid": owner["metadata"]["uid"],
        "controller": true,
        "blockOwnerDeletion": true,
    }])
}

fn replica_set(key: &Key, workload: &Value, name: &str, template: &Value, hash: &str) -> Value {
    let mut template = template.clone();
    map_mut(metadata_of(&mut template), "labels").insert("pod-template-hash".into(), json!(hash));
    let mut selector = workload["spec"]["selector"].clone();
    map_mut(&mut selector, "matchLabels").insert("pod-template-hash".into(), json!(hash));
    json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": key.namespace,
            "labels": template["metadata"]["labels"],
            "creationTimestamp": clock::seconds(clock::now()),
            "generation": 1,
            "ownerReferences": owner_reference(key, workload),
        },
        "spec": { "replicas": 0, "selector": selector, "template": template },
        "status": { "replicas": 0 },
    })
}

fn metadata_of(object: &mut Value) -> &mut Value {
    metadata(object);
    &mut object["metadata"]
}

fn pod(owner_key: &Key, owner: &Value, name: &str, template: &Value, serial: u64) -> Value {
    let mut metadata = json!({
        "name": name,
        "namespace": owner_key.namespace,
        "uid": uid(serial),
        "creationTimestamp": clock::seconds(clock::now()),
        "ownerReferences": owner_reference(owner_key, owner),
    });
    for part in ["labels", "annotations"] {
        if let Some(fields) = template["metadata"].get(part) {
            metadata[part] = fields.clone();
        }
    }
    let mut spec = template["spec"].clone();
    if !spec.is_object() {
        spec = json!({ "containers": [] });
    }
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": spec,
        "status": {
            "phase": "Running",
            "conditions": [{ "type": "Ready", "status": "True" }],
        },
    })
}

/// The status that the workload's controller would write now.
fn status(key: &Key, workload: &Value, progress: Progress, is_updated: bool) -> Value {
    let generation = number(workload, "/metadata/generation").unwrap_or(1);
    let count = wanted(key, workload);
    let is_done = progress == Progress::Instant;
    // With a pod missing there are as many as asked for, one of them old.
    let updated = match (is_done, is_updated) {
        (_, false) => 0,
        (true, true) => count,
        (false, true) => (count - 1).max(0),
    };
    match key.resource.kind {
        "DaemonSet" => json!({
            "observedGeneration": generation,
            "currentNumberScheduled": count,
            "desiredNumberScheduled": count,
            "updatedNumberScheduled": updated,
            "numberMisscheduled": 0,
            "numberReady": count,
            "numberAvailable": count,
        }),
        "StatefulSet" => json!({
            "observedGeneration": generation,
            "replicas": count,
            "readyReplicas": count,
            "availableReplicas": count,
            "updatedReplicas": updated,
            "currentReplicas": updated,
        }),
        "Rollout" => json!({
            "observedGeneration": generation.to_string(),
            "replicas": count,
            "HPAReplicas": count,
            "readyReplicas": count,
            "availableReplicas": count,
            "updatedReplicas": updated,
            "selector": crate::object::selector_text(workload),
            "phase": if is_done && is_updated { "Healthy" } else { "Progressing" },
        }),
        _ => {
            let mut status = without_zeros(json!({
                "observedGeneration": generation,
                "replicas": count,
                "readyReplicas": count,
                "availableReplicas": count,
                "updatedReplicas": updated,
            }));
            status["conditions"] = conditions(workload, progress);
            status
        }
    }
}

fn conditions(workload: &Value, progress: Progress) -> Value {
    let (status, reason) = match progress {
        _ if is_paused(workload) => ("Unknown", "DeploymentPaused"),
        Progress::Failed => ("False", "ProgressDeadlineExceeded"),
        Progress::Rolling | Progress::Stuck => ("True", "ReplicaSetUpdated"),
        Progress::Instant => ("True", "NewReplicaSetAvailable"),
    };
    json!([
        { "type": "Available", "status": "True", "reason": "MinimumReplicasAvailable" },
        { "type": "Progressing", "status": status, "reason": reason },
    ])
}
