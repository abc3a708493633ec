//! The ladder's policy and its overrides.

use jiff::SignedDuration;
use lag_core::{
    Lag, PromDuration, Threshold,
    escalate::{EscalationPolicy, PolicyBook, PolicyOverride},
};

use super::{
    stages::stages,
    wire::{Check, Policy},
};
use crate::config::{
    ConfigError,
    entry::Entry,
    file::Text,
    pick::{Found, Picker, between, boolean, number},
};

pub(super) fn resolve(
    file: &Check,
    picker: Picker<'_>,
    notices: &mut Vec<String>,
) -> Result<PolicyBook, ConfigError> {
    let mut common = EscalationPolicy::default();
    if let Some(written) = &file.policy {
        let entry = Entry {
            picker,
            name: "check.policy".to_owned(),
            line: written.referenced.line(),
        };
        for (key, texts) in [
            ("groups", &written.value.groups),
            ("instances", &written.value.instances),
        ] {
            if texts.is_some() {
                return Err(entry.lacks(
                    key,
                    "this policy is for all groups: write one for some under check.overrides",
                ));
            }
        }
        common = replace(&common, &written.value, &entry)?;
        notices.extend(surprise(&common, &written.value, &entry));
    }
    let mut overrides = Vec::new();
    for (index, written) in file.overrides.iter().enumerate() {
        let entry = Entry {
            picker,
            name: format!("check.overrides[{index}]"),
            line: written.referenced.line(),
        };
        let policy = replace(&common, &written.value, &entry)?;
        notices.extend(surprise(&policy, &written.value, &entry));
        overrides.push(PolicyOverride {
            groups: entry.groups(&written.value.groups)?,
            instances: entry.patterns("instances", &written.value.instances)?,
            policy,
        });
    }
    Ok(PolicyBook { common, overrides })
}

/// `base`, with what is given instead.
fn replace(
    base: &EscalationPolicy,
    keys: &Policy,
    entry: &Entry<'_>,
) -> Result<EscalationPolicy, ConfigError> {
    let time = |key: &str, text: &Text, base: SignedDuration, least: &str, most: &str| {
        let found = entry.one(key, text)?;
        found.map_or(Ok(base), |found| duration(found, least, most))
    };
    let time_or_none =
        |key: &str, text: &Text, base: Option<SignedDuration>, least: &str, most: &str| match entry
            .one(key, text)?
        {
            None => Ok(base),
            Some(found) if found.text == "none" => Ok(None),
            Some(found) => duration(found, least, most).map(Some),
        };
    let count = |key: &str, text: &Text, base: u32, least: u32, what: &str| {
        let found = entry.one(key, text)?;
        found.map_or(Ok(base), |found| number(&found, least, 1000, what))
    };
    let yes = |key: &str, text: &Text, base: bool| match entry.one(key, text)? {
        None => Ok(base),
        found => boolean(found),
    };
    Ok(EscalationPolicy {
        threshold: threshold(base.threshold, keys, entry)?,
        sustained_for: time("for", &keys.sustained_for, base.sustained_for, "0s", "7d")?,
        min_gap: time("min_gap", &keys.min_gap, base.min_gap, "0s", "7d")?,
        stages: match &keys.stages {
            Some(written) => stages(entry, written)?,
            None => base.stages.clone(),
        },
        daily_cap: count(
            "daily_cap",
            &keys.daily_cap,
            base.daily_cap,
            1,
            "changes of a workload a day; to change nothing, let the stages only notify",
        )?,
        retries: count(
            "retries",
            &keys.retries,
            base.retries,
            0,
            "more tries of a change that failed",
        )?,
        remind_every: time_or_none(
            "remind_every",
            &keys.remind_every,
            base.remind_every,
            "1m",
            "31d",
        )?,
        tell_recovery: yes("tell_recovery", &keys.tell_recovery, base.tell_recovery)?,
        scale_back: yes("scale_back", &keys.scale_back, base.scale_back)?,
        hold_while_draining_within: time_or_none(
            "hold_while_draining_within",
            &keys.hold_while_draining_within,
            base.hold_while_draining_within,
            "1m",
            "7d",
        )?,
        confirm: yes("confirm", &keys.confirm, base.confirm)?,
        keep_missing_for: time(
            "keep_missing_for",
            &keys.keep_missing_for,
            base.keep_missing_for,
            "1m",
            "31d",
        )?,
    })
}

/// A breach that is given brings two thirds of itself as recovery, also in an override: the base's could lie above it.
fn threshold(base: Threshold, keys: &Policy, entry: &Entry<'_>) -> Result<Threshold, ConfigError> {
    let read = |key: &str, text: &Text| {
        let found = entry.one(key, text)?;
        let messages = found
            .as_ref()
            .map(|found| number(found, 0, u32::MAX, "messages, a whole number"));
        Ok((found, messages.transpose()?))
    };
    let (breach_place, breach) = read("breach_above", &keys.breach_above)?;
    let (recover_place, recover) = read("recover_at", &keys.recover_at)?;
    let recover_at = match (recover, breach) {
        (Some(number), _) => lag(number),
        (None, Some(breach)) => lag(breach / 3 * 2 + breach % 3 * 2 / 3),
        (None, None) => base.recover_at(),
    };
    let made = Threshold::new(breach.map_or(base.breach_above(), lag), recover_at);
    made.map_err(|error| {
        let place = recover_place
            .or(breach_place)
            .map_or_else(|| entry.place(), |found| found.place);
        ConfigError::new(place, error.to_string())
    })
}

fn lag(messages: u32) -> Lag {
    Lag::try_from(f64::from(messages)).unwrap_or(Lag::ZERO)
}

fn duration(found: Found, least: &str, most: &str) -> Result<SignedDuration, ConfigError> {
    let value = between(Some(found), PromDuration::from_secs(0), least, most)?;
    Ok(SignedDuration::try_from(value).unwrap_or(SignedDuration::MAX))
}

/// Allowed, and yet hardly meant.
fn surprise(policy: &EscalationPolicy, keys: &Policy, entry: &Entry<'_>) -> Option<String> {
    let (wait, keep) = (policy.sustained_for, policy.keep_missing_for);
    let given = keys.sustained_for.is_some() || keys.keep_missing_for.is_some();
    (given && wait > keep).then(|| {
        format!(
            "{}: a breach must last {} before anything is done, but counts from its beginning again when the group was \
             missing for {}: make keep_missing_for longer than for",
            entry.place(),
            PromDuration::from(wait.unsigned_abs()),
            PromDuration::from(keep.unsigned_abs()),
        )
    })
}
