//! Reads whom the API server says it asks for, and follows it: the request-header CA rotates.

use crate::{
    Cluster,
    request::{Failure, LIMIT, within},
};
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{ListParams, WatchEvent, WatchParams},
};
use lag_core::{
    FRONT_PROXY_CONFIG, FrontProxy, FrontProxyError,
    port::{PortError, PortErrorKind},
};
use std::{error::Error, fmt, pin::pin, sync::Arc, time::Duration};
use tokio::{sync::watch, time::sleep};
use tracing::{info, warn};

const NAMESPACE: &str = "kube-system";
const NAME: &str = "extension-apiserver-authentication";

/// What a Role must hold, for messages.
const ADVICE: &str = "; bind the Role extension-apiserver-authentication-reader in namespace kube-system to the service \
                      account of this process, by a RoleBinding there";

/// The longest life of one watch; after each, the object is read whole again, so that nothing missed stays missed.
const WATCH: Duration = Duration::from_secs(290);
/// A client gives a silent connection up after the time it allows a call, so a watch must end before.
const MARGIN: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The API server's own configuration.
#[derive(Clone)]
pub struct RequestHeader {
    maps: Api<ConfigMap>,
    watch: Duration,
}

impl fmt::Debug for RequestHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHeader").finish_non_exhaustive()
    }
}

impl RequestHeader {
    /// A cluster with a longer `call_timeout` needs fewer watches: each ends before it, and after 290 s at the latest.
    #[must_use]
    pub fn new(cluster: &Cluster) -> Self {
        let most = cluster.call_timeout.saturating_sub(MARGIN);
        Self {
            maps: Api::namespaced(cluster.client.clone(), NAMESPACE),
            watch: most.clamp(Duration::from_secs(1), WATCH),
        }
    }

    /// Reads it once, at the start.
    ///
    /// # Errors
    /// [`PortErrorKind::Forbidden`] names the RoleBinding that is missing; [`PortErrorKind::Invalid`] says what is wrong
    /// with the API server's configuration.
    pub async fn read(&self) -> Result<FrontProxy, PortError> {
        let (map, _) = self.list().await?;
        let map = map.ok_or_else(|| PortError::new(PortErrorKind::NotFound, missing()))?;
        usable(&map).map_err(|error| PortError::new(PortErrorKind::Invalid, error.to_string()))
    }

    /// Follows it for as long as somebody listens. What cannot be used leaves the last value in place; each kind of
    /// trouble is told once, not once for each try.
    pub async fn follow(self, proxies: watch::Sender<Arc<FrontProxy>>) {
        let mut told = Told::default();
        let mut pause = FIRST_PAUSE;
        loop {
            // Cancel-safe: a round that is dropped has published all it knew.
            let outcome = tokio::select! {
                outcome = self.round(&proxies, &mut told) => outcome,
                () = proxies.closed() => return,
            };
            match outcome {
                Ok(()) => {
                    pause = FIRST_PAUSE;
                    continue;
                }
                Err(error) => told.trouble(&error),
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = proxies.closed() => return,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Reads it whole, then watches until the watch ends.
    async fn round(
        &self,
        proxies: &watch::Sender<Arc<FrontProxy>>,
        told: &mut Told,
    ) -> Result<(), PortError> {
        let (map, version) = self.list().await?;
        match map {
            Some(map) => publish(&map, proxies, told),
            None => told.unusable(&missing()),
        }
        let params = WatchParams::default()
            .fields(&selector())
            .timeout(u32::try_from(self.watch.as_secs()).unwrap_or(u32::MAX))
            .disable_bookmarks();
        let events = within(LIMIT, self.maps.watch(&params, &version)).await;
        let mut events = pin!(events.map_err(|failure| explain(failure, "watch"))?);
        told.well();
        // The server ends it in time; this holds when it does not.
        let most = self.watch + LIMIT;
        let watched = async {
            while let Some(event) = events.next().await {
                match event {
                    Ok(WatchEvent::Added(map) | WatchEvent::Modified(map)) => {
                        publish(&map, proxies, told);
                    }
                    Ok(WatchEvent::Deleted(_)) => {
                        told.unusable(
                            "it was deleted; the API server writes it anew when it starts",
                        );
                    }
                    Ok(WatchEvent::Bookmark(_)) => {}
                    // Mostly 410: the version is forgotten. The whole is read again.
                    Ok(WatchEvent::Error(_)) | Err(_) => return Err(()),
                }
            }
            Ok(())
        };
        match tokio::time::timeout(most, watched).await {
            Ok(Ok(())) => Ok(()),
            // A pause before the next round, or a server that refuses every watch would be asked without end.
            Ok(Err(())) | Err(_) => {
                sleep(FIRST_PAUSE).await;
                Ok(())
            }
        }
    }

    /// The object, if there is one, and the version of now. That of the object itself would do only for a young one: a
    /// server forgets what happened in between, and then refuses to watch from there.
    async fn list(&self) -> Result<(Option<ConfigMap>, String), PortError> {
        let params = ListParams::default().fields(&selector());
        let answer = within(LIMIT, self.maps.list(&params)).await;
        let list = answer.map_err(|failure| explain(failure, "read"))?;
        let version = list.metadata.resource_version.unwrap_or_default();
        Ok((list.items.into_iter().next(), version))
    }
}

/// Also what lets a Role for this one name allow a list and a watch.
fn selector() -> String {
    format!("metadata.name={NAME}")
}

fn missing() -> String {
    format!("there is no {FRONT_PROXY_CONFIG}: the API server writes it when it starts")
}

fn explain(failure: Failure, verb: &str) -> PortError {
    failure.into_error_with(&format!("{verb} {FRONT_PROXY_CONFIG}"), ADVICE)
}

fn usable(map: &ConfigMap) -> Result<FrontProxy, FrontProxyError> {
    let proxy = FrontProxy::parse(map.data.as_ref().unwrap_or(&Default::default()))?;
    proxy.check()?;
    Ok(proxy)
}

fn publish(map: &ConfigMap, proxies: &watch::Sender<Arc<FrontProxy>>, told: &mut Told) {
    match usable(map) {
        Ok(proxy) => {
            told.usable();
            proxies.send_if_modified(|known| {
                let is_new = **known != proxy;
                if is_new {
                    *known = Arc::new(proxy);
                }
                is_new
            });
        }
        Err(error) => told.unusable(&error.to_string()),
    }
}

/// What was said already.
#[derive(Debug, Default)]
struct Told {
    is_in_trouble: bool,
    unusable: Option<String>,
}

impl Told {
    fn trouble(&mut self, error: &PortError) {
        if !std::mem::replace(&mut self.is_in_trouble, true) {
            warn!(
                error = error as &dyn Error,
                "the request-header CA cannot be followed; what was known before still holds"
            );
        }
    }

    fn well(&mut self) {
        if std::mem::take(&mut self.is_in_trouble) {
            info!("the request-header CA is followed again");
        }
    }

    fn unusable(&mut self, problem: &str) {
        if self.unusable.as_deref() != Some(problem) {
            warn!(
                problem,
                "the new {FRONT_PROXY_CONFIG} cannot be used, the last one known still holds"
            );
            self.unusable = Some(problem.to_owned());
        }
    }

    fn usable(&mut self) {
        self.unusable = None;
    }
}
