//! How the cloud is called.

use aliyun_cms::{Endpoint, Placement, SignatureVersion};
use lag_core::{PromDuration, Statistic};
use std::{path::PathBuf, time::Duration};

use super::{
    ConfigError, File, Written,
    file::Text,
    pick::{Found, Picker, between, number},
};
use crate::args::ReadArgs;

/// How the cloud is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CmsConfig {
    /// Signature scheme.
    pub signature: SignatureVersion,
    /// Where parameters travel.
    pub placement: Placement,
    /// Time for one attempt.
    pub timeout: Duration,
    /// Calls per second at most.
    pub calls_per_second: u32,
    /// Attempts of one call, the first included.
    pub max_attempts: u32,
    /// Pages of one query; more are an error.
    pub max_pages: u32,
    /// Further CA certificates.
    pub ca_file: Option<PathBuf>,
    /// Metric of a group's lag.
    pub metric: String,
    /// Metric of a group's lag per topic.
    pub topic_metric: String,
    /// Statistic of a point.
    pub statistic: Statistic,
}

pub(super) fn resolve(
    args: &ReadArgs,
    file: &File,
    picker: Picker<'_>,
) -> Result<CmsConfig, ConfigError> {
    let (args, file) = (&args.source, &file.cms);
    let one = |flag: &str, given: &Option<String>, key: &str, text: &Text| {
        picker.one(flag, given.as_deref(), key, text)
    };
    let signature = one(
        "--cms.signature",
        &args.signature,
        "cms.signature",
        &file.signature,
    )?;
    let placement = one(
        "--cms.placement",
        &args.placement,
        "cms.placement",
        &file.placement,
    )?;
    let timeout = one("--cms.timeout", &args.timeout, "cms.timeout", &file.timeout)?;
    let rate = one(
        "--cms.rate-limit",
        &args.rate_limit,
        "cms.rate_limit",
        &file.rate_limit,
    )?;
    let attempts = one(
        "--cms.max-attempts",
        &args.max_attempts,
        "cms.max_attempts",
        &file.max_attempts,
    )?;
    let pages = one(
        "--cms.max-pages",
        &args.max_pages,
        "cms.max_pages",
        &file.max_pages,
    )?;
    let ca_file = one("--cms.ca-file", &args.ca_file, "cms.ca_file", &file.ca_file)?;
    let metric = one("--cms.metric", &args.metric, "cms.metric", &file.metric)?;
    let topic = one(
        "--cms.topic-metric",
        &args.topic_metric,
        "cms.topic_metric",
        &file.topic_metric,
    )?;
    let statistic = one(
        "--cms.statistic",
        &args.statistic,
        "cms.statistic",
        &file.statistic,
    )?;
    Ok(CmsConfig {
        signature: signature.map_or(Ok(SignatureVersion::V1), |found| {
            found.choose(&[("v1", SignatureVersion::V1), ("v3", SignatureVersion::V3)])
        })?,
        placement: placement.map_or(Ok(Placement::Query), |found| {
            found.choose(&[("query", Placement::Query), ("form", Placement::Form)])
        })?,
        timeout: between(timeout, PromDuration::from_secs(10), "100ms", "5m")?,
        calls_per_second: rate.map_or(Ok(20), |found| {
            number(&found, 1, 50, "calls a second; the account's limit is 50")
        })?,
        max_attempts: attempts.map_or(Ok(4), |found| number(&found, 1, 10, "attempts"))?,
        max_pages: pages.map_or(Ok(1000), |found| number(&found, 1, 100_000, "pages"))?,
        ca_file: ca_file.map(|found| found.text.into()),
        metric: metric_name(metric, "message_accumulation")?,
        topic_metric: metric_name(topic, "message_accumulation_onetopic")?,
        statistic: statistic.map_or(Ok(Statistic::First), |found| found.read())?,
    })
}

fn metric_name(found: Option<Found>, default: &str) -> Result<String, ConfigError> {
    let Some(found) = found else {
        return Ok(default.to_owned());
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if found.text.is_empty() || !found.text.chars().all(plain) {
        let problem = format!(
            "{:?} is no metric name: they look like message_accumulation",
            found.text
        );
        return Err(found.wrong(problem));
    }
    Ok(found.text)
}

/// The Kafka service's own API, for programs that ask it.
pub(super) fn kafka_endpoint(
    file: &File,
    picker: Picker<'_>,
) -> Result<Option<Written>, ConfigError> {
    let found = picker.in_file("kafka.endpoint", &file.kafka.endpoint)?;
    let Some(found) = found.filter(|found| !found.text.is_empty()) else {
        return Ok(None);
    };
    // Its own words would advise a host of CloudMonitor.
    Endpoint::url(&found.text).map_err(|_| {
        found.wrong(
            "write a URL without path and query, such as https://alikafka.cn-hangzhou.aliyuncs.com",
        )
    })?;
    Ok(Some(Written::new(found)))
}
