//! The webhook's JSON, version 1. Fields may be added; a change of one that exists is a new version.
//!
//! ```json
//! {"version": 1, "sent_at": "2026-01-15T08:30:00Z", "dropped": 0, "notes": [{
//!   "at": "2026-01-15T08:30:00Z", "kind": "stage",
//!   "instance_id": "alikafka_pre-cn-1", "consumer_group": "billing", "topic": "orders",
//!   "episode": "2026-01-15T08:20:00Z", "stage": 2, "lag": 180000.0,
//!   "lag_timestamp": "2026-01-15T08:29:00Z", "threshold": 150000.0, "last": false,
//!   "outcomes": [{"stage": 2, "at": "2026-01-15T08:30:00Z", "workload": "shop/Deployment/billing",
//!                 "effect": "scaled", "from": 2, "to": 4}],
//!   "before": [{"stage": 1, "at": "2026-01-15T08:20:00Z", "workload": "shop/Deployment/billing",
//!               "effect": "restarted"}],
//!   "text": "..."}]}
//! ```
//!
//! `kind` is one of `stage`, `retry`, `reminder`, `stuck`, `disputed`, `recovered`, `scaled_back`, `lost`, `alert` and `state_lost`.
//! A field that has no meaning for a kind, or no value, is not there. `instance_id`, `consumer_group` and `episode`
//! together with `stage` tell a repeat from news.

use super::channel::Digest;
use jiff::Timestamp;
use lag_core::{Effect, Event, Language, Markup, News, Note, Outcome, Refusal, compose};
use serde_json::{Map, Value, json};

pub(super) fn body(digest: &Digest<'_>, now: Timestamp) -> Vec<u8> {
    let notes: Vec<Value> = digest
        .notes
        .iter()
        .map(|n| note(n, digest.language, now))
        .collect();
    json!({"version": 1, "sent_at": text(now), "dropped": digest.dropped, "notes": notes})
        .to_string()
        .into_bytes()
}

fn note(note: &Note, language: Language, now: Timestamp) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| {
        out.insert(name.to_owned(), value);
    };
    put("at", text(note.at));
    match &note.event {
        Event::StateLost { moved_to } => {
            put("kind", json!("state_lost"));
            put("moved_to", json!(moved_to));
        }
        Event::Alert {
            alerts,
            outcome: what,
            truncated,
        } => {
            put("kind", json!("alert"));
            put("alerts", json!(alerts));
            put("outcomes", json!([outcome(what)]));
            put("truncated_alerts", json!(truncated));
        }
        Event::Group {
            key,
            episode,
            stage,
            sample,
            breach_above,
            news: what,
        } => {
            put("instance_id", json!(key.instance));
            put("consumer_group", json!(key.group));
            if let Some(topic) = &key.topic {
                put("topic", json!(topic));
            }
            put("episode", text(episode));
            put("stage", json!(stage));
            put("lag", json!(sample.lag));
            put("lag_timestamp", text(sample.at));
            put("threshold", json!(breach_above));
            news(what, &mut put);
        }
    }
    let words = compose(&[note], 0, language, Markup::Plain, now);
    put("text", json!(words.lines.join("\n")));
    Value::Object(out)
}

fn news(news: &News, put: &mut impl FnMut(&str, Value)) {
    let list = |outcomes: &[Outcome]| outcomes.iter().map(outcome).collect();
    let kind = match news {
        News::Stage {
            outcomes,
            before,
            last,
        } => {
            put("outcomes", list(outcomes));
            put("before", list(before));
            put("last", json!(last));
            "stage"
        }
        News::Retry { outcomes } => {
            put("outcomes", list(outcomes));
            "retry"
        }
        News::Reminder { before } => {
            put("before", list(before));
            "reminder"
        }
        News::Stuck { lag_at_scale } => {
            put("lag_at_scale", json!(lag_at_scale));
            "stuck"
        }
        News::Unconfirmed { reason } => {
            put("reason", json!(reason));
            "unconfirmed"
        }
        News::Disputed { total } => {
            put("service_lag", json!(total));
            "disputed"
        }
        News::Recovered {
            lasted,
            before,
            dropped,
        } => {
            put("lasted_seconds", json!(lasted.as_secs()));
            put("before", list(before));
            put("dropped_changes", json!(dropped));
            "recovered"
        }
        News::ScaledBack { outcomes } => {
            put("outcomes", list(outcomes));
            "scaled_back"
        }
        News::Lost { missing_for } => {
            put("missing_for_seconds", json!(missing_for.as_secs()));
            "lost"
        }
    };
    put("kind", json!(kind));
}

fn outcome(outcome: &Outcome) -> Value {
    let mut value = effect(&outcome.effect);
    value["stage"] = json!(outcome.stage);
    value["at"] = text(outcome.at);
    value["workload"] = json!(outcome.workload);
    value
}

fn effect(effect: &Effect) -> Value {
    match effect {
        Effect::Restarted => json!({"effect": "restarted"}),
        Effect::AlreadyRestarted => json!({"effect": "already_restarted"}),
        Effect::Evicted { pods } => json!({"effect": "evicted", "pods": pods}),
        Effect::Scaled { from, to } => json!({"effect": "scaled", "from": from, "to": to}),
        Effect::MinimumChanged {
            autoscaler,
            from,
            to,
        } => {
            json!({"effect": "minimum_changed", "autoscaler": autoscaler, "from": from, "to": to})
        }
        Effect::AlreadyScaled { at } => json!({"effect": "already_scaled", "replicas": at}),
        Effect::Refused(refusal) => refused(refusal),
        Effect::Failed { reason, last } => {
            json!({"effect": "failed", "reason": reason, "last": last})
        }
    }
}

/// `reason` is a word to branch on.
fn refused(refusal: &Refusal) -> Value {
    let of = |reason: &str| json!({"effect": "refused", "reason": reason});
    let with = |reason: &str, name: &str, value: Value| {
        let mut out = of(reason);
        out[name] = value;
        out
    };
    match refusal {
        Refusal::NoTarget => of("no_target"),
        Refusal::Paused => of("paused"),
        Refusal::RollingOut => of("rolling_out"),
        Refusal::OnDelete => of("on_delete"),
        Refusal::Kind(kind) => with("kind", "workload_kind", json!(kind)),
        Refusal::Autoscaled { by } => with("autoscaled", "autoscaler", json!(by)),
        Refusal::AtMaximum { at } => with("at_maximum", "replicas", json!(at)),
        Refusal::AtPartitions { at } => with("at_partitions", "replicas", json!(at)),
        Refusal::AtZero => of("at_zero"),
        Refusal::Disruption => of("disruption"),
        Refusal::ChangedSince { at } => with("changed_since", "replicas", json!(at)),
        Refusal::Stuck => of("stuck"),
        Refusal::DailyCap { changes } => with("daily_cap", "changes", json!(changes)),
    }
}

fn text(value: impl std::fmt::Display) -> Value {
    json!(value.to_string())
}
