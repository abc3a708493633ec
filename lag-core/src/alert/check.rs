//! What is wrong with an allow-list, and what to write instead.

use super::{AlertPolicy, AllowedTarget, Step};
use crate::{Workload, WorkloadKind, mapping::NameKind};
use jiff::SignedDuration;

/// An entry that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct PolicyError {
    /// Where it stands.
    pub place: String,
    /// What is wrong and what to write.
    pub problem: String,
}

pub(super) fn check(policy: &AlertPolicy) -> Result<(), PolicyError> {
    let whole = |problem: Result<(), String>| {
        let place = "alerts".to_owned();
        problem.map_err(|problem| PolicyError { place, problem })
    };
    whole(at_least(
        "retention",
        policy.retention,
        SignedDuration::from_hours(24),
        "24h",
    ))?;
    whole(at_least(
        "firing_for",
        policy.firing_for,
        SignedDuration::from_mins(1),
        "1m",
    ))?;
    if policy.firing_for > policy.retention {
        whole(Err(
            "firing_for is longer than retention: write at most that".to_owned(),
        ))?;
    }
    for (index, target) in policy.targets.iter().enumerate() {
        let fault = |problem| PolicyError {
            place: target.place.clone(),
            problem,
        };
        alone(policy, target).map_err(fault)?;
        for other in &policy.targets[..index] {
            beside(target, other).map_err(fault)?;
        }
    }
    Ok(())
}

/// What can be said of an entry without the others.
fn alone(policy: &AlertPolicy, target: &AllowedTarget) -> Result<(), String> {
    name(&target.target.workload)?;
    can(target)?;
    let bounds = target.target.limits();
    if bounds.min() == 0 {
        return Err(
            "min is 0: write at least 1, since a workload at zero counts as switched off and is never scaled up"
                .to_owned(),
        );
    }
    for (key, step) in [
        ("scale_out", target.scale_out),
        ("scale_in", target.scale_in),
    ] {
        if let Some(step) = step {
            self::step(key, step, bounds.min(), bounds.max())?;
        }
    }
    if target.daily_cap == 0 {
        return Err("daily_cap is 0: write at least 1, or leave the entry out".to_owned());
    }
    let zero = SignedDuration::ZERO;
    at_least("cooldown", target.cooldown, zero, "0s")?;
    if let Some(age) = target.max_value_age {
        at_least("max_value_age", age, SignedDuration::from_secs(1), "1s")?;
    }
    if target.cooldown >= policy.retention {
        return Err("cooldown is as long as retention: write less".to_owned());
    }
    if let Some(further) = target.further {
        if further.most == 0 {
            return Err("further.most is 0: write at least 1, or leave further out".to_owned());
        }
        let second = SignedDuration::from_secs(1);
        at_least("further.every", further.every, second, "1s")?;
        if further.every < target.cooldown {
            return Err(
                "further.every is shorter than cooldown, which would hold every further step: write at least that, or a shorter cooldown"
                    .to_owned(),
            );
        }
        if target.scale_out.is_none() && target.scale_in.is_none() {
            return Err(
                "further is for scale-out and scale-in, and neither is allowed: leave it out"
                    .to_owned(),
            );
        }
    }
    let Some(back) = target.scale_back else {
        return Ok(());
    };
    if target.scale_in.is_some() {
        return Err(
            "scale_in and scale_back would both take replicas away: keep one of them".to_owned(),
        );
    }
    if target.scale_out.is_none() {
        return Err(
            "scale_back takes back what scale-out has added, and that is not allowed: leave it out"
                .to_owned(),
        );
    }
    if back.step == 0 {
        return Err("scale_back.step is 0: write at least 1".to_owned());
    }
    at_least("scale_back.after", back.after, zero, "0s")?;
    at_least(
        "scale_back.every",
        back.every,
        SignedDuration::from_secs(1),
        "1s",
    )
}

fn name(workload: &Workload) -> Result<(), String> {
    NameKind::Namespace.check(&workload.namespace)?;
    NameKind::Workload.check(&workload.name)?;
    if let WorkloadKind::Custom {
        group,
        version,
        kind,
        plural,
    } = &workload.kind
    {
        let is_kind = kind.starts_with(|c: char| c.is_ascii_uppercase())
            && kind.chars().all(|c| c.is_ascii_alphanumeric());
        let is_word = |text: &String| !text.contains('.') && NameKind::Workload.check(text).is_ok();
        if !is_kind
            || !is_word(version)
            || !is_word(plural)
            || NameKind::Workload.check(group).is_err()
        {
            return Err(format!(
                "{group:?}, {version:?}, {kind:?}, {plural:?} is no kind: write group, version, kind and plural, for example argoproj.io, v1alpha1, Rollout, rollouts"
            ));
        }
    }
    Ok(())
}

fn can(target: &AllowedTarget) -> Result<(), String> {
    let scales = target.scale_out.is_some() || target.scale_in.is_some() || target.set;
    if !scales && !target.restart {
        return Err(
            "nothing is allowed: allow scale-out, scale-in, set or restart, or leave the entry out"
                .to_owned(),
        );
    }
    let kind = &target.target.workload.kind;
    if scales && !kind.can_scale() {
        return Err(format!(
            "a {} has no number of replicas: allow only restart",
            kind.as_str()
        ));
    }
    if target.restart && !kind.can_restart() {
        return Err(format!(
            "a {} cannot be restarted by us: do not allow restart",
            kind.as_str()
        ));
    }
    Ok(())
}

fn step(key: &str, step: Step, min: u32, max: u32) -> Result<(), String> {
    match step {
        Step::By(0) | Step::Percent(0) => Err(format!("{key} is a step of 0: write at least 1")),
        Step::PerValue {
            without: Some(0), ..
        } => Err(format!(
            "{key}.without is 0: write at least 1, or leave it out"
        )),
        Step::PerValue { per, .. } if !(per.is_finite() && per > 0.0) => Err(format!(
            "{key}.per is {per}: write what one replica copes with, more than 0"
        )),
        Step::To(number) if !(min..=max).contains(&number) => Err(format!(
            "{key} goes to {number}, which lies outside of {min} to {max}: write a number between"
        )),
        Step::By(_) | Step::Percent(_) | Step::PerValue { .. } | Step::To(_) => Ok(()),
    }
}

/// What two entries do to each other.
fn beside(target: &AllowedTarget, other: &AllowedTarget) -> Result<(), String> {
    let (one, two) = (&target.target.workload, &other.target.workload);
    if is_same(one, two) {
        return Err(format!(
            "{one} is allowed at {} too, and two sets of limits contradict each other: keep one",
            other.place
        ));
    }
    if !target.matchers.is_empty() && target.matchers == other.matchers {
        return Err(format!(
            "the same alerts are for {two} at {} too, so none would be certain: give one of them other matchers",
            other.place
        ));
    }
    Ok(())
}

/// One object has several names in versions of its API.
fn is_same(one: &Workload, two: &Workload) -> bool {
    let group = |workload: &Workload| match &workload.kind {
        WorkloadKind::Custom { group, .. } => group.clone(),
        WorkloadKind::Deployment
        | WorkloadKind::StatefulSet
        | WorkloadKind::DaemonSet
        | WorkloadKind::ReplicaSet => "apps".to_owned(),
    };
    one.namespace == two.namespace
        && one.name == two.name
        && one.kind.as_str() == two.kind.as_str()
        && group(one) == group(two)
}

fn at_least(
    key: &str,
    found: SignedDuration,
    least: SignedDuration,
    shown: &str,
) -> Result<(), String> {
    if found < least {
        return Err(format!("{key} is too short: write at least {shown}"));
    }
    Ok(())
}
