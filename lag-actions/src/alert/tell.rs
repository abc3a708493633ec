//! Who hears of it: the audit log, `kubectl describe`, and people.

use super::{AlertHands, act::Job};
use jiff::Timestamp;
use lag_core::{
    Effect, Event, Language, Note, Outcome, Target, alert::Planned, port::PortErrorKind,
};
use std::collections::BTreeSet;

/// What was done at one workload, and for whom.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) target: Target,
    /// Names of the alerts, without repeats.
    alerts: Vec<String>,
    /// Stages of alerts, as the ledger has them.
    keys: Vec<String>,
    outcome: Outcome,
    truncated: u64,
    /// Whether people are told as well.
    is_news: bool,
}

impl Told {
    pub(super) fn new(
        job: &Job<'_>,
        one: &Planned,
        effect: Effect,
        is_news: bool,
        now: Timestamp,
    ) -> Self {
        let (alerts, truncated) = match job {
            Job::Tick => (BTreeSet::new(), 0),
            Job::Deliver(payload) => {
                let shared = one.alerts.iter().filter_map(|at| payload.alerts.get(*at));
                let names = shared.filter_map(|alert| alert.labels.get("alertname").cloned());
                (names.collect(), payload.truncated_alerts)
            }
        };
        let keys = &one.intent.keys;
        let stage = keys.iter().map(|key| key.stage).max().unwrap_or(0);
        let is_failure = matches!(effect, Effect::Failed { .. });
        Self {
            target: one.intent.target.clone(),
            alerts: alerts.into_iter().collect(),
            keys: keys.iter().map(ToString::to_string).collect(),
            outcome: Outcome {
                stage,
                at: now,
                workload: one.intent.target.workload.to_string(),
                effect,
            },
            truncated,
            is_news: is_news || is_failure,
        }
    }

    fn event(&self) -> Event {
        Event::Alert {
            alerts: self.alerts.clone(),
            outcome: self.outcome.clone(),
            truncated: self.truncated,
        }
    }

    pub(super) fn audit(&self) {
        let text = match &self.outcome.effect {
            Effect::Failed { reason, .. } => format!("failed: {reason}"),
            effect => effect.in_words(Language::English),
        };
        tracing::info!(
            target: "audit",
            {
                workload = %self.outcome.workload,
                alerts = self.alerts.join(","),
                keys = self.keys.join(","),
                stage = self.outcome.stage
            },
            "{text}"
        );
    }

    fn reason(&self) -> (&'static str, bool) {
        match &self.outcome.effect {
            Effect::Restarted | Effect::Evicted { .. } => ("KafkaLagRestarted", false),
            Effect::Scaled { .. } | Effect::MinimumChanged { .. } => ("KafkaLagScaled", false),
            Effect::AlreadyRestarted | Effect::AlreadyScaled { .. } => ("KafkaLagDone", false),
            Effect::Refused(_) => ("KafkaLagRefused", true),
            Effect::Failed { .. } => ("KafkaLagActionFailed", true),
        }
    }
}

/// Tells, beside the answer: neither a robot nor an event is waited for, and no failure of theirs changes anything.
pub(super) fn spread(hands: &AlertHands, told: Vec<Told>) {
    if told.is_empty() {
        return;
    }
    let hands = hands.clone();
    tokio::spawn(async move {
        tokio::join!(record(&hands, &told), notify(&hands, &told));
    });
}

async fn record(hands: &AlertHands, told: &[Told]) {
    for one in told {
        let (reason, is_warning) = one.reason();
        let note = one.event().one_line(Language::English);
        let recorded = hands.scaler.record(&one.target, reason, &note, is_warning);
        if let Err(error) = recorded.await {
            tracing::debug!(%error, "the event could not be written");
            if error.kind == PortErrorKind::Unavailable {
                return;
            }
        }
    }
}

/// One message to each, whatever it is about.
async fn notify(hands: &AlertHands, told: &[Told]) {
    if hands.dry_run {
        return;
    }
    let news = told.iter().filter(|one| one.is_news);
    let notes: Vec<Note> = news
        .map(|one| Note {
            at: one.outcome.at,
            event: one.event(),
            sent_to: BTreeSet::new(),
        })
        .collect();
    if notes.is_empty() {
        return;
    }
    let notes: Vec<&Note> = notes.iter().collect();
    for notifier in hands.notifiers.iter() {
        if let Err(error) = notifier.notify(&notes, 0).await {
            tracing::warn!(notifier = notifier.name(), %error, "people could not be told");
        }
    }
}
