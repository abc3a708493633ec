//! The second opinion: one call of the Kafka service's own API for each group in breach.

use anyhow::{Context as _, bail};
use lag_core::{ConsumerProgress, GroupKey, Opinion, Threshold};
use lag_runtime::config::SourceConfig;

use crate::cloud::{self, Cloud};

/// What the Kafka service says about a group.
pub(crate) async fn progress(
    cloud: &Cloud,
    key: &GroupKey,
    endpoint: Option<&str>,
) -> anyhow::Result<ConsumerProgress> {
    let source = source_of(cloud, key)?;
    let is_named = endpoint.is_some() || cloud.config.kafka_endpoint.is_some();
    if !is_named && !cloud::is_vendors(source) {
        bail!(
            "not asked, as CloudMonitor is not asked at the vendor's own host either: give --kafka.endpoint (or \
             KAFKA_LAG_KAFKA_ENDPOINT)"
        );
    }
    let endpoint = cloud::kafka_endpoint(&cloud.config, source, endpoint)?;
    let client = cloud.kafka(source, endpoint)?;
    let params = [
        ("RegionId", source.region.as_str()),
        ("InstanceId", key.instance.as_str()),
        ("ConsumerId", key.group.as_str()),
        ("HideLastTimestamp", "true"),
    ];
    let params = params.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let reply = client.call("GetConsumerProgress", params).await;
    let reply = reply.map_err(|error| cloud::explained(error, "alikafka:ListGroup"))?;
    ConsumerProgress::parse(reply.body()).context("GetConsumerProgress")
}

fn source_of<'c>(cloud: &'c Cloud, key: &GroupKey) -> anyhow::Result<&'c SourceConfig> {
    let mut sources = cloud.config.sources.iter();
    sources
        .find(|source| source.instances.contains(&key.instance))
        .with_context(|| format!("instance {} is not configured", key.instance))
}

/// As the policy asks for it: agreement, disagreement, or why there is none.
pub(crate) async fn ask(
    cloud: &Cloud,
    key: &GroupKey,
    threshold: Threshold,
    endpoint: Option<&str>,
) -> Opinion {
    match progress(cloud, key, endpoint).await {
        Ok(progress) => progress.opinion(threshold),
        Err(error) => Opinion::Unavailable {
            reason: format!("{error:#}"),
        },
    }
}
