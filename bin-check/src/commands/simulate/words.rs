//! What was done and why, for people.

use jiff::SignedDuration;
use lag_core::{
    Lag, PromDuration,
    simulate::{
        Autoscaler, Behavior, Hpa, Keda, KedaNote, MetricTarget, PolicyKind, Rules, Select, Tick,
        Why,
    },
};

use crate::output::number;

/// A quantity in thousandths.
pub(super) fn milli(milli: u64) -> String {
    let (whole, rest) = (milli / 1000, milli % 1000);
    match rest {
        0 => number::count(whole),
        rest => {
            let digits = format!("{rest:03}");
            format!("{}.{}", number::count(whole), digits.trim_end_matches('0'))
        }
    }
}

/// Thousandths as a number for a plot.
pub(super) fn whole(milli: u64) -> f64 {
    SignedDuration::from_millis(i64::try_from(milli).unwrap_or(i64::MAX)).as_secs_f64()
}

pub(super) fn target(target: MetricTarget) -> String {
    match target {
        MetricTarget::Value(target) => format!("Value {}", milli(target.get())),
        MetricTarget::AverageValue(target) => format!("AverageValue {}", milli(target.get())),
    }
}

/// An HPA in a sentence.
pub(super) fn hpa(hpa: &Hpa) -> String {
    let bounds = format!("{} to {} replicas", hpa.bounds.min(), hpa.bounds.max());
    let target = target(hpa.target);
    let tolerance = |rules: Option<&Rules>| {
        let own = rules.and_then(|rules| rules.tolerance_milli);
        milli(own.unwrap_or(hpa.tolerance_milli).into())
    };
    let Some(Behavior {
        scale_up,
        scale_down,
    }) = &hpa.behavior
    else {
        let tolerance = tolerance(None);
        return format!("{target}, {bounds}, tolerance {tolerance}, no behavior");
    };
    format!(
        "{target}, {bounds}; up {} with tolerance {}, down {} with tolerance {}",
        rules(scale_up),
        tolerance(Some(scale_up)),
        rules(scale_down),
        tolerance(Some(scale_down)),
    )
}

fn rules(rules: &Rules) -> String {
    let policies = rules.policies.iter().map(|policy| {
        let unit = match policy.kind {
            PolicyKind::Pods => "",
            PolicyKind::Percent => " %",
        };
        format!("{}{unit} in {}", policy.value, seconds(policy.period))
    });
    let policies: Vec<_> = policies.collect();
    let joined = match rules.select {
        Select::Disabled => return "never".to_owned(),
        _ if policies.is_empty() => return "never".to_owned(),
        Select::Max => policies.join(" or "),
        Select::Min => policies.join(" and "),
    };
    match rules.stabilization_window.is_zero() {
        true => joined,
        false => format!("{joined} after {}", seconds(rules.stabilization_window)),
    }
}

pub(super) fn seconds(duration: SignedDuration) -> String {
    let duration = duration.unsigned_abs();
    PromDuration::from(duration).to_string()
}

/// What KEDA adds to its HPA.
pub(super) fn keda(keda: &Keda) -> String {
    let mut text = String::new();
    if keda.sleeps {
        text += &format!(
            "; 0 replicas {} after the lag was last above {}",
            seconds(keda.cooldown),
            number::lag(keda.activation)
        );
    }
    if let Some(fallback) = keda.fallback {
        text += &format!(
            "; after {} failures {} replicas ({:?})",
            fallback.failure_threshold, fallback.replicas, fallback.behavior
        );
    }
    text
}

/// Why a sync ended as it did.
pub(super) fn why(tick: &Tick, autoscaler: &Autoscaler) -> String {
    let mut parts = Vec::new();
    if let Some(note) = tick.keda {
        parts.push(
            match note {
                KedaNote::Activated => "KEDA: the lag is above the activation value",
                KedaNote::Deactivated => "KEDA: nothing to do for the cooldown period",
                KedaNote::FellBack => "no number: KEDA falls back",
                KedaNote::TookMissingForZero => "no number: KEDA takes it for 0",
            }
            .to_owned(),
        );
    }
    match (tick.advice, tick.point.lag) {
        (Some(advice), Some(replicas)) => {
            parts.push(format!("policy {}: {advice}", number::lag(replicas)));
        }
        (Some(_), None) if tick.seen.is_none() => {}
        (Some(advice), None) => parts.push(format!("policy silent: {advice}")),
        (None, _) => {}
    }
    // A policy that is followed to the letter needs no second sentence.
    let followed = tick.advice.is_some()
        && matches!(
            tick.point.why,
            Why::DesiredWithinRange | Why::WithinTolerance
        )
        && tick.point.lag == Lag::try_from(f64::from(tick.point.replicas)).ok();
    if !followed {
        parts.push(format!(
            "{} ({})",
            controller(tick, autoscaler.hpa()),
            tick.point.why.as_str()
        ));
    }
    parts.join("; ")
}

fn controller(tick: &Tick, hpa: &Hpa) -> String {
    let wish = tick
        .point
        .desired
        .map_or(String::new(), |desired| format!("wants {desired}, "));
    let after = tick.point.replicas;
    match tick.point.why {
        Why::FailedGetExternalMetric => "no number: the replicas stay".to_owned(),
        Why::ScalingDisabled => "0 replicas: the HPA leaves them alone".to_owned(),
        Why::WithinTolerance => "near enough to the target".to_owned(),
        Why::DesiredWithinRange => format!("the metric asks for {after}"),
        Why::ScaleUpStabilized | Why::ScaleDownStabilized => {
            format!("{wish}the window holds {after}")
        }
        Why::ScaleUpLimit | Why::ScaleDownLimit => format!("{wish}the policies allow {after} now"),
        Why::TooManyReplicas => format!("{wish}the maximum is {}", hpa.bounds.max()),
        Why::TooFewReplicas => format!("{wish}the minimum is {}", hpa.bounds.min()),
    }
}
