//! Which policy says how many replicas a group should have: the section `recommend`.

use jiff::SignedDuration;
use lag_core::{
    Bounds, EmptyBounds, Lag, PromDuration, WindowPolicy,
    recommend::{
        DrainPolicy, DrainRules, InvalidPolicy, Policy, RecommendBook, RecommendRule, Step,
        StepPolicy, StepRules,
    },
};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{
    ConfigError, File,
    entry::Entry,
    file::{Text, Texts},
    object::workload,
    pick::{Found, Picker, between, number},
};

const MOST_REPLICAS: u32 = 10_000;
const MOST_PARTITIONS: u32 = 1_000_000;

/// A rule, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rule {
    groups: Texts,
    instances: Texts,
    base: Text,
    max: Text,
    steps: Option<Spanned<Vec<Spanned<WrittenStep>>>>,
    back_at: Text,
    sustained_for: Text,
    drain: Option<Spanned<Drain>>,
    partitions: Text,
    workload: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenStep {
    above: Text,
    add: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Drain {
    within: Text,
    per_replica_per_second: Text,
    min: Text,
    max: Text,
    calm_at: Text,
}

pub(super) fn resolve(
    file: &File,
    picker: Picker<'_>,
    window: WindowPolicy,
) -> Result<RecommendBook, ConfigError> {
    let rule = |(index, written): (usize, &Spanned<Rule>)| {
        let entry = Entry {
            picker,
            name: format!("recommend[{index}]"),
            line: written.referenced.line(),
        };
        rule(&written.value, &entry, window)
    };
    let rules = file.recommend.iter().enumerate().map(rule);
    let rules = rules.collect::<Result<_, _>>()?;
    Ok(RecommendBook { rules })
}

fn rule(
    keys: &Rule,
    entry: &Entry<'_>,
    window: WindowPolicy,
) -> Result<RecommendRule, ConfigError> {
    let partitions = entry
        .one("partitions", &keys.partitions)?
        .map(|found| number(&found, 1, MOST_PARTITIONS, "partitions"))
        .transpose()?;
    let named = entry.one("workload", &keys.workload)?;
    let named = named.as_ref().map(workload).transpose()?;
    let policy = match &keys.drain {
        Some(written) => {
            if let Some(key) = ladder_key(keys) {
                let problem = "a rule has either a ladder or drain: leave out one of the two, or write two rules";
                return Err(entry.lacks(key, problem));
            }
            if named.is_none() {
                let problem = "it is missing: drain has to know how many replicas consume; write NAMESPACE/KIND/NAME, such \
                               as orders/Deployment/consumer";
                return Err(entry.lacks("workload", problem));
            }
            let entry = Entry {
                picker: entry.picker,
                name: entry.key("drain"),
                line: written.referenced.line(),
            };
            Policy::Drain(drain(&written.value, &entry, partitions, window)?)
        }
        None => Policy::Steps(ladder(keys, entry, partitions)?),
    };
    Ok(RecommendRule {
        groups: entry.groups(&keys.groups)?,
        instances: entry.patterns("instances", &keys.instances)?,
        policy,
        workload: named,
    })
}

fn ladder_key(keys: &Rule) -> Option<&'static str> {
    let given = [
        ("base", keys.base.is_some()),
        ("max", keys.max.is_some()),
        ("steps", keys.steps.is_some()),
        ("back_at", keys.back_at.is_some()),
        ("sustained_for", keys.sustained_for.is_some()),
    ];
    given.into_iter().find_map(|(key, is)| is.then_some(key))
}

fn ladder(
    keys: &Rule,
    entry: &Entry<'_>,
    partitions: Option<u32>,
) -> Result<StepPolicy, ConfigError> {
    let base = entry.needed(
        "base",
        &keys.base,
        "write the replicas for little lag, such as 2",
    )?;
    let max = entry.needed("max", &keys.max, "write the most replicas, such as 5")?;
    let advice =
        "write for example [{above: 100000, add: 1}, {above: 150000, add: 2}], or use drain";
    let written = keys
        .steps
        .as_ref()
        .ok_or_else(|| entry.lacks("steps", format!("it is missing: {advice}")))?;
    let one = |(index, written): (usize, &Spanned<WrittenStep>)| {
        let entry = Entry {
            picker: entry.picker,
            name: format!("{}[{index}]", entry.key("steps")),
            line: written.referenced.line(),
        };
        let (keys, advice) = (&written.value, "write for example {above: 100000, add: 1}");
        Ok(Step {
            above: messages(&entry.needed("above", &keys.above, advice)?)?,
            add: replicas(&entry.needed("add", &keys.add, advice)?)?,
        })
    };
    let steps = written.value.iter().enumerate().map(one);
    let steps = steps.collect::<Result<_, ConfigError>>()?;
    let advice = "write the lag at which the base is enough again, such as 50000";
    let back_at = entry.needed("back_at", &keys.back_at, advice)?;
    let sustained_for = entry.one("sustained_for", &keys.sustained_for)?;
    let rules = StepRules {
        base: replicas(&base)?,
        max: replicas(&max)?,
        steps,
        back_at: messages(&back_at)?,
        sustained_for: duration(sustained_for, "0s")?,
        partitions,
    };
    let steps_entry = Entry {
        picker: entry.picker,
        name: entry.name.clone(),
        line: written.referenced.line(),
    };
    StepPolicy::try_from(rules).map_err(|error| match error {
        InvalidPolicy::MaxBelowBase { .. } => max.wrong(error.to_string()),
        InvalidPolicy::BackAboveStep { .. } => back_at.wrong(error.to_string()),
        _ => steps_entry.lacks("steps", error.to_string()),
    })
}

/// A trend is fitted over one answer, so its points lie as far apart as the window is wide.
fn drain(
    keys: &Drain,
    entry: &Entry<'_>,
    partitions: Option<u32>,
    window: WindowPolicy,
) -> Result<DrainPolicy, ConfigError> {
    let needed = |key, text, advice| entry.needed(key, text, advice);
    let within = needed("within", &keys.within, "write for example 10m")?;
    let rate = needed(
        "per_replica_per_second",
        &keys.per_replica_per_second,
        "write what one busy replica consumes in a second, measured under load",
    )?;
    let calm_at = needed(
        "calm_at",
        &keys.calm_at,
        "write the lag at or below which the group keeps up, such as 1000",
    )?;
    let min = entry.one("min", &keys.min)?;
    let max = needed("max", &keys.max, "write the most replicas, such as 20")?;
    let min = min.map_or(Ok(1), |found| replicas(&found))?;
    let bounds = Bounds::try_from((min, replicas(&max)?))
        .map_err(|error: EmptyBounds| max.wrong(error.to_string()))?;
    let trend_over = window.period().saturating_mul(window.points_per_series());
    DrainPolicy::try_from(DrainRules {
        bounds,
        within: duration(Some(within), "1m")?,
        per_replica_per_second: number(
            &rate,
            0.001,
            1e9,
            "messages that one busy replica consumes in a second",
        )?,
        calm_at: messages(&calm_at)?,
        trend_over: SignedDuration::try_from(trend_over).unwrap_or(SignedDuration::MAX),
        partitions,
    })
    .map_err(|error| ConfigError::new(entry.place(), error.to_string()))
}

fn replicas(found: &Found) -> Result<u32, ConfigError> {
    number(found, 1, MOST_REPLICAS, "replicas")
}

fn messages(found: &Found) -> Result<Lag, ConfigError> {
    let messages: u32 = number(found, 0, u32::MAX, "messages, a whole number")?;
    Ok(Lag::try_from(f64::from(messages)).expect("a whole number is finite and not negative"))
}

fn duration(found: Option<Found>, least: &str) -> Result<SignedDuration, ConfigError> {
    let value = between(found, PromDuration::from_secs(0), least, "7d")?;
    Ok(SignedDuration::try_from(value).unwrap_or(SignedDuration::MAX))
}
