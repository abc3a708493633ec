//! Composition: configuration, board, collectors, servers; then wait for the end.

use anyhow::{Context as _, anyhow, bail};
use jiff::SignedDuration;
use lag_core::{ApiCalls, Board, BoardCell, Budgets, Instance};
use lag_runtime::{
    Accounts, NAMESPACE, Now, Permit, Recommender,
    collect::{Collector, schedule},
    config::{Config, File, LogConfig, process_env},
    connect,
    credentials::HOW_TO_GET,
    log,
    shutdown::{self, Shutdown, Signals},
    system_clock,
    usage::UsageFile,
    version,
};
use lag_serve::{BuildInfo, Exporter, ServeConfig, check_telemetry_path, web};
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::{cli::Cli, ha::Seat, recommend};

/// How long open requests may take after the first signal.
const GRACE: Duration = Duration::from_secs(5);

/// How often the count of calls is written, if it changed.
const SAVE_EVERY: Duration = Duration::from_secs(10);

pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let now = system_clock();
    let file = cli
        .args
        .read
        .config_file
        .as_deref()
        .map_or_else(|| Ok(File::default()), File::read)?;
    let path = cli.args.read.config_file.clone();
    log::install(
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
        let security = security(&demo.config, &now)?;
        let listeners = bind(&demo.config).await?;
        if let Some(address) = listeners
            .first()
            .and_then(|listener| listener.local_addr().ok())
        {
            let is_tls = security.as_ref().is_some_and(web::WebFile::is_tls);
            crate::demo::greet(
                (if is_tls { "https" } else { "http" }, address),
                &demo.simulator.url(),
                &demo.config.web.telemetry_path.text,
            );
        }
        let budgets = Arc::new(Budgets::new(demo.config.budget.policy, []));
        let accounts = Accounts::fixed(&demo.config, &demo.credentials, budgets.clone());
        let ended = serve(
            demo.config,
            &accounts,
            (budgets, None),
            (listeners, security, None),
            now,
        )
        .await;
        demo.simulator.shutdown().await;
        return ended;
    }

    let config = Config::resolve(&cli.args, &file, &process_env).map_err(|error| {
        if error.lacks_instances() {
            anyhow!("{error}; to look around without an account start with --demo")
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
    let security = security(&config, &now)?;
    let listeners = bind(&config).await?;
    match accounts.check(&config).await {
        Ok(()) => {}
        Err((source, error)) if error.is_not_configured() => {
            return Err(error).with_context(|| {
                format!(
                    "source {source} has no credentials to sign with: {}; to look around without an account start with \
                     --demo",
                    HOW_TO_GET
                )
            });
        }
        Err((source, error)) => {
            return Err(error).with_context(|| format!("source {source} has no credentials"));
        }
    }
    let seat = match &config.lease {
        Some(lease) => Some(Seat::find(lease, &config.kubernetes, &listeners, &now).await?),
        None => None,
    };
    let listening = (listeners, security, seat);
    serve(config, &accounts, (budgets, usage), listening, now).await
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
        let listener = web::bind(&address).await?;
        tracing::info!(address = %listener.local_addr()?, "listening");
        listeners.push(listener);
    }
    Ok(listeners)
}

async fn serve(
    config: Config,
    accounts: &Accounts,
    (budgets, usage): (Arc<Budgets>, Option<UsageFile>),
    (listeners, security, seat): (Vec<TcpListener>, Option<web::WebFile>, Option<Seat>),
    now: Now,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let (trigger, shutdown) = shutdown::channel();
    let mut tasks = JoinSet::new();
    let recommender = recommend::start(&config, &now, &shutdown, &mut tasks).await?;
    let work = (accounts, &budgets, &recommender, seat);
    let exporter = start_collectors(&config, work, &now, &shutdown, &mut tasks)?;
    if let Some(file) = usage {
        tasks.spawn(remember(file, budgets, shutdown.clone()));
    }
    for listener in listeners {
        let (router, wire) = match &security {
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

    let ended_early = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal, "ending; open requests may finish");
            None
        }
        ended = tasks.join_next() => ended,
    };
    trigger.trigger();
    let rest = async {
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
            ended??;
            bail!("a task that should run for ever has ended")
        }
    }
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

/// One task per source, all writing to the board that the returned exporter shows.
fn start_collectors(
    config: &Config,
    (accounts, budgets, recommender, seat): (&Accounts, &Arc<Budgets>, &Recommender, Option<Seat>),
    now: &Now,
    shutdown: &Shutdown,
    tasks: &mut JoinSet<std::io::Result<()>>,
) -> anyhow::Result<Exporter> {
    let (calls, updated) = (Arc::new(ApiCalls::default()), watch::Sender::new(()));
    let board = Arc::new(BoardCell::new(config.sources.iter().fold(
        Board::default(),
        |board, source| {
            let instances = source.instances.iter().map(|id| Instance {
                id: id.clone(),
                region: source.region.clone(),
                expected: source.expected.get(id).cloned().unwrap_or_default(),
            });
            board.watching(&source.name, instances, now())
        },
    )));
    let forget_after = SignedDuration::try_from(config.lag.forget_after)?;
    let (permit, standing) = match seat {
        Some(seat) => {
            let read = (board.clone(), updated.clone(), forget_after);
            let (permit, standing) = seat.take(read, now, shutdown, tasks)?;
            (permit, Some(standing))
        }
        None => (Permit::always(), None),
    };
    for source in &config.sources {
        let settings = (&config.cms, config.collect, config.lag);
        let account = accounts.of(source);
        let collector = Collector {
            name: source.name.as_str().into(),
            source: Arc::new(connect(source, settings, &account, &calls, now.clone())?),
            schedule: schedule(config.collect),
            board: board.clone(),
            forget_after,
            recommender: recommender.clone(),
            updated: updated.clone(),
            account: account.name,
            budgets: budgets.clone(),
        };
        let (now, shutdown, permit) = (now.clone(), shutdown.clone(), permit.clone());
        tasks.spawn(async move {
            collector.run_while(permit, now, shutdown).await;
            Ok(())
        });
    }
    let topic_metric = config
        .collect
        .topics
        .then(|| format!("{NAMESPACE}/{}", config.cms.topic_metric));
    let serve = ServeConfig {
        max_age: SignedDuration::try_from(config.lag.max_age)?,
        sample_timestamps: config.web.sample_timestamps,
        telemetry_path: config.web.telemetry_path.text.clone(),
        build: BuildInfo {
            program: "kafka-lag-exporter",
            version: version::VERSION,
            revision: version::REVISION,
            branch: version::BRANCH,
            rustversion: version::RUST_VERSION,
        },
        metric: format!("{NAMESPACE}/{}", config.cms.metric),
        topic_metric,
        config_loaded_at: now(),
    };
    let exporter = Exporter::new(board, calls, budgets.clone(), now.clone(), serve);
    if let Some(standing) = standing {
        exporter.is_replica(standing);
    }
    let (warmed, mut end) = (exporter.clone(), shutdown.clone());
    let mut updates = updated.subscribe();
    tasks.spawn(async move {
        // Rendering ahead keeps the first scrape after a collection as quick as the others.
        loop {
            tokio::select! {
                () = end.requested() => return Ok(()),
                Ok(()) = updates.changed() => warmed.warm().await,
            }
        }
    });
    Ok(exporter)
}
