//! What the program counts of itself, in a registry of its own.

use http::StatusCode;
use jiff::Timestamp;
use lag_actions::alert::{AlertResult, AlertScaler, Handled, LedgerStore, LedgerVersion, word};
use lag_core::{
    Effect, Target,
    alert::Ledger,
    names,
    port::{BoxFuture, PortError, PortErrorKind, Scalable, Scaler},
};
use lag_runtime::version;
use prometheus::{
    Encoder as _, Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use std::{
    env::consts::{ARCH, OS},
    sync::Arc,
};

/// Counters, and how they are shown.
#[derive(Debug)]
pub(crate) struct Meters {
    registry: Registry,
    deliveries: IntCounterVec,
    alerts: IntCounterVec,
    backs: IntCounterVec,
    actions: IntCounterVec,
    truncated: IntCounter,
    conflicts: IntCounter,
    is_loaded: IntGauge,
    loaded_at: Gauge,
}

impl Meters {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let many = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let one = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let meters = Self {
            deliveries: many(
                names::SCALER_DELIVERIES,
                "Deliveries of Alertmanager since the start, refused ones too, by status of the answer.",
                &[names::CODE],
            )?,
            alerts: many(
                names::SCALER_ALERTS,
                "Alerts of the deliveries that were taken, by what they came to.",
                &[names::RESULT],
            )?,
            backs: many(
                names::SCALER_BACKS,
                "Steps of scaling back that were due, by what they came to.",
                &[names::RESULT],
            )?,
            actions: many(
                names::SCALER_ACTIONS,
                "Writes to workloads, by kind and outcome; repeats of an unanswered write too.",
                &[names::KIND, names::OUTCOME],
            )?,
            truncated: one(
                names::SCALER_TRUNCATED,
                "Alerts that Alertmanager cut off (max_alerts) and that nothing is known about.",
            )?,
            conflicts: one(
                names::SCALER_CONFLICTS,
                "Saves of the ledger that another replica was faster with; the delivery starts over.",
            )?,
            is_loaded: IntGauge::new(
                names::SCALER_RELOAD_SUCCESSFUL,
                "1 when the last load of the configuration worked, 0 when it failed and the one before still holds.",
            )?,
            loaded_at: Gauge::new(
                names::SCALER_RELOAD_TIMESTAMP,
                "Unix time of the last load of the configuration that worked.",
            )?,
            registry,
        };
        meters
            .registry
            .register(Box::new(meters.is_loaded.clone()))?;
        meters
            .registry
            .register(Box::new(meters.loaded_at.clone()))?;
        meters.build_info()?;
        #[cfg(target_os = "linux")]
        {
            let process = prometheus::process_collector::ProcessCollector::for_self();
            meters.registry.register(Box::new(process))?;
        }
        // There from the start: a rate over a series that appears with its first event misses that event.
        for result in word::ALL {
            meters.alerts.with_label_values(&[result]);
            meters.backs.with_label_values(&[result]);
        }
        Ok(meters)
    }

    fn build_info(&self) -> Result<(), prometheus::Error> {
        let labels = [
            ("version", version::VERSION),
            ("revision", version::REVISION),
            ("branch", version::BRANCH),
            ("rustversion", version::RUST_VERSION),
            ("os", OS),
            ("arch", ARCH),
        ];
        let help = "What was built, from what, for what; always 1.";
        let opts = Opts::new(names::SCALER_BUILD_INFO, help);
        let opts = labels
            .iter()
            .fold(opts, |opts, (name, value)| opts.const_label(*name, *value));
        let gauge = IntGauge::with_opts(opts)?;
        gauge.set(1);
        self.registry.register(Box::new(gauge))
    }

    /// Notes that a configuration is taken.
    pub(crate) fn loaded(&self, at: Timestamp) {
        self.is_loaded.set(1);
        self.loaded_at.set(at.as_duration().as_secs_f64());
    }

    /// Notes that one could not be.
    pub(crate) fn not_loaded(&self) {
        self.is_loaded.set(0);
    }

    pub(super) fn delivery(&self, status: StatusCode) {
        self.deliveries.with_label_values(&[status.as_str()]).inc();
    }

    pub(super) fn handled(&self, handled: &Handled) {
        for result in &handled.results {
            self.alerts.with_label_values(&[result.result]).inc();
        }
        self.truncated.inc_by(handled.truncated);
    }

    pub(crate) fn ticked(&self, results: &[AlertResult]) {
        for result in results {
            self.backs.with_label_values(&[result.result]).inc();
        }
    }

    fn action(&self, kind: &str, outcome: &Result<Effect, PortError>) {
        let outcome = match outcome {
            Ok(effect) => effect_word(effect),
            Err(error) => error.kind.as_str(),
        };
        self.actions.with_label_values(&[kind, outcome]).inc();
    }

    /// The text format of Prometheus.
    pub(super) fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

fn effect_word(effect: &Effect) -> &'static str {
    match effect {
        Effect::Restarted | Effect::Evicted { .. } => "restarted",
        Effect::Scaled { .. } | Effect::MinimumChanged { .. } => "scaled",
        Effect::AlreadyRestarted | Effect::AlreadyScaled { .. } => "already",
        Effect::Refused(_) => "refused",
        Effect::Failed { .. } => "failed",
    }
}

/// Counts the writes to workloads.
#[derive(Debug)]
pub(crate) struct MeteredScaler {
    pub(crate) inner: Arc<dyn AlertScaler>,
    pub(crate) meters: Arc<Meters>,
}

impl Scaler for MeteredScaler {
    fn restart<'a>(
        &'a self,
        target: &'a Target,
        mark: &'a str,
    ) -> BoxFuture<'a, Result<Effect, PortError>> {
        Box::pin(async move {
            let outcome = self.inner.restart(target, mark).await;
            self.meters.action("restart", &outcome);
            outcome
        })
    }

    fn scalable<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Scalable, PortError>> {
        self.inner.scalable(target)
    }

    fn scale<'a>(
        &'a self,
        target: &'a Target,
        found: &'a Scalable,
        to: u32,
    ) -> BoxFuture<'a, Result<Effect, PortError>> {
        Box::pin(async move {
            let outcome = self.inner.scale(target, found, to).await;
            self.meters.action("scale", &outcome);
            outcome
        })
    }

    fn record<'a>(
        &'a self,
        target: &'a Target,
        reason: &'a str,
        note: &'a str,
        is_warning: bool,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        self.inner.record(target, reason, note, is_warning)
    }
}

impl AlertScaler for MeteredScaler {
    fn is_rolling_out<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<bool, PortError>> {
        self.inner.is_rolling_out(target)
    }
}

/// Counts the conflicts of a ledger.
#[derive(Debug)]
pub(crate) struct MeteredLedger {
    pub(crate) inner: Arc<dyn LedgerStore>,
    pub(crate) meters: Arc<Meters>,
}

impl LedgerStore for MeteredLedger {
    fn load(&self) -> BoxFuture<'_, Result<(Arc<Ledger>, LedgerVersion), PortError>> {
        self.inner.load()
    }

    fn save<'a>(
        &'a self,
        ledger: &'a Ledger,
        over: &'a LedgerVersion,
    ) -> BoxFuture<'a, Result<LedgerVersion, PortError>> {
        Box::pin(async move {
            let saved = self.inner.save(ledger, over).await;
            if let Err(error) = &saved
                && error.kind == PortErrorKind::Conflict
            {
                self.meters.conflicts.inc();
            }
            saved
        })
    }
}
