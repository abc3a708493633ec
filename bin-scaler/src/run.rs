//! Composition: configuration, hands, server, timer; then wait for the end.

use anyhow::{anyhow, bail};
use lag_actions::alert::{AlertHands, AlertScaler, LedgerStore};
use lag_runtime::{
    config::{File, LogConfig, ScalerConfig, process_env},
    log,
    reload::Reloads,
    shutdown::{self, Shutdown, Signals},
    system_clock, version,
};
use lag_serve::{Lifecycle, Swap, web as server};
use std::{sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::{
    cli::{Cli, Command},
    describe,
    front::{self, Front},
    hands,
    ready::Ready,
    reload::Running,
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
    // Before anything that takes time: until then a SIGHUP ends the program.
    let (reloads, asker) = Reloads::listen()?;
    let args = cli.args;
    let path = args.config_file.clone().filter(|path| !path.is_empty());
    let file = path
        .as_deref()
        .map_or_else(|| Ok(File::default()), File::read)?;
    let now = system_clock();
    let log = log::install(
        LogConfig::resolve(&args.log, &file, path.as_deref(), &process_env)?,
        now.clone(),
    );
    tracing::info!(
        version = version::VERSION,
        revision = version::REVISION,
        config.file = path.as_deref().unwrap_or("none"),
        "kafka-lag-scaler starts"
    );
    let Some(path) = path else {
        bail!(
            "--config.file (or KAFKA_LAG_CONFIG_FILE) is missing: its section scaler says what alerts may change"
        );
    };
    let config = ScalerConfig::resolve(&args, &file, &process_env)?;
    for notice in &config.notices {
        tracing::warn!("{notice}");
    }
    if config.dry_run {
        tracing::warn!("--dry-run: nothing is changed, sent or remembered");
    }
    let gate = Gate::open(&config.webhook)?;
    let front = Front::open(&config, &now)?;
    let listeners = front::bind(&config).await?;
    let addresses = front::addresses(&listeners)?;
    front.check(&config, &gate, &addresses)?;
    front::tell(&addresses, gate.is_guarded() || front.authenticates());
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
        now.clone(),
        config.webhook.deadline,
    );
    meters.loaded(now());
    let lifecycle = if config.enable_lifecycle {
        Lifecycle::enabled(Arc::new(asker))
    } else {
        Lifecycle::default()
    };
    let app: App = Arc::new(web::Shared {
        hands: if config.dry_run {
            hands.dry_run()
        } else {
            hands
        },
        policy: Arc::new(config.policy.clone()),
        gate,
        lifecycle,
        desk: Arc::new(Desk::new(&config.webhook)),
        meters,
        ready: Ready::default(),
    });
    let grace = config.webhook.deadline + GRACE;
    let running = Running {
        args,
        path,
        log,
        config,
        front,
        addresses,
        routes: Swap::new(web::router(app.clone())),
        app: watch::Sender::new(app),
        now,
    };
    serve(running, (reloads, listeners), (ledger, scaler), grace).await
}

async fn serve(
    mut running: Running,
    (mut reloads, listeners): (Reloads, Vec<TcpListener>),
    world: (Arc<dyn LedgerStore>, Arc<dyn AlertScaler>),
    grace: Duration,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let (trigger, shutdown) = shutdown::channel();
    let mut tasks = JoinSet::new();
    for listener in listeners {
        let front = &running.front;
        let router = front.protect(running.routes.router());
        let (wire, mut end) = (front.wire(), shutdown.clone());
        tasks.spawn(async move {
            let end = async move { end.requested().await };
            server::serve_with(listener, wire, router, end, grace).await
        });
    }
    tasks.spawn(tick(running.app.subscribe(), world, shutdown));

    let ended_early = loop {
        tokio::select! {
            signal = signals.next() => {
                tracing::info!(signal, "ending; open requests may finish");
                break None;
            }
            ended = tasks.join_next() => break ended,
            wanted = reloads.next() => reloads.answer(wanted, &running.reload()),
        }
    };
    trigger.trigger();
    drop(reloads); // who waits for one is told
    let rest = async {
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        // A delivery goes on when its client has gone.
        let desk = running.app.borrow().desk.clone();
        let _ = tokio::time::timeout(grace, desk.is_cleared()).await;
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
    app: watch::Receiver<App>,
    world: (Arc<dyn LedgerStore>, Arc<dyn AlertScaler>),
    mut shutdown: Shutdown,
) -> std::io::Result<()> {
    let first = app.borrow().clone();
    let looking = first.ready.find_out(world, &first.policy);
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
        let app = app.borrow().clone();
        app.meters.ticked(&app.hands.tick(&app.policy).await);
    }
}
