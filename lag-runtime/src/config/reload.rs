//! From one configuration to another while the program runs: what may not change, and what goes on.

use lag_core::{InstanceId, Keep};
use std::collections::BTreeMap;

use super::{Config, ConfigError, ScalerConfig, SourceConfig, Written};

/// What becomes of the sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Those of the new configuration, in its order.
    pub sources: Vec<SourcePlan>,
    /// Names of those that are not in it.
    pub ended: Vec<String>,
}

/// What becomes of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePlan {
    /// Its name.
    pub name: String,
    /// Whether its collections go on as if nothing had happened.
    pub runs_on: bool,
    /// What stays known of each of its instances.
    pub keeps: BTreeMap<InstanceId, Keep>,
}

/// Compares two configurations.
#[must_use]
pub fn plan(old: &Config, new: &Config) -> Plan {
    let is_named = |name: &str, config: &Config| config.sources.iter().any(|s| s.name == name);
    let sources = new.sources.iter().map(|source| {
        let before = old.sources.iter().find(|other| other.name == source.name);
        let keep = |id: &InstanceId| (id.clone(), keep(id, source, old, new));
        SourcePlan {
            name: source.name.clone(),
            runs_on: before == Some(source) && asks_alike(old, new),
            keeps: source.instances.iter().map(keep).collect(),
        }
    });
    let ended = old.sources.iter().map(|source| source.name.clone());
    Plan {
        sources: sources.collect(),
        ended: ended.filter(|name| !is_named(name, new)).collect(),
    }
}

/// Whether an unchanged source would be asked in the same way, as often.
fn asks_alike(old: &Config, new: &Config) -> bool {
    old.cms == new.cms
        && old.collect == new.collect
        && old.lag.max_series == new.lag.max_series
        && old.budget.policy == new.budget.policy
}

fn keep(id: &InstanceId, source: &SourceConfig, old: &Config, new: &Config) -> Keep {
    let before = old.sources.iter().find(|s| s.instances.contains(id));
    let Some(before) = before else {
        return Keep::Nothing;
    };
    let means = |config: &Config| {
        let cms = &config.cms;
        let period = config.collect.window.period();
        (cms.metric.clone(), cms.statistic, period)
    };
    let topics = |config: &Config| {
        let topics = config.collect.topics;
        topics.then(|| config.cms.topic_metric.clone())
    };
    if means(old) != means(new) {
        return Keep::Nothing;
    }
    if topics(old) != topics(new) {
        return Keep::Totals;
    }
    let is_asked_alike = before.filter == source.filter
        && before.expected.get(id) == source.expected.get(id)
        && old.lag.max_series == new.lag.max_series;
    if is_asked_alike {
        Keep::All
    } else {
        Keep::Samples
    }
}

/// Whether the new configuration can be had without a restart.
///
/// # Errors
/// Names every key that cannot change.
pub fn fixed(path: &str, old: &Config, new: &Config) -> Result<(), ConfigError> {
    let external = |config: &Config| {
        let wanted = config.external_metrics.clone();
        wanted.map(|wanted| (wanted.listen_address.text, wanted.pair, wanted.auth))
    };
    let keda = |config: &Config| {
        let wanted = config.keda.clone();
        wanted.map(|wanted| {
            (
                wanted.listen_address.text,
                wanted.pair,
                wanted.client_ca_file,
            )
        })
    };
    let state = |config: &Config| config.budget.state.clone().map(|(path, _)| path);
    let (a, b) = (&old.web, &new.web);
    refuse(
        path,
        &[
            (
                "web.listen_address",
                texts(&a.listen_addresses) == texts(&b.listen_addresses),
            ),
            (
                "web.telemetry_path",
                a.telemetry_path.text == b.telemetry_path.text,
            ),
            (
                "web.config_file",
                text(&a.config_file) == text(&b.config_file),
            ),
            (
                "external_metrics (all but namespaces)",
                external(old) == external(new),
            ),
            ("keda", keda(old) == keda(new)),
            ("lease", old.lease == new.lease),
            ("kubernetes", old.kubernetes == new.kubernetes),
            ("state.directory", state(old) == state(new)),
        ],
    )
}

/// The same for the scaler.
///
/// # Errors
/// Names every key that cannot change.
pub fn fixed_of_scaler(
    path: &str,
    old: &ScalerConfig,
    new: &ScalerConfig,
) -> Result<(), ConfigError> {
    let (a, b) = (&old.webhook, &new.webhook);
    refuse(
        path,
        &[
            (
                "scaler.listen_address",
                texts(&old.listen_addresses) == texts(&new.listen_addresses),
            ),
            ("scaler.ledger", old.ledger == new.ledger),
            ("scaler.webhook.body_limit", a.body_limit == b.body_limit),
            ("scaler.webhook.deadline", a.deadline == b.deadline),
            ("scaler.webhook.concurrency", a.concurrency == b.concurrency),
            ("kubernetes", old.kubernetes == new.kubernetes),
        ],
    )
}

fn refuse(path: &str, keys: &[(&str, bool)]) -> Result<(), ConfigError> {
    let changed = keys.iter().filter(|(_, is_same)| !is_same);
    let changed: Vec<_> = changed.map(|(key, _)| *key).collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(ConfigError::new(
        format!("{path}: {}", changed.join(", ")),
        "this cannot change while the program runs: restart it, or write back what was there; nothing of the file was taken",
    ))
}

fn texts(written: &[Written]) -> Vec<&str> {
    written
        .iter()
        .map(|written| written.text.as_str())
        .collect()
}

fn text(written: &Option<Written>) -> Option<&str> {
    written.as_ref().map(|written| written.text.as_str())
}

#[cfg(test)]
mod tests;
