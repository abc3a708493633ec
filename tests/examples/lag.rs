//! The two libraries together, without the rest: groups and their lag, printed once.
//!
//! `cargo add aliyun-cms lag-core`, or here: `cargo run -p lag-tests --example lag -- cn-hangzhou alikafka_pre-cn-xxx`
//! with `ALIBABA_CLOUD_ACCESS_KEY_ID` and `ALIBABA_CLOUD_ACCESS_KEY_SECRET` set.
#![allow(clippy::print_stdout)]

use aliyun_cms::{Client, Clock, Endpoint, EnvironmentCredentials, SystemClock};
use lag_core::{InstanceId, SnapshotBuilder, SnapshotRules, WindowPolicy};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let [region, instance] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "give REGION INSTANCE")?;
    let endpoint = if region.contains("://") {
        Endpoint::url(&region)?
    } else {
        Endpoint::region(&region)?
    };
    let client = Client::builder()
        .endpoint(endpoint)
        .credentials(EnvironmentCredentials::new())
        .build()?;

    let (now, policy, rules) = (
        SystemClock.now(),
        WindowPolicy::default(),
        SnapshotRules::default(),
    );
    let window = policy.at(now);
    let mut pages = client
        .describe_metric_list("acs_kafka", "message_accumulation")
        .dimension("instanceId", &instance)
        .period(policy.period())
        .window(window.start, window.end)
        .length(policy.page_length())
        .pages();
    let mut builder = SnapshotBuilder::new(&rules, [instance.parse::<InstanceId>()?], now);
    while let Some(page) = pages.next_page().await {
        builder.page(page?.datapoints())?;
    }
    for (instance, series) in builder.finish().instances {
        for (name, sample) in series {
            let trend = sample.trend.map_or(String::new(), |trend| {
                format!(", {:+.1}/s", trend.per_second())
            });
            println!(
                "{instance} {}: {} ({} s old{trend})",
                name.group,
                sample.lag.as_f64(),
                sample.age(now).as_secs()
            );
        }
    }
    Ok(())
}
