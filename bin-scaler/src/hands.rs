//! What acting needs: where the ledger is, who changes workloads, who tells people.

use anyhow::{Context as _, bail};
use lag_actions::{
    alert::{AlertScaler, ConfigMapLedger, FileLedger, LedgerStore, MemoryLedger},
    kube::{Cluster, ConnectSettings, KubeScaler, ScalerSettings, connect},
    notify::{
        DingTalk, Feishu, Http, HttpOptions, NotifierSettings, Service, WeCom, Webhook, notifier,
    },
};
use lag_core::{
    Language, Markup, Note, compose,
    port::{BoxFuture, Notifier, PortError},
};
use lag_runtime::{
    Now,
    config::{LedgerPlace, NotifierConfig, NotifierKind, ScalerConfig, SecretConfig, process_env},
    version,
};
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

/// How long an eviction waits for the replacement of one pod before it leaves the others: a change ends within a minute.
const READY_TIMEOUT: Duration = Duration::from_secs(20);

///
/// One call may take a part of a delivery's deadline only: a workload that hangs must leave time for the others.
pub(crate) async fn cluster(config: &ScalerConfig) -> anyhow::Result<Cluster> {
    let kubernetes = &config.kubernetes;
    let settings = ConnectSettings {
        kubeconfig: kubernetes.kubeconfig.clone(),
        context: kubernetes.context.clone(),
        user_agent: format!("kafka-lag-scaler/{}", version::VERSION),
        call_timeout: kubernetes.timeout.min(config.webhook.deadline / 4),
    };
    Ok(connect(&settings).await?)
}

/// Where it is remembered what was done; a dry run forgets it at its end.
pub(crate) fn ledger(
    config: &ScalerConfig,
    cluster: &Cluster,
) -> anyhow::Result<Arc<dyn LedgerStore>> {
    if config.dry_run {
        return Ok(Arc::new(MemoryLedger::default()));
    }
    Ok(match &config.ledger {
        Some(LedgerPlace::ConfigMap(name)) => Arc::new(ConfigMapLedger::new(
            cluster.client.clone(),
            &name.namespace,
            &name.name,
        )),
        Some(LedgerPlace::File(path)) => Arc::new(FileLedger::open(path)?),
        None => bail!(
            "scaler.ledger is missing: what was done must be remembered, or it is done twice; write configmap: \
             NAMESPACE/NAME, or file with a path for one process, or try with --dry-run"
        ),
    })
}

/// Who changes workloads. A dry run shows in the log what it would send.
pub(crate) fn scaler(config: &ScalerConfig, cluster: &Cluster, now: &Now) -> Arc<dyn AlertScaler> {
    let settings = ScalerSettings {
        instance: identity(),
        ready_timeout: READY_TIMEOUT,
        now: Arc::clone(now),
    };
    let scaler = KubeScaler::new(cluster, settings);
    if config.dry_run {
        let print = |block: &str| tracing::info!(dry_run = true, "{}", block.replace('\n', " "));
        return Arc::new(scaler.dry_run(Arc::new(print)));
    }
    Arc::new(scaler)
}

/// Unique per process: the pod's name, or the machine's, with the process.
fn identity() -> String {
    let host = process_env("HOSTNAME").unwrap_or_else(|| "kafka-lag-scaler".to_owned());
    format!("{host}-{}", std::process::id())
}

/// All who are told, their secrets read before anything is done.
pub(crate) fn notifiers(
    config: &ScalerConfig,
    now: &Now,
) -> anyhow::Result<Arc<[Box<dyn Notifier>]>> {
    if config.notifiers.is_empty() {
        return Ok(Arc::new([]));
    }
    let http = Arc::new(Http::new(HttpOptions {
        ca_file: config.ca_file.clone(),
        ..HttpOptions::default()
    })?);
    let one = |configured: &NotifierConfig| {
        let settings = settings(configured)?;
        let language = settings.language;
        let real = notifier(settings, Arc::clone(&http), Arc::clone(now));
        let real = real.context(configured.place.clone())?;
        Ok(if config.dry_run {
            Box::new(Shown {
                name: real.name().to_owned(),
                language,
                now: Arc::clone(now),
            }) as Box<dyn Notifier>
        } else {
            real
        })
    };
    config.notifiers.iter().map(one).collect()
}

fn settings(config: &NotifierConfig) -> anyhow::Result<NotifierSettings> {
    let url = config.url.read(&process_env)?;
    let read = |secret: &Option<SecretConfig>| {
        let secret = secret.as_ref();
        secret.map(|secret| secret.read(&process_env)).transpose()
    };
    let secret = read(&config.secret)?;
    let at_user_ids = config.at_user_ids.clone();
    let service = match config.kind {
        NotifierKind::DingTalk => Service::DingTalk(DingTalk {
            url,
            secret,
            keyword: config.keyword.clone(),
            at_mobiles: config.at_mobiles.clone(),
            at_user_ids,
            at_all: config.at_all,
        }),
        NotifierKind::Feishu => Service::Feishu(Feishu {
            url,
            secret,
            keyword: config.keyword.clone(),
            at_user_ids,
            at_all: config.at_all,
        }),
        NotifierKind::WeCom => {
            let everybody = config.at_all.then(|| "@all".to_owned());
            Service::WeCom(WeCom {
                url,
                mentioned_mobiles: config.at_mobiles.clone(),
                mentioned_users: at_user_ids.into_iter().chain(everybody).collect(),
            })
        }
        NotifierKind::Webhook => Service::Webhook(Webhook {
            url,
            bearer: read(&config.bearer)?,
            headers: BTreeMap::new(),
            allow_http: false,
        }),
    };
    let endpoint = config.endpoint.as_ref();
    let endpoint = endpoint.map(|written| written.text.parse().context(written.place.clone()));
    Ok(NotifierSettings {
        name: config.name.clone(),
        service,
        language: config.language,
        endpoint: endpoint.transpose()?,
    })
}

/// Shows a message in the log instead of sending it.
struct Shown {
    name: String,
    language: Language,
    now: Now,
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
        tracing::info!(
            dry_run = true,
            notifier = self.name,
            title = message.title,
            "would tell: {}",
            message.lines.join("; ")
        );
        Box::pin(async { Ok(()) })
    }
}
