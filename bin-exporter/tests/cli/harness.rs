//! Processes and a simulated cloud for them.

use crate::http::{self, Reply};
use cms_sim::{Scenario, SimConfig, Simulator};
use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

pub(crate) const INSTANCE: &str = "alikafka_pre-cn-sim00000001";
pub(crate) const OTHER: &str = "alikafka_post-cn-sim00000002";
pub(crate) const KEY_ID: &str = "LTAI5tTESTonlyKEYid00001";
pub(crate) const SECRET: &str = "TESTonlySECRETabcdefghijk";

/// Far more than anything here takes; only a test that fails waits so long.
const DEADLINE: Duration = Duration::from_secs(30);
/// Between two looks at a page.
const LOOK_AGAIN: Duration = Duration::from_millis(40);

/// The program with an empty environment.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kafka-lag-exporter"));
    command
        .args(arguments)
        .env_clear()
        // Nothing beyond loopback is asked for keys.
        .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command
}

pub(crate) fn output(command: &mut Command) -> Output {
    command.output().unwrap()
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
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let simulator = runtime.block_on(Simulator::start(config)).unwrap();
        Self {
            simulator,
            _runtime: runtime,
        }
    }

    /// One busy group and one that has caught up.
    pub(crate) fn usual() -> Self {
        Self::start(usual())
    }

    pub(crate) fn url(&self) -> String {
        self.simulator.url()
    }
}

pub(crate) fn usual() -> SimConfig {
    SimConfig::default()
        .credentials(KEY_ID, SECRET, None)
        .group(INSTANCE, "busy", Scenario::constant(150_001))
        .group(INSTANCE, "caught-up", Scenario::Zero)
}

/// The program against a cloud, asking every second and once. All by variables, so that a test can give any flag.
pub(crate) fn exporter(url: &str) -> Command {
    let mut command = program(&[]);
    command
        .env("KAFKA_LAG_WEB_LISTEN_ADDRESS", "127.0.0.1:0")
        .env("KAFKA_LAG_CMS_REGION", "cn-hangzhou")
        .env("KAFKA_LAG_CMS_INSTANCE", INSTANCE)
        .env("KAFKA_LAG_CMS_ENDPOINT", url)
        .env("KAFKA_LAG_CMS_TIMEOUT", "700ms")
        .env("KAFKA_LAG_CMS_MAX_ATTEMPTS", "1")
        .env("KAFKA_LAG_COLLECT_SCHEDULE", "fixed")
        .env("KAFKA_LAG_COLLECT_INTERVAL", "1s")
        // No month pays for a call a second.
        .env("KAFKA_LAG_BUDGET_REQUESTS_PER_MONTH", "none")
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY_ID)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET);
    command
}

/// Lines of a pipe, read as they come.
#[derive(Debug)]
pub(crate) struct Lines {
    coming: Receiver<String>,
    pub(crate) seen: Vec<String>,
}

impl Lines {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let (sender, coming) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            coming,
            seen: Vec::new(),
        }
    }

    /// Waits for the next line that fits.
    #[track_caller]
    pub(crate) fn until(&mut self, fits: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.coming.recv_timeout(left) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if fits(&line) {
                        return line;
                    }
                }
                Err(why) => panic!("{why} before the line came; there were {:#?}", self.seen),
            }
        }
    }

    /// Like [`Self::until`], for a line that may have come already.
    #[track_caller]
    pub(crate) fn has(&mut self, fits: impl Fn(&str) -> bool) {
        if !self.seen.iter().any(|line| fits(line)) {
            self.until(fits);
        }
    }

    /// Takes what comes within a moment; false when nothing can come any more.
    fn pass(&mut self, moment: Duration) -> bool {
        let deadline = Instant::now() + moment;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.coming.recv_timeout(left) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    pub(crate) fn text(&self) -> String {
        self.seen.join("\n")
    }
}

/// A running program; killed when a test fails.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pub(crate) log: Lines,
    pub(crate) out: Lines,
    pub(crate) address: SocketAddr,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts and waits until it listens.
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Lines::of(child.stderr.take().unwrap());
        let out = Lines::of(child.stdout.take().unwrap());
        let mut running = Self {
            child,
            log,
            out,
            address: ([127, 0, 0, 1], 0).into(),
        };
        let line = running.log.until(|line| line.contains("listening"));
        let (_, address) = line.split_once("127.0.0.1:").unwrap();
        let port = address.trim_end_matches(|c: char| !c.is_ascii_digit());
        running.address.set_port(port.parse().unwrap());
        running
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        http::get(self.address, path, &[])
    }

    pub(crate) fn metrics(&self) -> String {
        self.get("/metrics").text()
    }

    /// The value of a series, given with its labels.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        value(&self.metrics(), series)
    }

    /// Looks at the metrics until they are as expected.
    #[track_caller]
    pub(crate) fn metrics_until(&mut self, expected: impl Fn(&str) -> bool) -> String {
        self.look("/metrics", |reply| expected(&reply.text()))
            .text()
    }

    /// Looks at a page until it is as expected.
    #[track_caller]
    pub(crate) fn look(&mut self, path: &str, expected: impl Fn(&Reply) -> bool) -> Reply {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let reply = self.get(path);
            if expected(&reply) {
                return reply;
            }
            if !self.log.pass(LOOK_AGAIN) || Instant::now() > deadline {
                panic!("{path} stayed at\n{}\n{:#?}", reply.text(), self.log.seen);
            }
        }
    }

    /// Waits until the cloud was read once.
    #[track_caller]
    pub(crate) fn wait_until_read(&mut self) {
        let up = format!("kafka_lag_up{{instance_id=\"{INSTANCE}\"}}");
        self.metrics_until(|page| value(page, &up) == Some(1.0));
    }

    /// Sends a signal by its short name.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -s {name} {}", self.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the end, within the deadline, and takes what is left of both outputs.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        let log_is_open = self.log.pass(DEADLINE);
        assert!(!log_is_open, "it does not end: {:#?}", self.log.seen);
        assert!(!self.out.pass(DEADLINE));
        self.child.wait().unwrap()
    }
}

/// The value of a series on a page of metrics.
pub(crate) fn value(page: &str, series: &str) -> Option<f64> {
    let mut lines = page.lines().filter_map(|line| line.strip_prefix(series));
    let found = lines.find_map(|rest| rest.strip_prefix(' '));
    found.map(|number| number.parse().unwrap())
}

/// A lag's series name.
pub(crate) fn lag(group: &str) -> String {
    format!(
        "kafka_consumer_message_accumulation{{instance_id=\"{INSTANCE}\",consumer_group=\"{group}\"}}"
    )
}

/// The sum of failed calls of one kind, over sources.
pub(crate) fn errors(page: &str, code: &str) -> f64 {
    let code = format!("code=\"{code}\"}} ");
    let all = page
        .lines()
        .filter(|line| line.starts_with("kafka_lag_api_request_errors_total{"));
    let fitting = all.filter_map(|line| line.split_once(&code));
    fitting
        .map(|(_, number)| number.parse::<f64>().unwrap())
        .sum()
}
