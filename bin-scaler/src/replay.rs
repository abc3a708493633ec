//! `replay`: captured payloads through the decision, without a cluster. Workloads and ledger are pretended; everything else
//! is what the server does.

use anyhow::Context as _;
use jiff::Timestamp;
use lag_actions::alert::{AlertHands, AlertResult, AlertScaler, Handled, MemoryLedger};
use lag_core::{
    Effect, Target, Workload,
    alert::{Alert, Payload, Status},
    escalate::ScaleSubject,
    port::{BoxFuture, PortError, PortErrorKind, Scalable, Scaler},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    cli::{self, ReplayArgs, ReplayOutput},
    describe,
    web::document,
};

/// What a pretended cluster needs is next to nothing.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) async fn run(args: &ReplayArgs) -> anyhow::Result<()> {
    let config = describe::read(&args.config)?;
    let clock = Arc::new(Mutex::new(Timestamp::UNIX_EPOCH));
    let pretended = Pretended {
        first: args.replicas,
        known: Arc::default(),
    };
    let now = {
        let clock = clock.clone();
        Arc::new(move || *locked(&clock))
    };
    let hands = AlertHands::new(
        Arc::new(MemoryLedger::default()),
        Arc::new(pretended.clone()),
        Arc::new([]),
        now,
        DEADLINE,
    );
    let (mut text, mut documents) = (String::new(), Vec::new());
    for path in &args.files {
        let payload = read(path)?;
        let at = {
            let mut clock = locked(&clock);
            let latest = latest(&payload).unwrap_or(*clock);
            *clock = args.at.unwrap_or(latest.max(*clock));
            *clock
        };
        let before = pretended.replicas();
        let handled = hands.handle(&config.policy, &payload).await;
        let changes = pretended.since(&before);
        text += &in_words(path, at, &payload, &handled, &changes);
        documents.push(in_json(path, at, &handled, &changes));
    }
    match args.output {
        ReplayOutput::Text => cli::say(&text)?,
        ReplayOutput::Json => cli::say(&format!("{:#}\n", Value::Array(documents)))?,
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Payload> {
    let body = fs::read(path).with_context(|| path.display().to_string())?;
    Payload::parse(&body).with_context(|| path.display().to_string())
}

/// The latest time that it names: it was not delivered before.
fn latest(payload: &Payload) -> Option<Timestamp> {
    let alerts = payload.alerts.iter();
    alerts
        .flat_map(|alert| {
            // While it fires the end is only a guess of Prometheus.
            let ended = alert.ends_at.filter(|_| alert.status == Status::Resolved);
            [alert.starts_at, ended]
        })
        .flatten()
        .max()
}

fn in_words(
    path: &Path,
    at: Timestamp,
    payload: &Payload,
    handled: &Handled,
    changes: &[Change],
) -> String {
    let mut text = format!("{} at {at}\n", path.display());
    for result in &handled.results {
        let alert = payload.alerts.get(result.alert);
        let _ = writeln!(text, "  {}", line(result, alert));
    }
    if handled.truncated > 0 {
        let _ = writeln!(
            text,
            "  {} more were cut off by Alertmanager, and nothing is known about them",
            handled.truncated
        );
    }
    for change in changes {
        let _ = writeln!(text, "  => {}", change.in_words());
    }
    if changes.is_empty() {
        text += "  => nothing is changed\n";
    }
    text
}

fn line(result: &AlertResult, alert: Option<&Alert>) -> String {
    let name = alert.and_then(|alert| alert.labels.get("alertname"));
    let name = name.map_or("alert without a name", String::as_str);
    let status = alert.map_or("", |alert| match alert.status {
        Status::Firing => " fires",
        Status::Resolved => " is resolved",
        Status::Unknown => " has no known status",
    });
    let workload = result.workload.as_deref();
    let workload = workload.map_or(String::new(), |workload| format!(" for {workload}"));
    format!(
        "{name}{status}{workload}: {}: {}",
        result.result, result.words
    )
}

fn in_json(path: &Path, at: Timestamp, handled: &Handled, changes: &[Change]) -> Value {
    let mut document = document(handled);
    document["file"] = json!(path.display().to_string());
    document["at"] = json!(at.to_string());
    let changes = changes.iter().map(Change::in_json);
    document["changes"] = Value::Array(changes.collect());
    document
}

/// What happened to a workload.
struct Change {
    workload: Workload,
    from: u32,
    to: u32,
    restarts: usize,
}

impl Change {
    fn in_words(&self) -> String {
        let Self {
            workload,
            from,
            to,
            restarts,
        } = self;
        match (from == to, restarts) {
            (true, _) => format!("{workload} is restarted"),
            (false, 0) => format!("{workload} goes from {from} to {to} replicas"),
            (false, _) => format!("{workload} goes from {from} to {to} replicas and is restarted"),
        }
    }

    fn in_json(&self) -> Value {
        json!({
            "workload": self.workload.to_string(),
            "from": self.from,
            "to": self.to,
            "restarts": self.restarts,
        })
    }
}

/// Workloads that exist as soon as they are asked for.
#[derive(Debug, Clone)]
struct Pretended {
    first: u32,
    known: Arc<Mutex<BTreeMap<Workload, State>>>,
}

#[derive(Debug, Clone)]
struct State {
    replicas: u32,
    marks: BTreeSet<String>,
    version: u64,
}

impl Pretended {
    fn replicas(&self) -> BTreeMap<Workload, State> {
        locked(&self.known).clone()
    }

    fn since(&self, before: &BTreeMap<Workload, State>) -> Vec<Change> {
        let known = locked(&self.known);
        let changes = known.iter().map(|(workload, state)| {
            let before = before.get(workload);
            Change {
                workload: workload.clone(),
                from: before.map_or(self.first, |before| before.replicas),
                to: state.replicas,
                restarts: state.marks.len() - before.map_or(0, |before| before.marks.len()),
            }
        });
        changes
            .filter(|change| change.from != change.to || change.restarts > 0)
            .collect()
    }

    fn with<T>(&self, target: &Target, work: impl FnOnce(&mut State) -> T) -> T {
        let mut known = locked(&self.known);
        let state = known.entry(target.workload.clone()).or_insert(State {
            replicas: self.first,
            marks: BTreeSet::new(),
            version: 1,
        });
        work(state)
    }
}

impl Scaler for Pretended {
    fn restart<'a>(
        &'a self,
        target: &'a Target,
        mark: &'a str,
    ) -> BoxFuture<'a, Result<Effect, PortError>> {
        let is_new = self.with(target, |state| state.marks.insert(mark.to_owned()));
        let effect = if is_new {
            Effect::Restarted
        } else {
            Effect::AlreadyRestarted
        };
        Box::pin(async { Ok(effect) })
    }

    fn scalable<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Scalable, PortError>> {
        let found = self.with(target, |state| Scalable {
            subject: ScaleSubject::Replicas,
            replicas: state.replicas,
            at: state.replicas,
            most: None,
            owner: None,
            version: state.version.to_string(),
        });
        Box::pin(async { Ok(found) })
    }

    fn scale<'a>(
        &'a self,
        target: &'a Target,
        found: &'a Scalable,
        to: u32,
    ) -> BoxFuture<'a, Result<Effect, PortError>> {
        let effect = self.with(target, |state| {
            if state.version.to_string() != found.version {
                let what = "it was changed meanwhile";
                return Err(PortError::new(PortErrorKind::Conflict, what));
            }
            let from = std::mem::replace(&mut state.replicas, to);
            state.version += 1;
            Ok(Effect::Scaled { from, to })
        });
        Box::pin(async { effect })
    }

    fn record<'a>(
        &'a self,
        _: &'a Target,
        _: &'a str,
        _: &'a str,
        _: bool,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }
}

impl AlertScaler for Pretended {
    fn is_rolling_out<'a>(&'a self, _: &'a Target) -> BoxFuture<'a, Result<bool, PortError>> {
        Box::pin(async { Ok(false) })
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
