//! The allow-list: which workloads alerts may change, and how far.

use jiff::SignedDuration;
use lag_core::{
    OnAutoscaler, RestartWay, Target, Workload,
    alert::{
        AlertPolicy, AllowedTarget, Confirm, Further as FurtherSteps, LabelMatcher,
        ScaleBack as WayBack, Step as StepSize,
    },
};
use serde_saphyr::Spanned;

use super::{
    duration, is_label,
    wire::{Allowed, Further, ScaleBack, Step},
};
use crate::config::{
    ConfigError,
    check::bounds_of,
    entry::Entry,
    object::{is_name, is_namespace, kind},
    pick::{Found, Picker, boolean, number},
};

const MOST_REPLICAS: u32 = 10_000;
const MOST_PARTITIONS: u32 = 1_000_000;

pub(super) fn resolve(
    written: &[Spanned<Allowed>],
    picker: Picker<'_>,
) -> Result<Vec<AllowedTarget>, ConfigError> {
    let one = |(index, written): (usize, &Spanned<Allowed>)| {
        let entry = Entry {
            picker,
            name: format!("scaler.targets[{index}]"),
            line: written.referenced.line(),
        };
        allowed(&written.value, &entry)
    };
    written.iter().enumerate().map(one).collect()
}

fn allowed(keys: &Allowed, entry: &Entry<'_>) -> Result<AllowedTarget, ConfigError> {
    let target = target(keys, entry)?;
    let step = |key: &str, written: &Option<Spanned<Step>>| {
        let written = written.as_ref();
        written
            .map(|keys| step(keys, &within(entry, key, keys)))
            .transpose()
    };
    let (out, less) = (
        step("scale_out", &keys.scale_out)?,
        step("scale_in", &keys.scale_in)?,
    );
    let set = boolean(entry.one("set", &keys.set)?)?;
    let restart = entry.one("restart", &keys.restart)?.is_some();
    // Who allows something allows only that.
    let is_silent = out.is_none() && less.is_none() && !set && !restart;
    let mut allowed = AllowedTarget::new(entry.place(), target);
    if !is_silent {
        allowed.scale_out = out;
    }
    let cooldown = entry.one("cooldown", &keys.cooldown)?;
    let cap = entry.one("daily_cap", &keys.daily_cap)?;
    let age = entry.one("max_value_age", &keys.max_value_age)?;
    let further = keys.further.as_ref();
    let back = keys.scale_back.as_ref();
    Ok(AllowedTarget {
        matchers: matchers(keys, entry)?,
        scale_in: less,
        set,
        restart,
        cooldown: cooldown.map_or(Ok(allowed.cooldown), |found| duration(found, "0s", "7d"))?,
        daily_cap: cap.map_or(Ok(allowed.daily_cap), |found| {
            number(&found, 1, 1000, "changes a day")
        })?,
        further: further
            .map(|keys| further_steps(&keys.value, &within(entry, "further", keys)))
            .transpose()?,
        scale_back: back
            .map(|keys| way_back(&keys.value, &within(entry, "scale_back", keys)))
            .transpose()?,
        max_value_age: age.map(|found| duration(found, "1s", "7d")).transpose()?,
        ..allowed
    })
}

/// A block of keys in an entry.
fn within<'a, T>(entry: &Entry<'a>, key: &str, written: &Spanned<T>) -> Entry<'a> {
    Entry {
        picker: entry.picker,
        name: entry.key(key),
        line: written.referenced.line(),
    }
}

fn target(keys: &Allowed, entry: &Entry<'_>) -> Result<Target, ConfigError> {
    let namespace = entry.needed("namespace", &keys.namespace, "name the workload's")?;
    if !is_namespace(&namespace.text) {
        return Err(namespace.wrong(format!("{:?} can be no namespace", namespace.text)));
    }
    let kind = kind(&entry.needed("kind", &keys.kind, "write Deployment, for example")?)?;
    let name = entry.needed("name", &keys.name, "write the workload's")?;
    if !is_name(&name.text) {
        return Err(name.wrong(format!("{:?} can be no name of a workload", name.text)));
    }
    let partitions = entry.one("partitions", &keys.partitions)?;
    let replicas = [&keys.min_replicas, &keys.max_replicas, &keys.partitions];
    let bounds = bounds_of(replicas, &kind, entry)?;
    let partitions = partitions.map(|found| number(&found, 1, MOST_PARTITIONS, "partitions"));
    let way = entry.one("restart", &keys.restart)?.map(|found| {
        found.choose(&[
            ("rollout", RestartWay::Rollout),
            ("evict", RestartWay::Evict),
        ])
    });
    let autoscaler = entry.one("autoscaler", &keys.autoscaler)?.map(|found| {
        found.choose(&[
            ("refuse", OnAutoscaler::Refuse),
            ("raise-min", OnAutoscaler::RaiseMin),
        ])
    });
    Ok(Target {
        workload: Workload {
            namespace: namespace.text,
            kind,
            name: name.text,
        },
        bounds,
        partitions: partitions.transpose()?,
        restart: way.transpose()?.unwrap_or_default(),
        autoscaler: autoscaler.transpose()?.unwrap_or_default(),
    })
}

fn matchers(keys: &Allowed, entry: &Entry<'_>) -> Result<Vec<LabelMatcher>, ConfigError> {
    let one = |(label, pattern): (&String, &Spanned<String>)| {
        let key = format!("matchers.{label}");
        let found = entry.needed(&key, &Some(pattern.clone()), "write a pattern")?;
        if !is_label(label) {
            return Err(found.wrong(format!("{label:?} is no name of a label")));
        }
        Ok(LabelMatcher {
            label: label.clone(),
            matcher: found.read()?,
        })
    };
    keys.matchers.iter().map(one).collect()
}

/// How far one step goes: exactly one of four keys says it.
fn step(written: &Spanned<Step>, entry: &Entry<'_>) -> Result<StepSize, ConfigError> {
    let keys = &written.value;
    let given = [
        ("by", entry.one("by", &keys.by)?),
        ("percent", entry.one("percent", &keys.percent)?),
        ("per_value", entry.one("per_value", &keys.per_value)?),
        ("to", entry.one("to", &keys.to)?),
    ];
    let mut given = given
        .into_iter()
        .filter_map(|(key, found)| found.map(|found| (key, found)));
    let Some((key, found)) = given.next() else {
        let problem = "it is missing: write how far one step goes, such as {by: 1}, {percent: 50}, {per_value: 50000} or {to: 5}";
        return Err(entry.lacks("by", problem));
    };
    if let Some((_, second)) = given.next() {
        return Err(second.wrong(format!("{key} is given, too: a step has one size")));
    }
    let without = entry.one("without", &keys.without)?;
    if let (Some(without), true) = (&without, key != "per_value") {
        return Err(without.wrong(
            "it says what to do when the value cannot be read, and only per_value needs one: leave it out",
        ));
    }
    Ok(match key {
        "by" => StepSize::By(replicas(&found)?),
        "percent" => StepSize::Percent(number(&found, 1, 1000, "percent of the replicas found")?),
        "to" => StepSize::To(replicas(&found)?),
        _ => StepSize::PerValue {
            per: number(&found, 0.001, 1e15, "of the value for each replica")?,
            without: without.as_ref().map(replicas).transpose()?,
        },
    })
}

fn further_steps(keys: &Further, entry: &Entry<'_>) -> Result<FurtherSteps, ConfigError> {
    let every = entry.needed(
        "every",
        &keys.every,
        "write the time between steps, such as 5m",
    )?;
    let most = entry.needed(
        "at_most",
        &keys.at_most,
        "write how many further steps, such as 3",
    )?;
    Ok(FurtherSteps {
        every: duration(every, "1s", "7d")?,
        most: number(&most, 1, 100, "further steps")?,
    })
}

fn way_back(keys: &ScaleBack, entry: &Entry<'_>) -> Result<WayBack, ConfigError> {
    let advice = "write the time without a firing alert before the first step back, such as 30m";
    let after = entry.needed("after", &keys.after, advice)?;
    let step = entry.one("step", &keys.step)?;
    let every = entry.one("every", &keys.every)?;
    let confirm = entry.one("confirm", &keys.confirm)?;
    Ok(WayBack {
        after: duration(after, "0s", "7d")?,
        step: step.as_ref().map_or(Ok(1), replicas)?,
        every: every.map_or(Ok(SignedDuration::from_mins(10)), |found| {
            duration(found, "1s", "7d")
        })?,
        confirm: confirm.map_or(Ok(Confirm::default()), |found| {
            found.choose(&[
                ("low-alert", Confirm::LowAlert),
                ("resolved", Confirm::Resolved),
            ])
        })?,
    })
}

fn replicas(found: &Found) -> Result<u32, ConfigError> {
    number(found, 1, MOST_REPLICAS, "replicas")
}

/// Allowed, and yet hardly meant.
pub(super) fn surprises(policy: &AlertPolicy) -> Vec<String> {
    let one = |target: &AllowedTarget| {
        let back = target.scale_back?;
        (back.confirm == Confirm::Resolved).then(|| {
            format!(
                "{}: scale_back goes by resolved alerts alone, and an alert is also resolved when its metric vanishes: let \
                 an alert for the vanished metric fire, or use confirm: low-alert",
                target.place
            )
        })
    };
    let with_time = |target: &AllowedTarget| {
        let needs = |step: Option<StepSize>| matches!(step, Some(StepSize::PerValue { .. }));
        let is_open = target.max_value_age.is_none() && (needs(target.scale_out) || target.set);
        is_open.then(|| {
            format!(
                "{}: its step is worked out from the value of the alert, and no max_value_age says how old that may be",
                target.place
            )
        })
    };
    let targets = policy.targets.iter();
    targets
        .flat_map(|target| one(target).into_iter().chain(with_time(target)))
        .collect()
}
