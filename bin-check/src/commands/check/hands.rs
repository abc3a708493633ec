//! What acting needs: where the state is, who changes workloads, who tells people. Nothing of it is touched without need.

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use lag_actions::{
    Now, Unreachable,
    kube::{
        Cluster, ConnectSettings, KubeScaler, Needs, ScalerSettings, StateNeeds, connect,
        missing_rights,
    },
    notify::{Http, HttpOptions, notifier},
    state::{ConfigMapState, FileState, MemoryState},
};
use lag_core::{
    Language, Markup, Note, compose,
    escalate::{Action, CheckState, Evaluation},
    port::{BoxFuture, Notifier, PortError, PortErrorKind, Scaler, StateSession, StateStore},
};
use lag_runtime::{
    config::{CheckConfig, KubernetesConfig, StatePlace, process_env},
    version,
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{cli::CheckArgs, cloud::Cloud};

/// How long an eviction waits for the replacement of one pod before the others are left to the next run.
const READY_TIMEOUT: Duration = Duration::from_mins(2);

/// What a run may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing is changed or remembered.
    Look,
    /// As `Look`, and everything that would be sent is shown.
    DryRun,
    /// What the policy says.
    Act,
}

impl Mode {
    pub(crate) fn of(args: &CheckArgs) -> Self {
        match (args.act, args.dry_run) {
            (true, _) => Self::Act,
            (false, true) => Self::DryRun,
            (false, false) => Self::Look,
        }
    }

    pub(crate) fn flag(self) -> &'static str {
        match self {
            Self::Look => "check",
            Self::DryRun => "--dry-run",
            Self::Act => "--act",
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::DryRun => "dry-run",
            Self::Act => "act",
        }
    }
}

/// Collects what a dry run shows, so that the status line stays the first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Printer(Arc<Mutex<Vec<String>>>);

impl Printer {
    pub(crate) fn print(&self, block: &str) {
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.push(block.to_owned());
    }

    pub(crate) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The cluster, connected to at most once, and only when something needs it.
pub(crate) struct Kubernetes<'c> {
    config: &'c KubernetesConfig,
    connected: Option<Result<Cluster, PortError>>,
}

impl<'c> Kubernetes<'c> {
    pub(crate) fn new(config: &'c KubernetesConfig) -> Self {
        Self {
            config,
            connected: None,
        }
    }

    async fn cluster(&mut self) -> Result<Cluster, PortError> {
        if self.connected.is_none() {
            let settings = ConnectSettings {
                kubeconfig: self.config.kubeconfig.clone(),
                context: self.config.context.clone(),
                user_agent: format!("kafka-lag/{}", version::VERSION),
                call_timeout: self.config.timeout,
            };
            self.connected = Some(connect(&settings).await);
        }
        match &self.connected {
            Some(Ok(cluster)) => Ok(cluster.clone()),
            Some(Err(error)) => Err(error.clone()),
            None => Err(PortError::new(PortErrorKind::Unavailable, "not connected")),
        }
    }
}

/// Where the state is; `None` when a run only looks and no place is configured.
async fn store(
    check: &CheckConfig,
    cloud: &Cloud,
    kubernetes: &mut Kubernetes<'_>,
) -> anyhow::Result<Option<Box<dyn StateStore>>> {
    // The first post's file names no instance; with only one, it is that.
    let mut instances = cloud
        .config
        .sources
        .iter()
        .flat_map(|source| &source.instances);
    let only = match (instances.next(), instances.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    };
    open_store(check, only, Arc::clone(&cloud.now), kubernetes).await
}

/// The configured place.
pub(crate) async fn open_store(
    check: &CheckConfig,
    import_as: Option<lag_core::InstanceId>,
    now: Now,
    kubernetes: &mut Kubernetes<'_>,
) -> anyhow::Result<Option<Box<dyn StateStore>>> {
    Ok(match &check.state {
        None => None,
        Some(StatePlace::File(path)) => Some(Box::new(FileState::new(path, import_as, now))),
        Some(StatePlace::ConfigMap { configmap, lease }) => {
            let cluster = kubernetes.cluster().await?;
            Some(Box::new(ConfigMapState::new(
                cluster.client,
                &configmap.namespace,
                &configmap.name,
                &lease.name,
                &identity(),
                import_as,
                now,
            )))
        }
    })
}

/// Unique per process: the pod's name, or the machine's, with the process and a moment.
fn identity() -> String {
    let host = process_env("HOSTNAME").unwrap_or_else(|| "kafka-lag".to_owned());
    format!("{host}-{}", std::process::id())
}

/// The state of the run: locked when it acts, a copy otherwise.
pub(crate) async fn session(
    check: &CheckConfig,
    mode: Mode,
    cloud: &Cloud,
    kubernetes: &mut Kubernetes<'_>,
) -> anyhow::Result<Option<Box<dyn StateSession>>> {
    let Some(store) = store(check, cloud, kubernetes).await? else {
        if mode == Mode::Act {
            bail!(
                "--act needs a place to remember what was done: --state-file (or KAFKA_LAG_STATE_FILE), \
                 --state-configmap, or check.state_file in --config.file"
            );
        }
        return Ok(match mode {
            Mode::DryRun => Some(MemoryState::default().open().await?),
            Mode::Look | Mode::Act => None,
        });
    };
    if mode == Mode::Act {
        return Ok(Some(store.open().await?));
    }
    let state = match store.peek().await {
        // Monitoring often runs as another user than the reaction.
        Err(error) if mode == Mode::Look && error.kind == PortErrorKind::Forbidden => {
            tracing::warn!(%error, "the state cannot be read: episodes are not known");
            CheckState::default()
        }
        state => state?,
    };
    let copy = MemoryState::new(state);
    Ok(Some(copy.open().await?))
}

/// All notifiers, checked before anything is done; a dry run shows what each would be told. A run that only looks reads no
/// secret.
pub(crate) fn notifiers(
    check: &CheckConfig,
    mode: Mode,
    printer: &Printer,
    cloud: &Cloud,
) -> anyhow::Result<Vec<Box<dyn Notifier>>> {
    if mode == Mode::Look {
        return Ok(Vec::new());
    }
    let ca_file = cloud.config.cms.ca_file.clone();
    let options = HttpOptions {
        ca_file,
        ..HttpOptions::default()
    };
    let http = Arc::new(Http::new(options)?);
    let now = &cloud.now;
    let mut notifiers: Vec<Box<dyn Notifier>> = Vec::new();
    for configured in &check.notifiers {
        let settings = super::robots::settings(configured)?;
        let language = settings.language;
        let real = notifier(settings, Arc::clone(&http), Arc::clone(now));
        let real = real.context(configured.place.clone())?;
        notifiers.push(match mode {
            Mode::Act | Mode::Look => real,
            Mode::DryRun => Box::new(Shown {
                name: real.name().to_owned(),
                language,
                printer: printer.clone(),
                now: Arc::clone(now),
            }),
        });
    }
    Ok(notifiers)
}

/// Who changes workloads: nobody is asked for without plans, and a cluster that cannot be reached fails each plan.
pub(crate) async fn scaler(
    kubernetes: &mut Kubernetes<'_>,
    mode: Mode,
    printer: &Printer,
    now: &Now,
    has_plans: bool,
) -> Box<dyn Scaler> {
    if !has_plans {
        let error = PortError::new(PortErrorKind::Invalid, "nothing was planned");
        return Box::new(Unreachable(error));
    }
    match kubernetes.cluster().await {
        Err(error) => Box::new(Unreachable(error)),
        Ok(cluster) => {
            let settings = ScalerSettings {
                instance: identity(),
                ready_timeout: READY_TIMEOUT,
                now: Arc::clone(now),
            };
            let scaler = KubeScaler::new(&cluster, settings);
            match mode {
                Mode::Act | Mode::Look => Box::new(scaler),
                Mode::DryRun => {
                    let printer = printer.clone();
                    Box::new(scaler.dry_run(Arc::new(move |block: &str| printer.print(block))))
                }
            }
        }
    }
}

/// Shows which rights a dry run has found missing, for the workloads of its plans.
pub(crate) async fn rights(
    kubernetes: &mut Kubernetes<'_>,
    check: &CheckConfig,
    evaluation: &Evaluation,
    printer: &Printer,
) {
    let mut targets: Vec<_> = evaluation
        .plans
        .iter()
        .map(|plan| plan.target.clone())
        .collect();
    targets.dedup();
    if targets.is_empty() {
        return;
    }
    let Ok(cluster) = kubernetes.cluster().await else {
        return;
    };
    let policies = &check.policies;
    let overrides = policies.overrides.iter().map(|entry| &entry.policy);
    let stages = overrides
        .chain([&policies.common])
        .flat_map(|policy| &policy.stages);
    let actions: Vec<_> = stages.flat_map(|stage| &stage.actions).collect();
    let needs = Needs {
        restart: actions.contains(&&Action::Restart),
        scale: actions
            .iter()
            .any(|action| matches!(action, Action::Scale(_))),
        events: true,
        state: match &check.state {
            Some(StatePlace::ConfigMap { configmap, lease }) => Some(StateNeeds {
                namespace: configmap.namespace.clone(),
                config_map: configmap.name.clone(),
                lease: lease.name.clone(),
            }),
            Some(StatePlace::File(_)) | None => None,
        },
    };
    match missing_rights(&cluster, &targets, &needs).await {
        Ok(missing) if missing.is_empty() => printer.print("rights: all that is needed is granted"),
        Ok(missing) => {
            for right in missing {
                printer.print(&format!("missing right: {right}"));
            }
        }
        Err(error) => printer.print(&format!("rights could not be asked for: {error}")),
    }
}

/// Shows a message instead of sending it.
struct Shown {
    name: String,
    language: Language,
    printer: Printer,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Notifier for Shown {
    fn name(&self) -> &str {
        &self.name
    }

    fn notify<'a>(
        &'a self,
        notes: &'a [&'a Note],
        dropped: u64,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        let message = compose(notes, dropped, self.language, Markup::Plain, (self.now)());
        let lines = message.lines.join("\n  ");
        self.printer.print(&format!(
            "message to {}: {}\n  {lines}",
            self.name, message.title
        ));
        Box::pin(async { Ok(()) })
    }
}
