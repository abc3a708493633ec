//! The port of the core, on Kubernetes.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use lag_core::{
    Effect, Target, Workload,
    port::{BoxFuture, PortError, Scalable, Scaler},
};

use lag_cluster::Cluster;

use super::call::Calls;

/// Where a dry run says what it would send.
pub type Print = Arc<dyn Fn(&str) + Send + Sync>;

/// How a [`KubeScaler`] works.
#[derive(Clone)]
pub struct ScalerSettings {
    /// Who reports events: name of the pod, or of the machine and the process.
    pub instance: String,
    /// How long an eviction waits for the replacement of one pod before it leaves the others to the next run.
    pub ready_timeout: Duration,
    /// The clock: an event carries its time.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl fmt::Debug for ScalerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScalerSettings")
            .field("instance", &self.instance)
            .field("ready_timeout", &self.ready_timeout)
            .finish_non_exhaustive()
    }
}

/// Restarts and scales workloads of one cluster.
pub struct KubeScaler {
    pub(super) calls: Calls,
    pub(super) settings: ScalerSettings,
    host: String,
    /// Of workloads that were read: events refer to them.
    uids: Mutex<BTreeMap<Workload, String>>,
    events: AtomicU32,
}

impl KubeScaler {
    /// Acts on this cluster.
    #[must_use]
    pub fn new(cluster: &Cluster, settings: ScalerSettings) -> Self {
        Self {
            calls: Calls::new(cluster),
            settings,
            host: cluster.host.clone(),
            uids: Mutex::default(),
            events: AtomicU32::new(0),
        }
    }

    /// Only tries out: reads are real; each write is handed to `print` as it would be sent (method and path,
    /// content type, body), and sent with `dryRun=All`, so that the API server checks it and its permission and
    /// stores nothing. Events are only printed.
    #[must_use]
    pub fn dry_run(self, print: Print) -> Self {
        Self {
            calls: self.calls.dry(print),
            ..self
        }
    }

    pub(super) fn remember(&self, workload: &Workload, uid: &str) {
        if !uid.is_empty() {
            let mut uids = self.uids.lock().unwrap_or_else(PoisonError::into_inner);
            uids.insert(workload.clone(), uid.to_owned());
        }
    }

    pub(super) fn uid(&self, workload: &Workload) -> Option<String> {
        let uids = self.uids.lock().unwrap_or_else(PoisonError::into_inner);
        uids.get(workload).cloned()
    }

    pub(super) fn next_number(&self) -> u32 {
        self.events.fetch_add(1, Ordering::Relaxed)
    }
}

impl fmt::Debug for KubeScaler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubeScaler")
            .field("host", &self.host)
            .field("settings", &self.settings)
            .field("dry_run", &self.calls.print().is_some())
            .finish_non_exhaustive()
    }
}

impl Scaler for KubeScaler {
    fn restart<'a>(
        &'a self,
        target: &'a Target,
        mark: &'a str,
    ) -> BoxFuture<'a, Result<Effect, PortError>> {
        Box::pin(self.restart_by(target, mark))
    }

    fn scalable<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Scalable, PortError>> {
        Box::pin(self.read_scale(target))
    }

    fn scale<'a>(
        &'a self,
        target: &'a Target,
        found: &'a Scalable,
        to: u32,
    ) -> BoxFuture<'a, Result<Effect, PortError>> {
        Box::pin(self.write_scale(target, found, to))
    }

    fn record<'a>(
        &'a self,
        target: &'a Target,
        reason: &'a str,
        note: &'a str,
        is_warning: bool,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(self.write_event(target, reason, note, is_warning))
    }
}
