//! Prints the points of a metric, one JSON array per page.
//!
//! `cargo run --example metrics -- <region> <namespace> <metric> [<instance>...]`, with
//! `ALIBABA_CLOUD_ACCESS_KEY_ID` and `ALIBABA_CLOUD_ACCESS_KEY_SECRET` set.
#![expect(clippy::print_stdout, reason = "printing is what this example is for")]

use std::{env, error::Error, time::Duration};

use aliyun_cms::{Client, Clock, Endpoint, EnvironmentCredentials, SystemClock};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [region, namespace, metric, instances @ ..] = args.as_slice() else {
        return Err("usage: metrics <region> <namespace> <metric> [<instance>...]".into());
    };
    let client = Client::builder()
        .endpoint(Endpoint::region(region)?)
        .credentials(EnvironmentCredentials::new())
        .build()?;
    // The newest minute is seldom there yet, so look back over five.
    let now = SystemClock.now();
    let from = now - Duration::from_secs(300);
    let mut query = client
        .describe_metric_list(namespace, metric)
        .window(from, now)
        .length(1440);
    if !instances.is_empty() {
        query = query.instances(instances);
    }
    let mut pages = query.pages();
    while let Some(page) = pages.next_page().await {
        match page {
            Ok(page) => println!("{}", page.datapoints()),
            Err(error) => {
                println!("{}", error.hint().unwrap_or_default());
                return Err(error.into());
            }
        }
    }
    Ok(())
}
