use aliyun_cms::{Credentials, RateLimiter};
use cms_sim::{SimConfig, Simulator};
use jiff::{SignedDuration, Timestamp};
use lag_core::{ApiCalls, Board, BoardCell, Budgets, Instance, Schedule, port::LagSource};
use lag_runtime::{
    Account, CmsSource, Now,
    args::Args,
    config::{Config, File},
    connect,
};
use lag_serve::{BuildInfo, ServeConfig};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A simulated cloud, the real client and the real exporter, all living in the time that the test sets.
pub struct Exporter {
    /// The cloud.
    pub cloud: Simulator,
    /// What was collected.
    pub board: Arc<BoardCell>,
    /// What serves it.
    pub served: lag_serve::Exporter,
    source: CmsSource,
    time: Arc<Mutex<Timestamp>>,
    config: Config,
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Exporter {
    /// Starts all of it at `now`. The cloud's keys and clock are set here; `args` may change the rest.
    ///
    /// # Panics
    /// When something cannot be started: this is a test's harness.
    pub async fn start(cloud: SimConfig, now: Timestamp, args: impl FnOnce(&mut Args)) -> Self {
        let cloud = cloud
            .manual_clock(now)
            .credentials("id", "secret", None)
            .rate_limit(0);
        let instances = cloud
            .instance_ids()
            .into_iter()
            .map(str::to_owned)
            .collect();
        let cloud = Simulator::start(cloud)
            .await
            .expect("the simulator listens on loopback");
        let mut given = Args::default();
        given.read.source.region = Some("cn-hangzhou".into());
        given.read.source.endpoint = Some(cloud.url());
        given.read.source.instance = instances;
        given.read.source.timeout = Some("500ms".into());
        args(&mut given);
        let config =
            Config::resolve(&given, &File::default(), &|_| None).expect("a valid configuration");

        let time = Arc::new(Mutex::new(now));
        let clock: Now = {
            let time = time.clone();
            Arc::new(move || *time.lock().unwrap_or_else(PoisonError::into_inner))
        };
        let calls = Arc::new(ApiCalls::default());
        let source = &config.sources[0];
        let watched = source.instances.iter().map(|id| Instance {
            id: id.clone(),
            region: source.region.clone(),
            expected: source.expected.get(id).cloned().unwrap_or_default(),
        });
        let board = Arc::new(BoardCell::new(Board::default().watching(
            &source.name,
            watched,
            now,
        )));
        let budgets = Arc::new(Budgets::new(config.budget.policy, []));
        let account = Account {
            name: source.account.as_str().into(),
            credentials: Arc::new(Credentials::new("id", "secret")),
            limiter: RateLimiter::unlimited(),
            budgets: budgets.clone(),
        };
        let settings = (&config.cms, config.collect, config.lag);
        let source = connect(source, settings, &account, &calls, clock.clone())
            .expect("a client for plain HTTP");
        let serve = ServeConfig {
            max_age: SignedDuration::try_from(config.lag.max_age).expect("a short time"),
            limits: Arc::default(),
            sample_timestamps: config.web.sample_timestamps,
            compat: lag_serve::Compat::default(),
            telemetry_path: config.web.telemetry_path.text.clone(),
            build: BuildInfo {
                program: "kafka-lag-exporter",
                version: "0.0.0",
                revision: "test",
                branch: "test",
                rustversion: "0.0.0",
            },
            metric: "acs_kafka/message_accumulation".into(),
            topic_metric: Some("acs_kafka/message_accumulation_onetopic".into()),
            config_loaded_at: now,
        };
        let served = lag_serve::Exporter::new(board.clone(), calls, budgets.clone(), clock, serve);
        Self {
            cloud,
            board,
            served,
            source,
            time,
            config,
        }
    }

    /// The time everything lives in.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves time, for the cloud and for us.
    pub fn set_now(&self, now: Timestamp) {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner) = now;
        self.cloud.set_now(now);
    }

    /// Lets time pass.
    pub fn pass(&self, span: SignedDuration) {
        self.set_now(self.now() + span);
    }

    /// Moves our clock alone: what a skewed machine sees.
    pub fn set_our_clock(&self, now: Timestamp) {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// One collection; tells a schedule, if there is one, what it found.
    pub async fn collect(&self, schedule: Option<&mut Schedule>) {
        let began = self.now();
        let collected = self.source.collect().await;
        if let Some(schedule) = schedule {
            schedule.record(began, collected.snapshot.complete_through());
        }
        let forget =
            SignedDuration::try_from(self.config.lag.forget_after).unwrap_or(SignedDuration::MAX);
        let name = &self.config.sources[0].name;
        self.board
            .update(|board| board.collected(name, collected, Duration::ZERO, forget));
    }
}
