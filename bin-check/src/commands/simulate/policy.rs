//! Policies as a flag writes them: `base=2,max=5,above 100000:+1,back=50000` and `within=10m,rate=500,min=2,max=20`.

use anyhow::{Context as _, anyhow, bail};
use jiff::SignedDuration;
use lag_core::{
    Bounds, GroupKey, Lag,
    recommend::{DrainPolicy, DrainRules, Policy, Step, StepPolicy, StepRules},
};
use lag_runtime::config::{File, process_env, recommend_rules};
use std::collections::BTreeMap;

use super::{duration, lag};

/// At this lag a group keeps up, unless a policy says otherwise.
const CALM: &str = "1000";

/// A policy, and the bounds of the HPA behind it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    pub(super) policy: Policy,
    pub(super) bounds: Bounds,
    /// Lags at which it decides.
    pub(super) marks: Vec<(f64, String)>,
}

/// `KEY=VALUE` by key, each once; what has no `=` is left over.
fn parts<'t>(
    text: &'t str,
    keys: &[&str],
) -> anyhow::Result<(BTreeMap<&'t str, &'t str>, Vec<&'t str>)> {
    let (mut values, mut rest) = (BTreeMap::new(), Vec::new());
    for part in text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        match part
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim()))
        {
            None => rest.push(part),
            Some((key, _)) if !keys.contains(&key) => {
                bail!("there is no {key}: use {}", keys.join(", "))
            }
            Some((key, value)) => {
                if values.insert(key, value).is_some() {
                    bail!("{key} stands there twice");
                }
            }
        }
    }
    Ok((values, rest))
}

fn needed<'t>(values: &BTreeMap<&str, &'t str>, key: &str) -> anyhow::Result<&'t str> {
    let value = values.get(key).copied();
    value.ok_or_else(|| anyhow!("{key} is missing"))
}

fn count(key: &str, value: &str) -> anyhow::Result<u32> {
    value
        .parse()
        .map_err(|_| anyhow!("{key}={value}: write a whole number"))
}

fn optional_count(values: &BTreeMap<&str, &str>, key: &str) -> anyhow::Result<Option<u32>> {
    values.get(key).map(|value| count(key, value)).transpose()
}

fn some_lag(key: &str, value: &str) -> anyhow::Result<Lag> {
    lag(value).with_context(|| format!("{key}={value}"))
}

pub(super) fn steps(text: &str) -> anyhow::Result<Written> {
    let keys = ["base", "max", "back", "sustained", "partitions"];
    let (values, rest) = parts(text, &keys)?;
    let step = |part: &&str| {
        let wrong = || anyhow!("{part:?}: write a step as \"above 100000:+1\"");
        let (above, add) = part
            .strip_prefix("above")
            .and_then(|step| step.split_once(":+"))
            .ok_or_else(wrong)?;
        anyhow::Ok(Step {
            above: lag(above).map_err(|_| wrong())?,
            add: add.trim().parse().map_err(|_| wrong())?,
        })
    };
    let (base, max) = (
        count("base", needed(&values, "base")?)?,
        count("max", needed(&values, "max")?)?,
    );
    let rules = StepRules {
        base,
        max,
        steps: rest.iter().map(step).collect::<anyhow::Result<_>>()?,
        back_at: some_lag("back", needed(&values, "back")?)?,
        sustained_for: duration("sustained", values.get("sustained").unwrap_or(&"0s"))?,
        partitions: optional_count(&values, "partitions")?,
    };
    let mark = |step: &Step| (step.above.as_f64(), format!("+{}", step.add));
    let mut marks: Vec<_> = rules.steps.iter().map(mark).collect();
    marks.push((rules.back_at.as_f64(), "back".to_owned()));
    Ok(Written {
        policy: Policy::Steps(StepPolicy::try_from(rules)?),
        bounds: Bounds::try_from((base, max))?,
        marks,
    })
}

/// `trend_over` is how long the points of a trend reach back.
pub(super) fn drain(text: &str, trend_over: SignedDuration) -> anyhow::Result<Written> {
    let keys = ["within", "rate", "min", "max", "calm", "partitions"];
    let (values, rest) = parts(text, &keys)?;
    if let Some(part) = rest.first() {
        bail!("{part:?}: write KEY=VALUE with {}", keys.join(", "));
    }
    let bounds = Bounds::try_from((
        count("min", needed(&values, "min")?)?,
        count("max", needed(&values, "max")?)?,
    ))?;
    let rate = needed(&values, "rate")?;
    let rules = DrainRules {
        bounds,
        within: duration("within", needed(&values, "within")?)?,
        per_replica_per_second: rate.parse().map_err(|_| {
            anyhow!("rate={rate}: write the messages that one busy replica consumes in a second")
        })?,
        calm_at: some_lag("calm", values.get("calm").unwrap_or(&CALM))?,
        trend_over,
        partitions: optional_count(&values, "partitions")?,
    };
    Ok(Written {
        policy: Policy::Drain(DrainPolicy::try_from(rules)?),
        bounds,
        marks: vec![(rules.calm_at.as_f64(), "calm".to_owned())],
    })
}

/// The rule of the exporter's configuration that is for a group.
pub(super) fn rule(path: &str, group: &str) -> anyhow::Result<Written> {
    let file = File::read(path)?;
    let book = recommend_rules(path, &file, &process_env)?;
    let (instance, name) = group.split_once('/').unwrap_or(("-", group));
    let key = GroupKey::total(instance.parse()?, name.parse()?);
    let Some(rule) = book.of(&key) else {
        bail!(
            "no rule under recommend is for {group}: see the patterns under groups and instances, and write INSTANCE/NAME \
             where a rule names instances"
        );
    };
    let (bounds, marks) = match &rule.policy {
        Policy::Steps(policy) => {
            let mark = |step: &Step| (step.above.as_f64(), format!("+{}", step.add));
            let mut marks: Vec<_> = policy.steps().iter().map(mark).collect();
            marks.push((policy.back_at().as_f64(), "back".to_owned()));
            (policy.limits(), marks)
        }
        Policy::Drain(policy) => (
            policy.limits(),
            vec![(policy.rules().calm_at.as_f64(), "calm".to_owned())],
        ),
    };
    Ok(Written {
        policy: rule.policy.clone(),
        bounds,
        marks,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STEPS: &str = "base=2,max=5,above 100000:+1,above 150000:+2,back=50000";
    const DRAIN: &str = "within=10m,rate=500,min=2,max=20";

    fn over() -> SignedDuration {
        SignedDuration::from_mins(3)
    }

    #[test]
    fn both_kinds_are_read_with_their_bounds() {
        let read = steps(STEPS).unwrap();
        assert_eq!((read.bounds.min(), read.bounds.max()), (2, 5));
        let spaced = "base = 2, max = 5, above 100000:+1, above 150000:+2, back = 50000,";
        assert_eq!(steps(spaced).unwrap(), read);
        assert!(steps(&format!("{STEPS},sustained=2m,partitions=12")).unwrap() != read);
        let read = drain(DRAIN, over()).unwrap();
        assert_eq!((read.bounds.min(), read.bounds.max()), (2, 20));
        assert_eq!(drain(&format!("{DRAIN},calm=1000"), over()).unwrap(), read);
    }

    #[test]
    fn a_mistake_is_told_with_what_to_write() {
        for (text, part) in [
            ("max=5,above 1:+1,back=0", "base is missing"),
            ("base=2,max=x,back=0", "max=x: write a whole number"),
            ("base=2,max=5,above 1,back=0", "write a step as"),
            ("base=2,max=5,above x:+1,back=0", "write a step as"),
            ("base=2,max=5,back=0", "step"),
            ("base=2,base=3", "base stands there twice"),
            ("bse=2", "there is no bse: use base, max"),
            ("base=2,max=5,above 5:+1,back=-1", "back=-1"),
            ("base=2,max=5,above 5:+1,back=9", "back_at 9 lies above"),
        ] {
            let error = format!("{:#}", steps(text).unwrap_err());
            assert!(error.contains(part), "{text}: {error}");
        }
        for (text, part) in [
            ("within=10m,rate=500,min=2", "max is missing"),
            (
                "within=10m,rate=x,min=2,max=5",
                "rate=x: write the messages",
            ),
            ("within=10,rate=5,min=2,max=5", "within"),
            ("within=10m,rate=0,min=2,max=5", "more than 0"),
            ("within=10m,rate=5,min=6,max=5", "between 6 and 5"),
            ("ten", "write KEY=VALUE"),
        ] {
            let error = format!("{:#}", drain(text, over()).unwrap_err());
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in "[a-z0-9=,: +.-]{0,60}") {
            let _ = (steps(&text), drain(&text, over()));
        }
    }
}
