//! Composition: configuration, board, collectors, servers; then wait for the end.

use anyhow::{Context as _, anyhow, bail};
use jiff::SignedDuration;
use lag_core::{Budgets, GroupLimits};
use lag_runtime::{
    Accounts, NAMESPACE, Now,
    config::{self, Config, File, LogConfig, process_env},
    credentials::HOW_TO_GET,
    log,
    reload::{Asker, Reloads},
    shutdown::{self, Shutdown, Signals},
    system_clock,
    usage::UsageFile,
    version,
};
use lag_serve::{BuildInfo, Compat, Exporter, Lifecycle, ServeConfig, check_telemetry_path, web};
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::{
    cli::Cli,
    collectors::{Collectors, Needs},
    feeds::{Feeds, GRACE, Source},
    ha::Seat,
    recommend::Counting,
    reload::{Origin, Running},
};

pub(crate) const BUILD: BuildInfo = BuildInfo {
    program: "kafka-lag-exporter",
    version: version::VERSION,
    revision: version::REVISION,
    branch: version::BRANCH,
    rustversion: version::RUST_VERSION,
};

/// What else helps, where it is built in.
const WITHOUT_ACCOUNT: &str = if cfg!(feature = "demo") {
    "; to look around without an account start with --demo"
} else {
    ""
};

/// How often the count of calls is written, if it changed.
const SAVE_EVERY: Duration = Duration::from_secs(10);

pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    // Before anything that takes time: until then a SIGHUP ends the program.
    let reloads = Reloads::listen()?;
    let now = system_clock();
    let file = cli
        .args
        .read
        .config_file
        .as_deref()
        .map_or_else(|| Ok(File::default()), File::read)?;
    let path = cli.args.read.config_file.clone();
    let log = log::install(
        LogConfig::resolve(&cli.args.read.log, &file, path.as_deref(), &process_env)?,
        now.clone(),
    );
    tracing::info!(
        version = version::VERSION,
        revision = version::REVISION,
        config.file = path.as_deref().unwrap_or("none"),
        "kafka-lag-exporter starts"
    );

    #[cfg(feature = "demo")]
    if cli.demo {
        if cli.args.lease.lease.is_some() {
            bail!("--demo is alone with its cloud: leave out --lease");
        }
        let demo = crate::demo::start(cli.args).await?;
        let ports = Ports::open(&demo.config, &now).await?;
        if let Some(address) = ports
            .web
            .first()
            .and_then(|listener| listener.local_addr().ok())
        {
            let is_tls = ports.security.as_ref().is_some_and(web::WebFile::is_tls);
            crate::demo::greet(
                (if is_tls { "https" } else { "http" }, address),
                &demo.simulator.url(),
                &demo.config.web.telemetry_path.text,
            );
        }
        let budgets = Arc::new(Budgets::new(demo.config.budget.policy, []));
        let accounts = Accounts::fixed(&demo.config, &demo.credentials, budgets.clone());
        let spending = Spending {
            budgets,
            usage: None,
        };
        let config = (demo.config, Origin::Demo);
        let ended = serve(config, accounts, spending, (ports, reloads), now).await;
        demo.simulator.shutdown().await;
        return ended;
    }

    let config = Config::resolve(&cli.args, &file, &process_env).map_err(|error| {
        if error.lacks_instances() {
            anyhow!("{error}{WITHOUT_ACCOUNT}")
        } else {
            error.into()
        }
    })?;
    for notice in &config.notices {
        tracing::warn!("{notice}");
    }
    let (usage, spent) = match &config.budget.state {
        Some((directory, place)) => {
            let (file, spent) = UsageFile::open(directory, place, now())?;
            (Some(file), spent)
        }
        None => (None, BTreeMap::new()),
    };
    let budgets = Arc::new(Budgets::new(config.budget.policy, spent));
    let accounts = Accounts::new(&config, budgets.clone(), &now)
        .context("the credentials cannot be set up")?;
    let mut ports = Ports::open(&config, &now).await?;
    match accounts.check(&config).await {
        Ok(()) => {}
        Err((source, error)) if error.is_not_configured() => {
            return Err(error).with_context(|| {
                format!(
                    "source {source} has no credentials to sign with: {HOW_TO_GET}{WITHOUT_ACCOUNT}"
                )
            });
        }
        Err((source, error)) => {
            return Err(error).with_context(|| format!("source {source} has no credentials"));
        }
    }
    if let Some(lease) = &config.lease {
        ports.seat = Some(Seat::find(lease, &config.kubernetes, &ports.web, &now).await?);
    }
    let spending = Spending { budgets, usage };
    let origin = match path {
        Some(path) => Origin::File {
            path,
            args: Box::new(cli.args),
            log,
        },
        None => Origin::Flags,
    };
    let config = (config, origin);
    serve(config, accounts, spending, (ports, reloads), now).await
}

/// What may be spent, and where that is kept.
struct Spending {
    budgets: Arc<Budgets>,
    usage: Option<UsageFile>,
}

/// All ports, open and silent, and a place among the replicas.
struct Ports {
    web: Vec<TcpListener>,
    security: Option<web::WebFile>,
    feeds: Feeds,
    seat: Option<Seat>,
}

impl Ports {
    async fn open(config: &Config, now: &Now) -> anyhow::Result<Self> {
        Ok(Self {
            security: security(config, now)?,
            web: bind(config).await?,
            feeds: Feeds::open(config, now).await?,
            seat: None,
        })
    }
}

/// What `--web.config.file` says, if there is one.
fn security(config: &Config, now: &Now) -> anyhow::Result<Option<web::WebFile>> {
    let Some(written) = &config.web.config_file else {
        return Ok(None);
    };
    let file = web::WebFile::read(Path::new(&written.text), now.clone());
    file.map(Some).with_context(|| written.place.clone())
}

async fn bind(config: &Config) -> anyhow::Result<Vec<TcpListener>> {
    let path = &config.web.telemetry_path;
    check_telemetry_path(&path.text).with_context(|| path.place.clone())?;
    let mut listeners = Vec::new();
    for written in &config.web.listen_addresses {
        let parsed = written.text.parse::<web::ListenAddress>();
        let address = parsed.with_context(|| written.place.clone())?;
        let listener = web::bind(&address, "--web.listen-address").await?;
        tracing::info!(address = %listener.local_addr()?, "listening");
        listeners.push(listener);
    }
    Ok(listeners)
}

async fn serve(
    (config, origin): (Config, Origin),
    accounts: Accounts,
    spending: Spending,
    (ports, (mut reloads, asker)): (Ports, (Reloads, Asker)),
    now: Now,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let (trigger, shutdown) = shutdown::channel();
    let mut tasks = JoinSet::new();
    let Spending { budgets, usage } = spending;
    let mut counting = Counting::default();
    let counted = counting.prepare(&config).await?;
    counting.begin(&config, counted, &now, &shutdown, &mut tasks);
    let needs = Needs {
        accounts,
        budgets: budgets.clone(),
        recommender: counting.recommender(&config)?,
        seat: ports.seat,
    };
    let collectors = Collectors::start(&config, needs, &now, &shutdown, &mut tasks)?;
    let source = Source {
        board: collectors.board.clone(),
        updated: collectors.updated.clone(),
    };
    let exporter = exporter(&config, &collectors, &now)?;
    if config.web.enable_lifecycle {
        exporter.has_lifecycle(Lifecycle::enabled(Arc::new(asker)));
    }
    tasks.spawn(warm(
        exporter.clone(),
        source.updated.subscribe(),
        shutdown.clone(),
    ));
    let feeds = ports.feeds.serve(&source, &now, &shutdown, &mut tasks);
    if let Some(file) = usage {
        tasks.spawn(remember(file, budgets, shutdown.clone()));
    }
    for listener in ports.web {
        let (router, wire) = match &ports.security {
            Some(file) => (file.protect(exporter.router()), file.wire()),
            None => (exporter.router(), web::Wire::Http1),
        };
        let mut end = shutdown.clone();
        tasks.spawn(async move {
            web::serve_with(
                listener,
                wire,
                router,
                async move { end.requested().await },
                GRACE,
            )
            .await
        });
    }

    let mut running = Running {
        origin,
        config,
        exporter,
        feeds,
        counting,
        collectors,
        now,
    };
    let ended_early = loop {
        let wanted = tokio::select! {
            signal = signals.next() => break ending(signal),
            ended = tasks.join_next() => break ended.map(|ended| Ok(ended??)),
            error = running.collectors.has_ended() => break Some(Err(error)),
            wanted = reloads.next() => wanted,
        };
        // What is dropped here is dropped with the program.
        tokio::select! {
            signal = signals.next() => break ending(signal),
            verdict = running.reload(&shutdown, &mut tasks) => match verdict {
                Ok(verdict) => reloads.answer(wanted, &verdict),
                Err(error) => break Some(Err(error)),
            }
        }
    };
    trigger.trigger();
    drop(reloads); // who waits for one is told
    let rest = async {
        running.collectors.finish().await?;
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        ended = rest => ended?,
        signal = signals.next() => tracing::warn!(signal, "ending at once"),
    }
    match ended_early {
        None => Ok(()),
        Some(ended) => {
            ended?;
            bail!("a task that should run for ever has ended")
        }
    }
}

fn ending(signal: &str) -> Option<anyhow::Result<()>> {
    tracing::info!(signal, "ending; open requests may finish");
    None
}

/// Keeps the count of calls on disk. A disk that fails is said once, and does not end the program.
async fn remember(
    mut file: UsageFile,
    budgets: Arc<Budgets>,
    mut shutdown: Shutdown,
) -> std::io::Result<()> {
    let mut fails = false;
    loop {
        let ends = tokio::select! {
            () = shutdown.requested() => true,
            () = tokio::time::sleep(SAVE_EVERY) => false,
        };
        match file.save(&budgets) {
            Ok(()) => fails = false,
            Err(error) if !std::mem::replace(&mut fails, true) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the count of calls cannot be written; after a restart it will be too low"
            ),
            Err(_) => {}
        }
        if ends {
            return Ok(());
        }
    }
}

/// What answers on the main port.
fn exporter(config: &Config, collectors: &Collectors, now: &Now) -> anyhow::Result<Exporter> {
    let exporter = Exporter::new(
        collectors.board.clone(),
        collectors.calls.clone(),
        collectors.budgets.clone(),
        now.clone(),
        serve_config(config, now)?,
    );
    if let Some(standing) = &collectors.standing {
        exporter.is_replica(standing.clone());
    }
    Ok(exporter)
}

/// How a configuration wants the board served.
pub(crate) fn serve_config(config: &Config, now: &Now) -> anyhow::Result<ServeConfig> {
    let topic_metric = config
        .collect
        .topics
        .then(|| format!("{NAMESPACE}/{}", config.cms.topic_metric));
    let compat = &config.web.compat;
    Ok(ServeConfig {
        max_age: SignedDuration::try_from(config.lag.max_age)?,
        sample_timestamps: config.web.sample_timestamps,
        limits: Arc::new(GroupLimits {
            threshold: config.lag.threshold,
            book: Arc::new(config.recommend.clone()),
        }),
        compat: Compat {
            kafka_exporter: compat.contains(&config::Compat::KafkaExporter),
            klag: compat.contains(&config::Compat::Klag),
        },
        telemetry_path: config.web.telemetry_path.text.clone(),
        build: BUILD,
        metric: format!("{NAMESPACE}/{}", config.cms.metric),
        topic_metric,
        config_loaded_at: now(),
    })
}

/// Rendering ahead keeps the first scrape after a collection as quick as the others.
async fn warm(
    exporter: Exporter,
    mut updates: watch::Receiver<()>,
    mut shutdown: Shutdown,
) -> std::io::Result<()> {
    loop {
        tokio::select! {
            () = shutdown.requested() => return Ok(()),
            Ok(()) = updates.changed() => {
                exporter.remember();
                exporter.warm().await;
            }
        }
    }
}
