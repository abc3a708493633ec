//! ScaledObjects of KEDA.

use anyhow::{Context as _, bail};
use lag_core::{InstanceId, names};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt::Write as _;

use super::{
    behavior::behavior,
    plan::{Group, Plan, Scaled},
    yaml::{indented, promql, quoted, scalar},
};
use crate::cli::generate::{KedaArgs, Metric, Via};

/// What stays as it is in a path (RFC 3986, unreserved).
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

pub(super) fn render(plan: &Plan, args: &KedaArgs) -> anyhow::Result<String> {
    if !args.scaler_address.contains(':') || args.scaler_address.contains("://") {
        bail!("--scaler-address {}: write HOST:PORT", args.scaler_address);
    }
    let mut text = String::from(
        "# kafka-lag generate keda. While there is no lag, because the data is old or cannot be read, the trigger fails and\n\
         # the replicas stay; after three failures `fallback` holds at least its number.\n",
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
        text.push_str(&one(scaled, args)?);
    }
    Ok(text)
}

fn one(scaled: &Scaled, args: &KedaArgs) -> anyhow::Result<String> {
    let workload = &scaled.workload;
    let (min, max) = (scaled.bounds.min(), scaled.bounds.max());
    let triggers = scaled
        .groups
        .iter()
        .map(|group| trigger(group, args))
        .collect::<anyhow::Result<String>>()?;
    let several = if scaled.groups.len() > 1 {
        " # the largest proposal counts"
    } else {
        ""
    };
    let cooldown = if min == 0 {
        "  cooldownPeriod: 300 # from the last message until the last replica goes\n"
    } else {
        ""
    };
    Ok(format!(
        "apiVersion: keda.sh/v1alpha1\n\
         kind: ScaledObject\n\
         metadata:\n  \
           name: {name}\n  \
           namespace: {namespace}\n\
         spec:\n  \
           scaleTargetRef:\n    \
             apiVersion: {api}\n    \
             kind: {kind}\n    \
             name: {name}\n  \
           pollingInterval: 30 # the data changes once a minute\n\
         {cooldown}  \
           minReplicaCount: {min}\n  \
           maxReplicaCount: {max} # not more than the topic has partitions: further consumers stay idle\n  \
           fallback:\n    \
             failureThreshold: 3\n    \
             replicas: {fallback}\n    \
             behavior: currentReplicasIfHigher # an outage takes no replica away\n  \
           advanced:\n    \
             horizontalPodAutoscalerConfig:\n      \
               behavior:\n{behavior}  \
           triggers:{several}\n{triggers}",
        name = scalar(&workload.name),
        namespace = scalar(&workload.namespace),
        api = scalar(&workload.kind.api_version()),
        kind = scalar(workload.kind.as_str()),
        fallback = min.max(1),
        behavior = indented(&behavior(args.scaling.metric, false), 8),
        triggers = indented(&triggers, 4),
    ))
}

fn trigger(group: &Group, args: &KedaArgs) -> anyhow::Result<String> {
    let (kind, metadata) = match args.via {
        Via::External => ("external", external(group, args)),
        Via::MetricsApi => ("metrics-api", metrics_api(group, args)?),
        Via::Prometheus => ("prometheus", prometheus(group, args)),
    };
    Ok(format!(
        "- type: {kind}\n  \
           metricType: AverageValue # replicas = value / threshold, rounded up; `Value` would multiply again and again\n  \
           useCachedMetrics: true # asked every pollingInterval, not at each look of the HPA\n  \
           metadata:\n{metadata}",
        metadata = indented(&metadata, 4),
    ))
}

/// What one replica may have.
fn threshold(args: &KedaArgs) -> u64 {
    match args.scaling.metric {
        Metric::Lag => args.scaling.lag_per_replica,
        Metric::Recommended => 1,
    }
}

fn external(group: &Group, args: &KedaArgs) -> String {
    let mut text = format!("scalerAddress: {}\n", quoted(&args.scaler_address));
    if let Some(instance) = &group.instance {
        let _ = writeln!(text, "instanceId: {}", scalar(instance.as_str()));
    }
    let _ = writeln!(text, "consumerGroup: {}", scalar(group.name.as_str()));
    match args.scaling.metric {
        Metric::Lag => {
            let _ = writeln!(text, "lagThreshold: \"{}\"", threshold(args));
        }
        Metric::Recommended => text.push_str("metric: recommendedReplicas\n"),
    }
    text.push_str("activationLagThreshold: \"0\" # decides only between none and one; more than this is active\n");
    text
}

fn metrics_api(group: &Group, args: &KedaArgs) -> anyhow::Result<String> {
    let instance = group.instance.as_ref().map(InstanceId::as_str);
    let instance = instance.with_context(|| {
        format!(
            "--via metrics-api: write --group INSTANCE/{}, as the path has both",
            group.name
        )
    })?;
    let url = format!(
        "{}/api/v1/lag/{}/{}",
        args.exporter_url.trim_end_matches('/'),
        utf8_percent_encode(instance, PATH),
        utf8_percent_encode(group.name.as_str(), PATH)
    );
    let place = match args.scaling.metric {
        Metric::Lag => "lag",
        Metric::Recommended => "recommended_replicas",
    };
    Ok(format!(
        "url: {} # 200 only with a fresh number; anything else is an error to KEDA\n\
         valueLocation: {place}\n\
         targetValue: \"{}\"\n\
         activationTargetValue: \"0\"\n",
        quoted(&url),
        threshold(args),
    ))
}

fn prometheus(group: &Group, args: &KedaArgs) -> String {
    let metric = match args.scaling.metric {
        Metric::Lag => names::LAG,
        Metric::Recommended => names::RECOMMENDED,
    };
    let mut labels = String::new();
    if let Some(instance) = &group.instance {
        let _ = write!(
            labels,
            "{}={},",
            names::INSTANCE_ID,
            promql(instance.as_str())
        );
    }
    let _ = write!(
        labels,
        "{}={}",
        names::CONSUMER_GROUP,
        promql(group.name.as_str())
    );
    let query = format!("max({metric}{{{labels}}})");
    format!(
        "serverAddress: {}\n\
         query: {} # max, as two exporters show every group twice\n\
         threshold: \"{}\"\n\
         activationThreshold: \"0\"\n\
         ignoreNullValues: \"false\" # the default takes a missing series for 0 and scales down\n",
        quoted(&args.prometheus_url),
        quoted(&query),
        threshold(args),
    )
}
