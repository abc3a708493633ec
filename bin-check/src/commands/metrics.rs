//! `metrics`: what CloudMonitor offers for Kafka in a region.

use aliyun_cms::{Client, Error, MetricMeta};
use anyhow::anyhow;
use lag_runtime::{NAMESPACE, config::Config};
use serde::Serialize;
use std::fmt::Write as _;

use crate::{
    cli::{Code, MetricsArgs, Output},
    cloud,
    nearest::nearest,
    output::{
        self, json,
        progress::watching,
        table::{Column, Table},
    },
};

/// Metrics asked for at once. More pages than this would need are a reply that does not end.
const PAGE: u32 = 100;
const MOST_PAGES: u32 = 50;

#[derive(Serialize)]
struct Document<'m> {
    namespace: &'static str,
    regions: Vec<Region<'m>>,
}

#[derive(Serialize)]
struct Region<'m> {
    source: &'m str,
    region: &'m str,
    metrics: Vec<Metric<'m>>,
    missing: Vec<&'m str>,
}

#[derive(Serialize)]
struct Metric<'m> {
    name: &'m str,
    dimensions: &'m [String],
    periods_seconds: &'m [u32],
    statistics: &'m [String],
    unit: &'m str,
    description: &'m str,
    /// `lag`, `topic_lag` or null.
    configured_as: Option<&'static str>,
}

pub(crate) async fn run(args: MetricsArgs) -> anyhow::Result<Code> {
    let cloud = cloud::open(super::configure_region(args.read)?)?;
    cloud.check_credentials().await?;
    let mut offers = Vec::new();
    for source in &cloud.config.sources {
        let client = cloud.client(source)?;
        let offered = watching(&cloud.calls, all(&client))
            .await
            .map_err(|error| {
                let hint = error
                    .hint()
                    .map_or(String::new(), |hint| format!("; {hint}"));
                anyhow!("{:#}{hint}", anyhow::Error::from(error))
            })?;
        offers.push((source, offered));
    }
    let config = &cloud.config;
    let regions = offers.iter().map(|(source, offered)| Region {
        source: &source.name,
        region: &source.region,
        metrics: offered.iter().map(|meta| metric(config, meta)).collect(),
        missing: missing(config, offered),
    });
    let regions: Vec<_> = regions.collect();
    let is_complete = regions
        .iter()
        .all(|region| !region.missing.contains(&config.cms.metric.as_str()));
    let text = match args.out.output {
        Output::Text => regions.iter().map(describe).collect(),
        Output::Json => json::pretty(&Document {
            namespace: NAMESPACE,
            regions,
        })?,
    };
    output::write(text.as_bytes())?;
    Ok(if is_complete {
        Code::Done
    } else {
        Code::Failed
    })
}

/// All descriptions of the namespace.
pub(super) async fn all(client: &Client) -> Result<Vec<MetricMeta>, Error> {
    let mut metrics = Vec::new();
    for number in 1..=MOST_PAGES {
        let request = client.describe_metric_meta_list(NAMESPACE).page_size(PAGE);
        let page = request.page_number(number).send().await?;
        let is_last = page.metrics.is_empty()
            || page
                .total
                .is_some_and(|total| metrics.len() as u64 + page.metrics.len() as u64 >= total);
        metrics.extend(page.metrics);
        if is_last {
            break;
        }
    }
    metrics.sort_by(|a, b| a.metric_name.cmp(&b.metric_name));
    metrics.dedup_by(|a, b| a.metric_name == b.metric_name);
    Ok(metrics)
}

fn metric<'m>(config: &Config, meta: &'m MetricMeta) -> Metric<'m> {
    Metric {
        name: &meta.metric_name,
        dimensions: &meta.dimensions,
        periods_seconds: &meta.periods,
        statistics: &meta.statistics,
        unit: &meta.unit,
        description: &meta.description,
        configured_as: match &meta.metric_name {
            name if *name == config.cms.metric => Some("lag"),
            name if *name == config.cms.topic_metric => Some("topic_lag"),
            _ => None,
        },
    }
}

/// The configured metrics that are not offered.
fn missing<'m>(config: &'m Config, offered: &[MetricMeta]) -> Vec<&'m str> {
    let configured = [&config.cms.metric, &config.cms.topic_metric];
    let missing = configured
        .into_iter()
        .filter(|name| offered.iter().all(|meta| meta.metric_name != **name));
    missing.map(String::as_str).collect()
}

fn describe(region: &Region<'_>) -> String {
    let mut table = Table::new(&[
        ("METRIC", Column::Left),
        ("USED FOR", Column::Left),
        ("DIMENSIONS", Column::Left),
        ("PERIODS", Column::Left),
        ("STATISTICS", Column::Left),
        ("UNIT", Column::Left),
        ("DESCRIPTION", Column::Left),
    ]);
    for metric in &region.metrics {
        let periods: Vec<_> = metric.periods_seconds.iter().map(u32::to_string).collect();
        let used = match metric.configured_as {
            Some("lag") => "lag",
            Some(_) => "lag per topic",
            None => "",
        };
        table.row([
            metric.name.into(),
            used.into(),
            metric.dimensions.join(",").into(),
            periods.join(",").into(),
            metric.statistics.join(",").into(),
            metric.unit.into(),
            metric.description.into(),
        ]);
    }
    let mut text = format!(
        "{NAMESPACE} in {}\n\n{}\n",
        region.source,
        table.render(None)
    );
    for name in &region.missing {
        let near = nearest(name, region.metrics.iter().map(|metric| metric.name));
        let near = if near.is_empty() {
            "the list above".to_owned()
        } else {
            near.join(", ")
        };
        let _ = writeln!(
            text,
            "{name} is configured and not offered here: choose another with --cms.metric or --cms.topic-metric, from {near}"
        );
    }
    text
}
