//! A cloud, a cluster, a robot, and a directory with a configuration.

use cms_sim::{ReceivedMessage, Robot, Scenario, SimConfig, Simulator};
use kube_sim::{KubeSim, KubeSimConfig};
use std::time::{Duration, Instant};
use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

pub(crate) const INSTANCE: &str = "alikafka_pre-cn-sim00000001";
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const KEY_ID: &str = "LTAI5tTESTonlyKEYid00001";
const SECRET: &str = "TESTonlySECRETabcdefghijk";
const ROBOT_SECRET: &str = "SEC000000000000000000000";

/// Everything that one test needs; all of it lives in real time.
pub(crate) struct World {
    pub(crate) cloud: Simulator,
    pub(crate) cluster: KubeSim,
    pub(crate) home: TempDir,
    _runtime: tokio::runtime::Runtime,
}

fn robot() -> Robot {
    Robot::dingtalk(TOKEN).secret(ROBOT_SECRET).keyword("Kafka")
}

/// Policy of the first post, without waiting.
pub(crate) const POLICY: &str = "  policy: {min_gap: 0s}\n";

impl World {
    /// A group `cust_docking_analog` and its Deployment `orders/cust` with two replicas.
    pub(crate) fn new() -> Self {
        Self::with_policy(POLICY)
    }

    /// With these lines below `check:`.
    pub(crate) fn with_policy(policy: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let config = SimConfig::default()
            .credentials(KEY_ID, SECRET, None)
            .rate_limit(0)
            .group(INSTANCE, "other", Scenario::constant(7))
            .robot(robot());
        let cloud = runtime.block_on(Simulator::start(config)).unwrap();
        let config = KubeSimConfig::default().deployment("orders", "cust", 2);
        let cluster = runtime.block_on(KubeSim::start(config)).unwrap();
        let world = Self {
            cloud,
            cluster,
            home: tempfile::tempdir().unwrap(),
            _runtime: runtime,
        };
        world.file("kubeconfig", &world.cluster.kubeconfig());
        let url = format!("https://oapi.dingtalk.com/robot/send?access_token={TOKEN}");
        world.file("robot-url", &url);
        world.file("robot-secret", ROBOT_SECRET);
        world.config(policy);
        world
    }

    /// A robot that has taken no message yet, and so may take as many as any.
    pub(crate) fn new_robot(&self) {
        self.cloud.add_robot(robot());
    }

    /// Writes the configuration, with these lines below `check:`.
    pub(crate) fn config(&self, policy: &str) {
        let text = format!(
            "check:\n{policy}\
             targets:\n\
             - groups: [\"suffix:_docking_analog\"]\n  \
               namespace: orders\n  \
               kind: Deployment\n  \
               name: \"{{group|strip_suffix:_docking_analog}}\"\n  \
               min_replicas: 1\n  \
               max_replicas: 10\n\
             allow: [\"orders/Deployment/*\"]\n\
             notifiers:\n\
             - name: oncall\n  \
               kind: dingtalk\n  \
               url_file: {home}/robot-url\n  \
               secret_file: {home}/robot-secret\n  \
               keyword: Kafka\n  \
               endpoint: {url}\n\
             kubernetes:\n  \
               kubeconfig: {home}/kubeconfig\n  \
               timeout: 2s\n",
            home = self.home.path().display(),
            url = self.cloud.url(),
        );
        self.file("check.yaml", &text);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// The group's points from now on, `(seconds before now, lag)`.
    pub(crate) fn lag(&self, points: &[(i64, u64)]) {
        self.cloud.script(INSTANCE, "cust_docking_analog", points);
    }

    /// `kafka-lag check` with these flags, an empty environment and the configuration.
    pub(crate) fn command(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kafka-lag"));
        command.arg("check").args(flags);
        self.equip(&mut command);
        command
    }

    /// `kafka-lag state` with these arguments.
    pub(crate) fn state(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kafka-lag"));
        command.arg("state").args(arguments);
        self.equip(&mut command);
        Ended::of(&mut command)
    }

    fn equip(&self, command: &mut Command) {
        command
            .env_clear()
            .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
            .env("KAFKA_LAG_CONFIG_FILE", self.path("check.yaml"))
            .env("KAFKA_LAG_STATE_FILE", self.path("check.json"))
            .env("KAFKA_LAG_CMS_REGION", "cn-hangzhou")
            .env("KAFKA_LAG_CMS_INSTANCE", INSTANCE)
            .env("KAFKA_LAG_CMS_ENDPOINT", self.cloud.url())
            .env("KAFKA_LAG_KAFKA_ENDPOINT", self.cloud.url())
            .env("KAFKA_LAG_CMS_TIMEOUT", "5s")
            .env("KAFKA_LAG_CMS_MAX_ATTEMPTS", "1")
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY_ID)
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)
            .stdin(Stdio::null());
    }

    /// A run to its end.
    pub(crate) fn check(&self, flags: &[&str]) -> Ended {
        Ended::of(&mut self.command(flags))
    }

    /// A run that acts, to its end.
    pub(crate) fn act(&self) -> Ended {
        self.check(&["--act"])
    }

    /// A run that acts, under way.
    pub(crate) fn start(&self, flags: &[&str]) -> Child {
        let mut command = self.command(flags);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    pub(crate) fn restarts(&self) -> usize {
        self.cluster.rollouts("orders", "cust").len()
    }

    pub(crate) fn replicas(&self) -> i64 {
        self.cluster.replicas("orders", "cust").unwrap()
    }

    /// What the robot has taken so far.
    pub(crate) fn messages(&self) -> Vec<ReceivedMessage> {
        self.cloud.messages(TOKEN)
    }
}

/// The processes of these tests live in real time.
#[expect(clippy::disallowed_methods, reason = "as the program does")]
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Waits without sleeping until something holds, for at most ten seconds.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{what} did not happen"
        );
        std::thread::yield_now();
    }
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
        Self::from(command.output().unwrap())
    }

    /// Its output, when it ended so.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self.out
    }

    #[track_caller]
    pub(crate) fn says(&self, parts: &[&str]) -> &Self {
        let all = format!("{}{}", self.out, self.err);
        for part in parts {
            assert!(all.contains(part), "{part:?} is not in {self:#?}");
        }
        self
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
