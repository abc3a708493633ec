//! What `check --act` would do, in words.

use lag_core::{
    GroupKey, Language, Matcher, OnAutoscaler, PromDuration, Replicas, RestartWay, TargetRule,
    escalate::{Action, EscalationPolicy, PolicyOverride},
};
use lag_runtime::config::{CheckConfig, Config, NotifierConfig, StatePlace};
use std::fmt::Write as _;

use crate::output::number;

/// Sections of the staged reaction; nothing when the file has none of them.
pub(super) fn describe(config: &Config, check: &CheckConfig) -> anyhow::Result<String> {
    if check.targets.rules.is_empty() && check.notifiers.is_empty() && check.state.is_none() {
        return Ok(String::new());
    }
    let mut text = "reaction (kafka-lag check --act)\n".to_owned();
    let mut say = |what: &str, value: &str| {
        let _ = writeln!(text, "  {what:<12}{value}");
    };
    say(
        "state",
        &match &check.state {
            None => "no place is named: --act needs one".to_owned(),
            Some(StatePlace::File(path)) => format!("file {}", path.display()),
            Some(StatePlace::ConfigMap { configmap, lease }) => {
                format!("configmap {configmap}, lease {lease}")
            }
        },
    );
    let language = match check.language {
        Language::English => "English",
        Language::Chinese => "Chinese",
    };
    say("language", language);
    policy(&check.policies.common, &mut say);
    for entry in &check.policies.overrides {
        say("but for", &exception(entry, &check.policies.common));
    }
    for rule in &check.targets.rules {
        say("target", &target(rule));
    }
    if let Some(allowed) = &check.targets.allowed {
        let allowed: Vec<_> = allowed.iter().map(ToString::to_string).collect();
        say("allowed", &allowed.join(", "));
    }
    let expected = config.sources.iter().flat_map(|source| &source.expected);
    for (instance, series) in expected {
        for series in series {
            let key = GroupKey::total(instance.clone(), series.group.clone());
            if let Some(found) = check.targets.resolve(&key)? {
                say(
                    "expands",
                    &format!("{} -> {}", series.group, found.workload),
                );
            }
        }
    }
    for notifier in &check.notifiers {
        say("tells", &told(notifier));
    }
    text.push('\n');
    Ok(text)
}

fn policy(policy: &EscalationPolicy, say: &mut impl FnMut(&str, &str)) {
    say("threshold", &threshold(policy));
    for (index, stage) in policy.stages.iter().enumerate() {
        let actions: Vec<_> = stage.actions.iter().map(action).collect();
        say(&format!("stage {}", index + 1), &actions.join(", "));
    }
    let every = |duration: jiff::SignedDuration| {
        let duration = std::time::Duration::try_from(duration).unwrap_or_default();
        PromDuration::from(duration).to_string()
    };
    let mut limits = vec![
        format!("{} between stages", every(policy.min_gap)),
        format!("{} changes of a workload a day", policy.daily_cap),
        format!("{} retries", policy.retries),
    ];
    if !policy.sustained_for.is_zero() {
        limits.push(format!("above for {}", every(policy.sustained_for)));
    }
    if let Some(within) = policy.hold_while_draining_within {
        limits.push(format!("not while it drains within {}", every(within)));
    }
    if policy.confirm {
        limits.push("only when the Kafka service agrees".to_owned());
    }
    say("limits", &limits.join(", "));
    let mut after = Vec::new();
    if policy.tell_recovery {
        after.push("tell".to_owned());
    }
    if policy.scale_back {
        after.push("take added replicas back".to_owned());
    }
    if !after.is_empty() {
        say("recovered", &after.join(", "));
    }
    if let Some(rhythm) = policy.remind_every {
        say("reminds", &format!("every {}", every(rhythm)));
    }
}

fn threshold(policy: &EscalationPolicy) -> String {
    format!(
        "above {}, recovered at {}",
        number::lag(policy.threshold.breach_above()),
        number::lag(policy.threshold.recover_at())
    )
}

/// What is different for some groups.
fn exception(entry: &PolicyOverride, common: &EscalationPolicy) -> String {
    let mut text = format!("{}: {}", patterns(&entry.groups), threshold(&entry.policy));
    if entry.policy.stages != common.stages {
        let stages = entry.policy.stages.iter().map(|stage| {
            let actions: Vec<_> = stage.actions.iter().map(action).collect();
            actions.join(" + ")
        });
        let _ = write!(text, "; stages {}", stages.collect::<Vec<_>>().join(", "));
    }
    text
}

fn action(action: &Action) -> String {
    match action {
        Action::Restart => "restart".to_owned(),
        Action::Scale(Replicas::By(more)) => format!("scale {more:+}"),
        Action::Scale(Replicas::To(number)) => format!("scale to {number}"),
        Action::Notify => "tell people".to_owned(),
    }
}

fn patterns(list: &[Matcher]) -> String {
    let list: Vec<_> = list.iter().map(ToString::to_string).collect();
    list.join(", ")
}

fn target(rule: &TargetRule) -> String {
    let mut text = format!(
        "{} -> {}/{}/{}",
        patterns(&rule.groups),
        rule.namespace,
        rule.kind.as_str(),
        rule.name
    );
    if rule.kind.can_scale() {
        let _ = write!(
            text,
            ", {} to {} replicas",
            rule.bounds.min(),
            rule.bounds.max()
        );
    }
    if let Some(partitions) = rule.partitions {
        let _ = write!(text, ", {partitions} partitions");
    }
    if rule.restart == RestartWay::Evict {
        text += ", restarted by eviction";
    }
    if rule.autoscaler == OnAutoscaler::RaiseMin {
        text += ", raises the minimum of an autoscaler";
    }
    text
}

fn told(notifier: &NotifierConfig) -> String {
    let mut text = format!("{} ({})", notifier.name, notifier.kind.as_str());
    if let Some(endpoint) = &notifier.endpoint {
        let _ = write!(text, " at {}", endpoint.text);
    }
    text
}
