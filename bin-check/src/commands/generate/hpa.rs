//! HorizontalPodAutoscalers on external metrics.

use anyhow::bail;
use lag_core::names;
use std::fmt::Write as _;

use super::{
    behavior::behavior,
    plan::{Group, Plan, Scaled},
    yaml::{indented, quoted, scalar},
};
use crate::{
    cli::generate::{HpaArgs, Metric, ScalingArgs},
    kubernetes::Cluster,
};

pub(super) fn render(plan: &Plan, args: &HpaArgs) -> anyhow::Result<String> {
    if args.scaling.min_replicas == 0 && args.kubernetes < Cluster::TOLERANCE {
        bail!(
            "--min-replicas 0 needs --kubernetes 1.35 or later: write 1 or more, or use generate keda"
        );
    }
    let mut text = String::from(
        "# kafka-lag generate hpa. The metric comes from the external metrics API of kafka-lag-exporter, or from\n\
         # prometheus-adapter with the rule of `kafka-lag generate adapter-rules`. Where it has no value, because the data\n\
         # is old or cannot be read, the HPA changes nothing.\n",
    );
    if args.scaling.metric == Metric::Recommended {
        text.push_str(
            "# The exporter must have a rule for these groups: section `recommend` of its configuration.\n",
        );
    }
    for (index, scaled) in plan.scaled.iter().enumerate() {
        if index > 0 {
            text.push_str("---\n");
        }
        text.push_str(&one(scaled, args));
    }
    Ok(text)
}

fn one(scaled: &Scaled, args: &HpaArgs) -> String {
    let workload = &scaled.workload;
    let several = if scaled.groups.len() > 1 {
        " # the largest proposal counts; two HPAs for one workload would stop each other"
    } else {
        ""
    };
    let partitions = args.scaling.partitions.map_or_else(
        || " # not more than the topic has partitions: further consumers stay idle".to_owned(),
        |partitions| {
            let partitions = match partitions {
                1 => "1 partition".to_owned(),
                partitions => format!("{partitions} partitions"),
            };
            format!(" # the topic has {partitions}: further consumers stay idle")
        },
    );
    let metrics: String = scaled
        .groups
        .iter()
        .map(|group| metric(group, &args.scaling))
        .collect();
    let tolerances = args.kubernetes >= Cluster::TOLERANCE;
    format!(
        "apiVersion: autoscaling/v2\n\
         kind: HorizontalPodAutoscaler\n\
         metadata:\n  \
           name: {name}\n  \
           namespace: {namespace}\n\
         spec:\n  \
           scaleTargetRef:\n    \
             apiVersion: {api}\n    \
             kind: {kind}\n    \
             name: {name}\n  \
           minReplicas: {min}\n  \
           maxReplicas: {max}{partitions}\n  \
           metrics:{several}\n{metrics}  \
           behavior:\n{behavior}",
        name = scalar(&workload.name),
        namespace = scalar(&workload.namespace),
        api = scalar(&workload.kind.api_version()),
        kind = scalar(workload.kind.as_str()),
        min = scaled.bounds.min(),
        max = scaled.bounds.max(),
        metrics = indented(&metrics, 4),
        behavior = indented(&behavior(args.scaling.metric, tolerances), 4),
    )
}

fn metric(group: &Group, args: &ScalingArgs) -> String {
    let mut labels = String::new();
    if let Some(instance) = &group.instance {
        let _ = writeln!(
            labels,
            "{}: {}",
            names::INSTANCE_ID,
            scalar(instance.as_str())
        );
    }
    let name = group.name.as_str();
    let _ = match lag_core::alias(name) {
        None => writeln!(labels, "{}: {}", names::CONSUMER_GROUP, scalar(name)),
        Some(alias) => writeln!(
            labels,
            "{}_alias: {} # stands for {}, which no selector can hold; only the exporter's own API knows it",
            names::CONSUMER_GROUP,
            scalar(&alias),
            quoted(name)
        ),
    };
    let (metric, target, why) = match args.metric {
        Metric::Lag => (
            names::LAG,
            args.lag_per_replica,
            "replicas = lag / averageValue, rounded up; `Value` would multiply the replicas again and again",
        ),
        Metric::Recommended => (
            names::RECOMMENDED,
            1,
            "with 1 the replicas are the metric's value",
        ),
    };
    format!(
        "- type: External\n  \
           external:\n    \
             metric:\n      \
               name: {metric} # one name for all groups\n      \
               selector: # without it the HPA would add up all groups\n        \
                 matchLabels:\n{labels}    \
             target:\n      \
               type: AverageValue # {why}\n      \
               averageValue: \"{target}\"\n",
        labels = indented(&labels, 10),
    )
}
