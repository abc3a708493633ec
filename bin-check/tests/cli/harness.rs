//! Processes and a simulated cloud for them.

use cms_sim::{Scenario, SimConfig, Simulator};
use std::process::{Command, Output, Stdio};

pub(crate) const INSTANCE: &str = "alikafka_pre-cn-sim00000001";
pub(crate) const OTHER: &str = "alikafka_post-cn-sim00000002";
pub(crate) const KEY_ID: &str = "LTAI5tTESTonlyKEYid00001";
pub(crate) const SECRET: &str = "TESTonlySECRETabcdefghijk";

/// The program with an empty environment.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kafka-lag"));
    command
        .args(arguments)
        .env_clear()
        // Nothing beyond loopback is asked for keys.
        .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command
}

/// A simulated cloud on a thread of its own; it lives in real time, as the program does.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) simulator: Simulator,
    // Dropped after the simulator, which needs it.
    _runtime: tokio::runtime::Runtime,
}

impl Cloud {
    pub(crate) fn start(config: SimConfig) -> Self {
        Self::start_with(config, KEY_ID, SECRET, None)
    }

    pub(crate) fn start_with(
        config: SimConfig,
        id: &str,
        secret: &str,
        token: Option<&str>,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let config = config.credentials(id, secret, token);
        let simulator = runtime.block_on(Simulator::start(config)).unwrap();
        Self {
            simulator,
            _runtime: runtime,
        }
    }

    /// A busy group, one that has caught up, and one with a Chinese name.
    pub(crate) fn usual() -> Self {
        Self::start(usual())
    }

    pub(crate) fn url(&self) -> String {
        self.simulator.url()
    }

    /// The program against this cloud.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        against(&self.url(), arguments)
    }

    /// What the program ends with, prints, and complains.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(&mut self.command(arguments))
    }
}

pub(crate) fn usual() -> SimConfig {
    SimConfig::default()
        .group(INSTANCE, "busy", Scenario::constant(150_001))
        .group(INSTANCE, "caught-up", Scenario::Zero)
        .group(INSTANCE, "订单中心_消费组", Scenario::constant(7_000))
}

/// The program against a URL; by variables, so that a test can give any flag.
pub(crate) fn against(url: &str, arguments: &[&str]) -> Command {
    let mut command = program(arguments);
    command
        .env("KAFKA_LAG_CMS_REGION", "cn-hangzhou")
        .env("KAFKA_LAG_CMS_INSTANCE", INSTANCE)
        .env("KAFKA_LAG_CMS_ENDPOINT", url)
        .env("KAFKA_LAG_KAFKA_ENDPOINT", url)
        .env("KAFKA_LAG_CMS_TIMEOUT", "5s")
        .env("KAFKA_LAG_CMS_MAX_ATTEMPTS", "1")
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY_ID)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET);
    command
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn of(command: &mut Command) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().unwrap();
        Self {
            code: status.code(),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    /// The output of a command that ended so.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self.out
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

#[track_caller]
pub(crate) fn assert_says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}
