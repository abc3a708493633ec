//! The stored objects, their one counter of versions, and the rules of a write.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    clock,
    history::{Event, History},
    ledger::{Changes, ObjectRef},
    object::{self, essence, metadata, text},
    refusal::Refusal,
    resource::{Resource, Role},
    validate,
};

/// Where an object is stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) resource: &'static Resource,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(resource: &'static Resource, namespace: &str, name: &str) -> Self {
        Self {
            resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    pub(crate) fn to_ref(&self) -> ObjectRef {
        ObjectRef {
            resource: self.resource.plural.to_owned(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

/// Who writes, and whether for good.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Write<'a> {
    pub(crate) manager: &'a str,
    pub(crate) subresource: Option<&'a str>,
    /// Everything is checked, nothing is stored.
    pub(crate) is_dry_run: bool,
    /// By a request, so that it counts as a change; otherwise by the rest of the world.
    pub(crate) by_client: bool,
}

impl Write<'_> {
    /// The rest of the world: the library, the control API, the controllers.
    pub(crate) const WORLD: Write<'static> = Write {
        manager: "kube-sim",
        subresource: None,
        is_dry_run: false,
        by_client: false,
    };
}

/// How far a rollout gets by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Progress {
    /// It is over as soon as it began.
    #[default]
    Instant,
    /// No controller looks at the workload: the whole status, `observedGeneration` too, stays as it is.
    Stuck,
    /// Seen and under way, but one pod is missing.
    Rolling,
    /// The same, and given up: `Progressing` is False with `ProgressDeadlineExceeded`.
    Failed,
}

/// What is known of a workload beside the object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Side {
    pub(crate) progress: Progress,
    /// The template (and Argo's `restartAt`) that the pods were made from.
    pub(crate) rolled: Value,
}

/// Everything a server remembers. Reached through one lock: a request sees one state from beginning to end.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) objects: BTreeMap<Key, Value>,
    pub(crate) sides: BTreeMap<Key, Side>,
    pub(crate) changes: Changes,
    pub(crate) history: History,
    installed: BTreeSet<&'static str>,
    revision: u64,
    serial: u64,
}

impl World {
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// A number that no other call gets, for uids and random parts of names.
    pub(crate) fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    fn fresh_uid(&mut self) -> String {
        let serial = self.next_serial();
        format!("5eed0000-0000-4000-8000-{serial:012x}")
    }

    pub(crate) fn is_served(&self, resource: &Resource) -> bool {
        !resource.is_custom || self.installed.contains(resource.plural)
    }

    pub(crate) fn get(&self, key: &Key) -> Result<&Value, Refusal> {
        let missing = || Refusal::not_found(key.resource, &key.name);
        self.objects.get(key).ok_or_else(missing)
    }

    /// Stores with the next version.
    pub(crate) fn keep(&mut self, key: &Key, mut object: Value) -> Value {
        self.revision += 1;
        let version = json!(self.revision.to_string());
        metadata(&mut object).insert("resourceVersion".into(), version);
        let before = self.objects.insert(key.clone(), object.clone());
        let kind = if before.is_some() {
            "MODIFIED"
        } else {
            "ADDED"
        };
        self.happened(kind, key, object.clone());
        object
    }

    fn happened(&mut self, kind: &'static str, key: &Key, object: Value) {
        self.history.note(Event {
            kind,
            revision: self.revision,
            key: key.clone(),
            object,
        });
    }

    /// Stores an object that must not exist yet.
    pub(crate) fn create(
        &mut self,
        key: &Key,
        mut object: Value,
        write: &Write<'_>,
    ) -> Result<Value, Refusal> {
        if self.objects.contains_key(key) {
            return Err(Refusal::already_exists(key.resource, &key.name));
        }
        validate::name(key.resource, "name", &key.name)?;
        let uid = self.fresh_uid();
        let own = metadata(&mut object);
        for kept_by_server in ["resourceVersion", "generation", "managedFields"] {
            own.remove(kept_by_server);
        }
        own.insert("name".into(), json!(key.name));
        own.insert("namespace".into(), json!(key.namespace));
        own.insert("uid".into(), json!(uid));
        let created = clock::seconds(clock::now());
        own.insert("creationTimestamp".into(), json!(created));
        if key.resource.has_generation() {
            own.insert("generation".into(), json!(1));
        }
        object["apiVersion"] = json!(key.resource.api_version());
        object["kind"] = json!(key.resource.kind);
        if write.by_client
            && key.resource.has_status()
            && let Some(fields) = object.as_object_mut()
        {
            fields.remove("status");
        }
        validate::object(key.resource, &key.name, &object)?;
        note_manager(&mut object, write);
        if write.is_dry_run {
            return Ok(object);
        }
        if key.resource.is_custom {
            self.installed.insert(key.resource.plural);
        }
        let stored = self.keep(key, object);
        self.settle(key, false);
        Ok(stored)
    }

    /// Replaces an object by its next form, if it is still the one that the next form was made from.
    pub(crate) fn update(
        &mut self,
        key: &Key,
        mut next: Value,
        write: &Write<'_>,
    ) -> Result<Value, Refusal> {
        let before = self.get(key)?.clone();
        check_precondition(key, &before, &next)?;
        let own = metadata(&mut next);
        for kept in [
            "uid",
            "name",
            "namespace",
            "creationTimestamp",
            "resourceVersion",
            "generation",
            "managedFields",
        ] {
            match before["metadata"].get(kept) {
                Some(value) => own.insert(kept.into(), value.clone()),
                None => own.remove(kept),
            };
        }
        next["apiVersion"] = before["apiVersion"].clone();
        next["kind"] = before["kind"].clone();
        if write.by_client && key.resource.has_status() {
            match (before.get("status"), next.as_object_mut()) {
                (Some(status), _) => next["status"] = status.clone(),
                (None, Some(fields)) => drop(fields.remove("status")),
                (None, None) => {}
            }
        }
        validate::object(key.resource, &key.name, &next)?;
        if essence(&before) == essence(&next) {
            return Ok(before);
        }
        if key.resource.has_generation() && before["spec"] != next["spec"] {
            let generation = object::number(&before, "/metadata/generation").unwrap_or(0);
            metadata(&mut next).insert("generation".into(), json!(generation + 1));
        }
        note_manager(&mut next, write);
        if write.is_dry_run {
            return Ok(next);
        }
        if write.by_client {
            self.changes.written(key, &before, &next, clock::now());
        }
        let stored = self.keep(key, next);
        self.settle(key, write.by_client);
        Ok(stored)
    }

    /// Removes an object; what it owned stays, except the pods and ReplicaSets of a workload.
    pub(crate) fn remove(&mut self, key: &Key) -> Option<Value> {
        let gone = self.objects.remove(key)?;
        self.revision += 1;
        self.sides.remove(key);
        let mut last = gone.clone();
        metadata(&mut last).insert("resourceVersion".into(), json!(self.revision.to_string()));
        self.happened("DELETED", key, last);
        if matches!(key.resource.role, Role::Workload | Role::ReplicaSet) {
            for owned in self.owned_by(&gone) {
                self.remove(&owned);
            }
        }
        Some(gone)
    }

    /// Puts an object as somebody else in the cluster would: new, or over the old one.
    pub(crate) fn put(&mut self, object: Value) -> Result<Value, Refusal> {
        let part = |pointer| text(&object, pointer).unwrap_or_default();
        let (api_version, kind) = (part("/apiVersion"), part("/kind"));
        let Some(resource) = Resource::by_kind(api_version, kind) else {
            let message = format!("no kind {kind:?} of {api_version:?} is known here");
            return Err(Refusal::bad_request(message));
        };
        let namespace = text(&object, "/metadata/namespace").unwrap_or("default");
        let Some(name) = text(&object, "/metadata/name") else {
            return Err(Refusal::bad_request("`metadata.name` is missing"));
        };
        let key = Key::new(resource, namespace, name);
        let Some(before) = self.objects.get(&key) else {
            return self.create(&key, object, &Write::WORLD);
        };
        let mut next = object.clone();
        let version = before["metadata"]["resourceVersion"].clone();
        metadata(&mut next).insert("resourceVersion".into(), version);
        metadata(&mut next).remove("uid");
        self.update(&key, next, &Write::WORLD)
    }

    /// The keys of what has this object as an owner.
    pub(crate) fn owned_by(&self, owner: &Value) -> Vec<Key> {
        let uid = &owner["metadata"]["uid"];
        let owned = self.objects.iter().filter(|(_, object)| {
            let owners = object.pointer("/metadata/ownerReferences");
            let owners = owners.and_then(Value::as_array);
            owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"] == *uid))
        });
        owned.map(|(key, _)| key.clone()).collect()
    }

    /// The object that this one names as its owner.
    pub(crate) fn owner_of(&self, owned: &Value, namespace: &str) -> Option<Key> {
        let owner = owned.pointer("/metadata/ownerReferences/0")?;
        let resource = Resource::by_kind(owner["apiVersion"].as_str()?, owner["kind"].as_str()?)?;
        let key = Key::new(resource, namespace, owner["name"].as_str()?);
        self.objects.contains_key(&key).then_some(key)
    }
}

/// Version and uid, where the writer names them.
pub(crate) fn check_precondition(key: &Key, before: &Value, wanted: &Value) -> Result<(), Refusal> {
    let own = |object, pointer| text(object, pointer).map(str::to_owned);
    let differs = |pointer| {
        let wanted = own(wanted, pointer)?;
        let found = own(before, pointer).unwrap_or_default();
        (wanted != found).then_some((wanted, found))
    };
    if let Some((wanted, found)) = differs("/metadata/uid") {
        let why = format!(
            "Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
        );
        return Err(Refusal::conflict_because(key.resource, &key.name, &why));
    }
    if differs("/metadata/resourceVersion").is_some() {
        return Err(Refusal::conflict(key.resource, &key.name));
    }
    Ok(())
}

/// `managedFields` without the fields themselves: who wrote last, by which way.
fn note_manager(object: &mut Value, write: &Write<'_>) {
    if !write.by_client {
        return;
    }
    let api_version = object["apiVersion"].clone();
    let mut entry = json!({
        "manager": write.manager,
        "operation": "Update",
        "apiVersion": api_version,
        "time": clock::seconds(clock::now()),
        "fieldsType": "FieldsV1",
        "fieldsV1": {},
    });
    if let Some(subresource) = write.subresource {
        entry["subresource"] = json!(subresource);
    }
    let own = metadata(object);
    let managers = own.entry("managedFields").or_insert_with(|| json!([]));
    if let Some(managers) = managers.as_array_mut() {
        let is_same = |other: &Value| {
            other["manager"] == entry["manager"] && other["subresource"] == entry["subresource"]
        };
        managers.retain(|other| !is_same(other));
        managers.push(entry);
    }
}
