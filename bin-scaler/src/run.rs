//! Composition: configuration, hands, server, timer; then wait for the end.

use anyhow::{Context as _, anyhow, bail};
use axum::Router;
use lag_actions::alert::{AlertHands, AlertScaler, LedgerStore};
use lag_runtime::{
    config::{File, LogConfig, ScalerConfig, process_env},
    log,
    shutdown::{self, Shutdown, Signals},
    system_clock, version,
};
use lag_serve::{
    Now,
    web::{self as server, WebFile, Wire},
};
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::{
    cli::{Cli, Command},
    describe, hands,
    ready::Ready,
    replay,
    web::{self, App, Desk, Gate, MeteredLedger, MeteredScaler, Meters},
};

/// How often it is asked whether a step back is due.
const TICK: Duration = Duration::from_secs(15);

/// What open requests may take after the first signal, beyond the deadline of a delivery.
const GRACE: Duration = Duration::from_secs(3);

pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Some(Command::Replay(args)) => return replay::run(&args).await,
        Some(Command::CheckConfig(args)) => return describe::run(&args),
        None => {}
    }
    let args = cli.args;
    let path = args.config_file.clone().filter(|path| !path.is_empty());
    let file = path
        .as_deref()
        .map_or_else(|| Ok(File::default()), File::read)?;
    let now = system_clock();
    log::install(
        LogConfig::resolve(&args.log, &file, path.as_deref(), &process_env)?,
        now.clone(),
    );
    tracing::info!(
        version = version::VERSION,
        revision = version::REVISION,
        config.file = path.as_deref().unwrap_or("none"),
        "kafka-lag-scaler starts"
    );
    if path.is_none() {
        bail!(
            "--config.file (or KAFKA_LAG_CONFIG_FILE) is missing: its section scaler says what alerts may change"
        );
    }
    let config = ScalerConfig::resolve(&args, &file, &process_env)?;
    for notice in &config.notices {
        tracing::warn!("{notice}");
    }
    if config.dry_run {
        tracing::warn!("--dry-run: nothing is changed, sent or remembered");
    }
    let gate = Gate::open(&config.webhook)?;
    let front = Front::open(&config, &gate, &now)?;
    let listeners = bind(&config, gate.is_guarded() || front.authenticates()).await?;
    let cluster = hands::cluster(&config).await?;
    let meters = Arc::new(Meters::new()?);
    let ledger: Arc<dyn LedgerStore> = Arc::new(MeteredLedger {
        inner: hands::ledger(&config, &cluster)?,
        meters: meters.clone(),
    });
    let scaler: Arc<dyn AlertScaler> = Arc::new(MeteredScaler {
        inner: hands::scaler(&config, &cluster, &now),
        meters: meters.clone(),
    });
    let hands = AlertHands::new(
        ledger.clone(),
        scaler.clone(),
        hands::notifiers(&config, &now)?,
        now,
        config.webhook.deadline,
    );
    let app: App = Arc::new(web::Shared {
        hands: if config.dry_run {
            hands.dry_run()
        } else {
            hands
        },
        policy: Arc::new(config.policy),
        gate,
        desk: Desk::new(&config.webhook),
        meters,
        ready: Ready::default(),
    });
    let grace = config.webhook.deadline + GRACE;
    serve(&app, (ledger, scaler), (listeners, front, grace)).await
}

/// What stands between the network and the pages: the TLS and the users of a web.config.file, if there is one.
struct Front(Option<WebFile>);

impl Front {
    fn open(config: &ScalerConfig, gate: &Gate, now: &Now) -> anyhow::Result<Self> {
        let Some(written) = &config.web_config_file else {
            return Ok(Self(None));
        };
        let file = WebFile::read(Path::new(&written.text), now.clone());
        let file = file.with_context(|| written.place.clone())?;
        if file.asks_for_passwords() && gate.is_guarded() {
            bail!(
                "{}: its basic_auth_users and scaler.webhook both want the header Authorization, and a request has one: \
                 leave bearer_token_files and basic_users out of scaler.webhook, or basic_auth_users out of the file",
                written.place
            );
        }
        Ok(Self(Some(file)))
    }

    fn authenticates(&self) -> bool {
        self.0.as_ref().is_some_and(WebFile::authenticates)
    }

    fn wire(&self) -> Wire {
        self.0.as_ref().map_or(Wire::Http1, WebFile::wire)
    }

    fn protect(&self, router: Router) -> Router {
        match &self.0 {
            Some(file) => file.protect(router),
            None => router,
        }
    }
}

/// Whoever reaches an unguarded scaler may change what its allow-list allows, so it stays where only this machine reaches it.
async fn bind(config: &ScalerConfig, is_guarded: bool) -> anyhow::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for written in &config.listen_addresses {
        let parsed = written.text.parse::<server::ListenAddress>();
        let address = parsed.with_context(|| written.place.clone())?;
        let listener = server::bind(&address, "--web.listen-address").await?;
        let local: SocketAddr = listener.local_addr()?;
        let is_open = !is_guarded && !local.ip().to_canonical().is_loopback();
        if is_open && !config.allow_unauthenticated {
            bail!(
                "{}: {} is reached from elsewhere, and nobody has to prove who they are: set \
                 scaler.webhook.bearer_token_files or basic_users, listen on 127.0.0.1, or say \
                 --web.allow-unauthenticated",
                written.place,
                written.text
            );
        }
        if is_open {
            tracing::warn!(address = %local, "everybody who reaches this address may send alerts");
        }
        listeners.push(listener);
    }
    for listener in &listeners {
        tracing::info!(address = %listener.local_addr()?, "listening");
    }
    Ok(listeners)
}

async fn serve(
    app: &App,
    (ledger, scaler): (Arc<dyn LedgerStore>, Arc<dyn AlertScaler>),
    (listeners, front, grace): (Vec<TcpListener>, Front, Duration),
) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let (trigger, shutdown) = shutdown::channel();
    let mut tasks = JoinSet::new();
    for listener in listeners {
        let router = front.protect(web::router(app.clone()));
        let (wire, mut end) = (front.wire(), shutdown.clone());
        tasks.spawn(async move {
            let end = async move { end.requested().await };
            server::serve_with(listener, wire, router, end, grace).await
        });
    }
    tasks.spawn(tick(app.clone(), (ledger, scaler), shutdown));

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
        // A delivery goes on when its client has gone.
        let _ = tokio::time::timeout(grace, app.desk.is_cleared()).await;
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
            Err(anyhow!("a task that should run for ever has ended"))
        }
    }
}

/// Finds out whether there is a ledger and a cluster, and then asks which steps back are due. No delivery asks for these.
async fn tick(
    app: App,
    world: (Arc<dyn LedgerStore>, Arc<dyn AlertScaler>),
    mut shutdown: Shutdown,
) -> std::io::Result<()> {
    let looking = app.ready.find_out(world, &app.policy);
    tokio::select! {
        () = shutdown.requested() => return Ok(()),
        () = looking => {}
    }
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.requested() => return Ok(()),
            _ = ticks.tick() => {}
        }
        app.meters.ticked(&app.hands.tick(&app.policy).await);
    }
}
