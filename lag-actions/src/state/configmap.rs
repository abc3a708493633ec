//! State in a ConfigMap, for runs that have no disk of their own.

use crate::Now;

use super::{
    format::{self, Document, Unreadable},
    stamp,
};
use k8s_openapi::{ByteString, api::core::v1::ConfigMap};
use kube::{
    Client,
    api::{Api, ObjectMeta, PostParams},
};
use lag_cluster::{
    lease::{Claim, Held},
    request::{LIMIT, within},
};
use lag_core::{
    InstanceId,
    escalate::CheckState,
    port::{BoxFuture, PortError, PortErrorKind, StateNotice, StateSession, StateStore},
};
use std::{collections::BTreeMap, fmt};

const KEY: &str = "state.json";
/// Before the time of a text that could not be read.
const KEPT: &str = "state.json.corrupt-";
const KEPT_MOST: usize = 3;
/// What all values of a ConfigMap may have together.
const MOST_BYTES: usize = 1_048_576;

/// Keeps state under the key `state.json` of a ConfigMap, and holds a Lease meanwhile. Writes carry the version that was
/// read, so that whoever ignores the Lease is noticed all the same.
pub struct ConfigMapState {
    maps: Api<ConfigMap>,
    name: String,
    place: String,
    claim: Claim,
    import_as: Option<InstanceId>,
    now: Now,
}

impl ConfigMapState {
    /// State in the ConfigMap `name`, guarded by the Lease `lease_name`, both in `namespace`. `identity` must differ for
    /// every process (name of the pod and a random suffix). `import_as` is the instance that the groups of the first
    /// post's file belong to. The client must not retry by itself.
    #[must_use]
    pub fn new(
        client: Client,
        namespace: &str,
        name: &str,
        lease_name: &str,
        identity: &str,
        import_as: Option<InstanceId>,
        now: Now,
    ) -> Self {
        Self {
            maps: Api::namespaced(client.clone(), namespace),
            name: name.to_owned(),
            place: format!("configmap {namespace}/{name}"),
            claim: Claim::new(client, namespace, lease_name, identity, now.clone()),
            import_as,
            now,
        }
    }

    async fn start(&self) -> Result<Session, PortError> {
        let held = self.claim.take().await?;
        match self.read().await {
            Ok(Contents {
                map,
                document,
                lost,
                notice,
            }) => Ok(Session {
                maps: self.maps.clone(),
                name: self.name.clone(),
                place: self.place.clone(),
                held,
                map,
                document,
                lost,
                notice,
            }),
            Err(error) => {
                // The first failure is the one to tell.
                let _ = held.give_up().await;
                Err(error)
            }
        }
    }

    async fn fetch(&self) -> Result<Option<ConfigMap>, PortError> {
        let found = within(LIMIT, self.maps.get_opt(&self.name)).await;
        found.map_err(|failure| failure.into_error(&format!("read state from {}", self.place)))
    }

    async fn read(&self) -> Result<Contents, PortError> {
        let mut contents = Contents {
            map: self.fetch().await?,
            ..Contents::default()
        };
        let Some(map) = &contents.map else {
            return Ok(contents);
        };
        match text(map).map(|text| format::parse(text, self.import_as.as_ref())) {
            None => {}
            Some(Ok(parsed)) => {
                contents.document = parsed.document;
                contents.notice = parsed.notice;
            }
            Some(Err(Unreadable::Corrupt(reason))) => {
                let key = free_key(map, &stamp((self.now)()).to_string());
                let moved_to = format!("{} key {key}", self.place);
                contents.notice = Some(StateNotice::Lost { moved_to, reason });
                contents.lost = Some(key);
            }
            Some(Err(refused)) => return Err(refused.into_error(&self.place)),
        }
        Ok(contents)
    }

    async fn look(&self) -> Result<CheckState, PortError> {
        let map = self.fetch().await?;
        let Some(text) = map.as_ref().and_then(text) else {
            return Ok(CheckState::default());
        };
        let parsed = format::parse(text, self.import_as.as_ref());
        let parsed = parsed.map_err(|unreadable| unreadable.into_error(&self.place))?;
        Ok(parsed.document.state)
    }
}

impl fmt::Debug for ConfigMapState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigMapState")
            .field("configmap", &self.place)
            .field("claim", &self.claim)
            .finish_non_exhaustive()
    }
}

impl StateStore for ConfigMapState {
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn StateSession>, PortError>> {
        Box::pin(async { Ok(Box::new(self.start().await?) as Box<dyn StateSession>) })
    }

    fn peek(&self) -> BoxFuture<'_, Result<CheckState, PortError>> {
        Box::pin(self.look())
    }
}

/// What lies in the cluster.
#[derive(Default)]
struct Contents {
    map: Option<ConfigMap>,
    document: Document,
    /// Where the next save moves the text that could not be read.
    lost: Option<String>,
    notice: Option<StateNotice>,
}

struct Session {
    maps: Api<ConfigMap>,
    name: String,
    place: String,
    held: Held,
    map: Option<ConfigMap>,
    document: Document,
    lost: Option<String>,
    notice: Option<StateNotice>,
}

impl Session {
    async fn write(&mut self, state: &CheckState) -> Result<(), PortError> {
        let document = self.document.with(state);
        let mut map = self.map.clone().unwrap_or_else(|| ConfigMap {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                ..ObjectMeta::default()
            },
            ..ConfigMap::default()
        });
        put_text(&mut map, document.text(), self.lost.as_deref());
        let params = PostParams::default();
        let answer = if self.map.is_none() {
            within(LIMIT, self.maps.create(&params, &map)).await
        } else {
            within(LIMIT, self.maps.replace(&self.name, &params, &map)).await
        };
        let bytes = size(&map);
        let answer = answer.map_err(|failure| {
            let is_too_large = failure.is_too_large();
            let mut error = failure.into_error(&format!("save state to {}", self.place));
            if is_too_large {
                error.kind = PortErrorKind::Invalid;
                error.what.push_str(&format!(
                    " ({bytes} bytes of at most {MOST_BYTES}): forget groups with kafka-lag state reset, or keep the state in a file with --state-file"
                ));
            }
            error
        })?;
        map.metadata = answer.metadata;
        self.map = Some(map);
        self.document = document;
        self.lost = None;
        Ok(())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("configmap", &self.place)
            .field("document", &self.document)
            .field("notice", &self.notice)
            .finish_non_exhaustive()
    }
}

impl StateSession for Session {
    fn state(&self) -> &CheckState {
        &self.document.state
    }

    fn notice(&self) -> Option<&StateNotice> {
        self.notice.as_ref()
    }

    fn still_ours(&mut self) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(async { self.held.check() })
    }

    fn save<'a>(&'a mut self, state: &'a CheckState) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(self.write(state))
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), PortError>> {
        Box::pin(self.held.give_up())
    }
}

/// The state's text; kubectl puts a file that is no UTF-8 into `binaryData`.
fn text(map: &ConfigMap) -> Option<&[u8]> {
    let text = map.data.as_ref().and_then(|data| data.get(KEY));
    let binary = map.binary_data.as_ref().and_then(|data| data.get(KEY));
    text.map(String::as_bytes)
        .or(binary.map(|bytes| bytes.0.as_slice()))
}

/// Puts the text in, and a text that could not be read under its own key.
fn put_text(map: &mut ConfigMap, text: String, lost: Option<&str>) {
    let data = map.data.get_or_insert_default();
    if let (Some(key), Some(old)) = (lost, data.insert(KEY.to_owned(), text)) {
        data.insert(key.to_owned(), old);
    }
    let binary = map.binary_data.as_mut();
    if let Some(binary) = binary
        && let Some(old) = binary.remove(KEY)
        && let Some(key) = lost
    {
        binary.insert(key.to_owned(), old);
    }
    // Stamps sort by age. Room for the state itself is worth more than any copy.
    while let keys = kept(map)
        && let Some(oldest) = keys.first()
        && (keys.len() > KEPT_MOST || size(map) > MOST_BYTES)
    {
        map.data.as_mut().and_then(|data| data.remove(oldest));
        map.binary_data
            .as_mut()
            .and_then(|data| data.remove(oldest));
    }
}

fn free_key(map: &ConfigMap, stamp: &str) -> String {
    let taken = kept(map);
    let mut key = format!("{KEPT}{stamp}");
    while taken.contains(&key) {
        key.push_str("-again");
    }
    key
}

/// Keys of texts that could not be read, oldest first.
fn kept(map: &ConfigMap) -> Vec<String> {
    let text = map.data.iter().flat_map(BTreeMap::keys);
    let binary = map.binary_data.iter().flat_map(BTreeMap::keys);
    let all = text.chain(binary).filter(|key| key.starts_with(KEPT));
    let mut keys: Vec<_> = all.cloned().collect();
    keys.sort_unstable();
    keys
}

fn size(map: &ConfigMap) -> usize {
    let text = map.data.iter().flat_map(BTreeMap::values);
    let binary = map.binary_data.iter().flat_map(BTreeMap::values);
    text.map(String::len).sum::<usize>()
        + binary.map(|ByteString(bytes)| bytes.len()).sum::<usize>()
}
