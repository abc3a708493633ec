//! Processes, a simulated API server for them, and what Alertmanager would send.

use crate::http::{self, Reply};
use jiff::{SignedDuration, Timestamp};
use kube_sim::{KubeSim, KubeSimConfig};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        OnceLock,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Far more than anything here takes; only a test that fails waits so long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// One workload with one replica more for each alert.
pub(crate) const CONFIG: &str = "\
scaler:
  ledger:
    configmap: ops/scaler
  targets:
    - namespace: orders
      kind: Deployment
      name: consumer
      max_replicas: 10
      cooldown: 1h
";

/// The program with an empty environment.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kafka-lag-scaler"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

pub(crate) fn output(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// An API server with orders/consumer at 2 replicas, a configuration, and a kubeconfig.
pub(crate) struct World {
    pub(crate) api: KubeSim,
    pub(crate) folder: TempDir,
    // Dropped after the API server, which needs it.
    _runtime: tokio::runtime::Runtime,
}

impl World {
    pub(crate) fn new(config: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let sim = KubeSimConfig::default().deployment("orders", "consumer", 2);
        let api = runtime.block_on(KubeSim::start(sim)).unwrap();
        let world = Self {
            api,
            folder: TempDir::new().unwrap(),
            _runtime: runtime,
        };
        world.write("kubeconfig", &world.api.kubeconfig());
        world.write("scaler.yaml", config);
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        // In one step: whoever reads it meanwhile must not meet half a file.
        let new = self.path("half-written");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path(name)).unwrap();
        self.path(name)
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = program(&[]);
        command
            .env("KAFKA_LAG_WEB_LISTEN_ADDRESS", "127.0.0.1:0")
            .env("KAFKA_LAG_KUBECONFIG", self.path("kubeconfig"))
            .env("KAFKA_LAG_CONFIG_FILE", self.path("scaler.yaml"));
        command
    }

    pub(crate) fn start(&self) -> Running {
        Running::start(&mut self.command())
    }

    pub(crate) fn replicas(&self) -> i64 {
        self.api.replicas("orders", "consumer").unwrap()
    }

    /// Changes of the number that the API server has made.
    pub(crate) fn steps(&self) -> usize {
        self.api.scale_changes("orders", "consumer").len()
    }

    #[track_caller]
    pub(crate) fn until_steps(&self, count: usize) {
        until("steps", || self.steps() == count);
    }
}

#[track_caller]
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is() {
        assert!(Instant::now() < deadline, "{what}: not within {DEADLINE:?}");
        thread::park_timeout(LOOK_AGAIN);
    }
}

/// An alert that has been firing for a minute, or is resolved; `name` is part of its identity.
pub(crate) fn alert(name: &str, status: &str) -> String {
    // The same in each delivery of a test, and within what is remembered.
    static STARTS: OnceLock<Timestamp> = OnceLock::new();
    let now = lag_runtime::system_clock()();
    let starts = STARTS.get_or_init(|| now - SignedDuration::from_mins(1));
    let ends = if status == "resolved" {
        now.to_string()
    } else {
        "0001-01-01T00:00:00Z".to_owned()
    };
    serde_json::json!({
        "version": "4", "status": status, "groupKey": "{}:{}", "truncatedAlerts": 0, "receiver": "scaler",
        "alerts": [{
            "status": status,
            "labels": {
                "alertname": name, "action": "scale-out", "namespace": "orders", "deployment": "consumer",
            },
            "annotations": {"value": "1.5e+05"},
            "startsAt": starts.to_string(),
            "endsAt": ends,
        }],
    })
    .to_string()
}

/// As Alertmanager does it: again after 5xx.
#[track_caller]
pub(crate) fn deliver_until_taken(address: SocketAddr, body: &str) -> Reply {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let reply = http::post(address, "/webhook/alertmanager", &[], body);
        if reply.status < 500 {
            return reply;
        }
        assert!(Instant::now() < deadline, "{}", reply.text());
    }
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

    /// Takes all until nothing can come any more.
    fn rest(&mut self) -> bool {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.coming.recv_timeout(left) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => return true,
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
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Lines::of(child.stderr.take().unwrap());
        let mut running = Self {
            child,
            log,
            address: ([127, 0, 0, 1], 0).into(),
        };
        let line = running.log.until(|line| line.contains("msg=listening"));
        let (_, port) = line.rsplit_once(':').unwrap();
        let port = port.trim_end_matches(|c: char| !c.is_ascii_digit());
        running.address.set_port(port.parse().unwrap());
        running
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        http::get(self.address, path)
    }

    pub(crate) fn deliver(&self, body: &str) -> Reply {
        http::post(self.address, "/webhook/alertmanager", &[], body)
    }

    #[track_caller]
    pub(crate) fn deliver_until_taken(&self, body: &str) -> Reply {
        deliver_until_taken(self.address, body)
    }

    /// The value of a series, given with its labels.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        let page = self.get("/metrics").text();
        let mut lines = page.lines().filter_map(|line| line.strip_prefix(series));
        let found = lines.find_map(|rest| rest.strip_prefix(' '));
        found.map(|number| number.parse().unwrap())
    }

    /// The most memory it ever had, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<u64>().unwrap() * 1024
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by its short name.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -s {name} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end, within the deadline.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        assert!(self.log.rest(), "it does not end: {:#?}", self.log.seen);
        self.child.wait().unwrap()
    }
}
