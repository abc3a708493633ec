//! The ledger in a ConfigMap, shared by replicas.

use super::{LedgerStore, LedgerVersion};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Client,
    api::{Api, ObjectMeta, PostParams},
};
use lag_cluster::request::{LIMIT, within};
use lag_core::{
    alert::Ledger,
    port::{BoxFuture, PortError, PortErrorKind},
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

const KEY: &str = "ledger.json";
/// What all values of a ConfigMap may have together.
const MOST_BYTES: usize = 1_048_576;

/// Keeps the ledger under the key `ledger.json` of a ConfigMap, which is made if it is not there; what else lies in it stays. The
/// version is the `resourceVersion`: the API server refuses a save over an older one, so no Lease is needed.
pub struct ConfigMapLedger {
    maps: Api<ConfigMap>,
    name: String,
    place: String,
    /// As read or saved last: a text is read once for each version, and a save sends the rest of the object back.
    last: Mutex<Option<Arc<Kept>>>,
}

struct Kept {
    map: ConfigMap,
    version: LedgerVersion,
    ledger: Arc<Ledger>,
}

impl ConfigMapLedger {
    /// The ledger in the ConfigMap `name`. The client must not retry by itself.
    #[must_use]
    pub fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self {
            maps: Api::namespaced(client, namespace),
            name: name.to_owned(),
            place: format!("configmap {namespace}/{name}"),
            last: Mutex::default(),
        }
    }

    fn last(&self) -> Option<Arc<Kept>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    fn keep(&self, map: ConfigMap, version: LedgerVersion, ledger: Arc<Ledger>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Arc::new(Kept {
            map,
            version,
            ledger,
        }));
    }

    async fn read(&self) -> Result<(Arc<Ledger>, LedgerVersion), PortError> {
        let found = within(LIMIT, self.maps.get_opt(&self.name)).await;
        let found = found.map_err(|failure| {
            failure.into_error(&format!("read the ledger from {}", self.place))
        })?;
        let Some(map) = found else {
            return Ok((Arc::default(), LedgerVersion::NONE));
        };
        let version = self.version(&map)?;
        if let Some(last) = self.last().filter(|last| last.version == version) {
            return Ok((Arc::clone(&last.ledger), version));
        }
        let text = map.data.as_ref().and_then(|data| data.get(KEY));
        let ledger = match text {
            None => Ledger::default(),
            Some(text) => Ledger::from_json(text.as_bytes()).map_err(|error| {
                let what = format!("{} key {KEY}: {error}", self.place);
                PortError::new(PortErrorKind::Invalid, what)
            })?,
        };
        let ledger = Arc::new(ledger);
        self.keep(map, version.clone(), Arc::clone(&ledger));
        Ok((ledger, version))
    }

    async fn write(
        &self,
        ledger: &Ledger,
        over: &LedgerVersion,
    ) -> Result<LedgerVersion, PortError> {
        let conflict = || {
            let what = format!("{} was changed by somebody else", self.place);
            PortError::new(PortErrorKind::Conflict, what)
        };
        let is_new = *over == LedgerVersion::NONE;
        let mut map = match self.last().filter(|last| last.version == *over) {
            Some(last) => last.map.clone(),
            None if is_new => ConfigMap {
                metadata: ObjectMeta {
                    name: Some(self.name.clone()),
                    ..ObjectMeta::default()
                },
                ..ConfigMap::default()
            },
            // A newer one was read here already.
            None => return Err(conflict()),
        };
        let text = ledger.to_json();
        let bytes = text.len();
        let data = map.data.get_or_insert_default();
        data.insert(KEY.to_owned(), text);
        let all: usize = data.values().map(String::len).sum();
        let too_large = || {
            let what = format!(
                "the ledger does not fit into {} ({bytes} bytes, {all} with its other keys, of at most {MOST_BYTES}): shorten retention, or aggregate alerts in the rules",
                self.place
            );
            PortError::new(PortErrorKind::Invalid, what)
        };
        if all > MOST_BYTES {
            return Err(too_large());
        }
        let params = PostParams::default();
        let answer = if is_new {
            within(LIMIT, self.maps.create(&params, &map)).await
        } else {
            within(LIMIT, self.maps.replace(&self.name, &params, &map)).await
        };
        let stored = answer.map_err(|failure| {
            if failure.is_too_large() {
                return too_large();
            }
            if !is_new && failure.is_not_found() {
                return conflict();
            }
            failure.into_error(&format!("save the ledger to {}", self.place))
        })?;
        map.metadata = stored.metadata;
        let version = self.version(&map)?;
        self.keep(map, version.clone(), Arc::new(ledger.clone()));
        Ok(version)
    }

    fn version(&self, map: &ConfigMap) -> Result<LedgerVersion, PortError> {
        let version = map.metadata.resource_version.clone();
        let version = version.filter(|version| !version.is_empty());
        version.map(Some).map(LedgerVersion).ok_or_else(|| {
            let what = format!(
                "{} has no resourceVersion: is it an API server?",
                self.place
            );
            PortError::new(PortErrorKind::Invalid, what)
        })
    }
}

impl fmt::Debug for ConfigMapLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigMapLedger")
            .field("configmap", &self.place)
            .finish_non_exhaustive()
    }
}

impl LedgerStore for ConfigMapLedger {
    fn load(&self) -> BoxFuture<'_, Result<(Arc<Ledger>, LedgerVersion), PortError>> {
        Box::pin(self.read())
    }

    fn save<'a>(
        &'a self,
        ledger: &'a Ledger,
        over: &'a LedgerVersion,
    ) -> BoxFuture<'a, Result<LedgerVersion, PortError>> {
        Box::pin(self.write(ledger, over))
    }
}
