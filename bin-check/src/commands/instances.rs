//! `instances`: the Kafka instances of a region, as the service itself knows them.

use aliyun_cms::Client;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

use crate::{
    cli::{self, Code, InstancesArgs, Output},
    cloud::{self, kafka_endpoint},
    output::{
        self, json,
        table::{Column, Table},
    },
};

/// What the service says of an instance; more is sent than is read.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Instance {
    pub(super) instance_id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    region_id: Option<String>,
    #[serde(default)]
    pub(super) service_status: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    instance_list: Option<List>,
}

/// One level deeper than its name says.
#[derive(Deserialize)]
struct List {
    #[serde(rename = "InstanceVO", default)]
    instances: Option<Vec<Instance>>,
}

#[derive(Serialize)]
struct Document<'i> {
    instances: Vec<Described<'i>>,
}

#[derive(Serialize)]
struct Described<'i> {
    instance_id: &'i str,
    name: &'i str,
    region: &'i str,
    kind: Option<&'static str>,
    status: String,
    status_number: Option<i64>,
}

pub(crate) async fn run(args: InstancesArgs) -> anyhow::Result<Code> {
    let cloud = cloud::open(super::configure_region(args.read)?)?;
    cloud.check_credentials().await?;
    let mut found = Vec::new();
    for source in &cloud.config.sources {
        let endpoint = kafka_endpoint(&cloud.config, source, args.kafka.kafka_endpoint.as_deref())?;
        found.extend(list(&cloud.kafka(source, endpoint)?, &source.region).await?);
    }
    found.sort_by(|a, b| a.instance_id.cmp(&b.instance_id));
    found.dedup_by(|a, b| a.instance_id == b.instance_id);
    let described: Vec<_> = found.iter().map(describe).collect();
    let is_empty = described.is_empty();
    if is_empty {
        cli::complain(
            "no instances: check the region, and whether the account of the key is the right one",
        );
    }
    let text = match args.out.output {
        Output::Text if is_empty => String::new(),
        Output::Text => table(&described),
        Output::Json => json::pretty(&Document {
            instances: described,
        })?,
    };
    output::write(text.as_bytes())?;
    Ok(if is_empty { Code::Failed } else { Code::Done })
}

/// All instances of a region.
pub(super) async fn list(client: &Client, region: &str) -> anyhow::Result<Vec<Instance>> {
    let params = [("RegionId".to_owned(), region.to_owned())];
    let reply = client
        .call("GetInstanceList", params)
        .await
        .map_err(|error| {
            let action = "alikafka:GetInstanceList (older: alikafka:ListInstance)";
            cloud::explained(error, action)
        })?;
    let reply: Reply = serde_json::from_str(reply.body())
        .context("the reply to GetInstanceList could not be read")?;
    Ok(reply
        .instance_list
        .and_then(|list| list.instances)
        .unwrap_or_default())
}

fn describe(instance: &Instance) -> Described<'_> {
    Described {
        instance_id: &instance.instance_id,
        name: instance.name.as_deref().unwrap_or_default(),
        region: instance.region_id.as_deref().unwrap_or_default(),
        kind: kind(&instance.instance_id),
        status: status(instance.service_status).into_owned(),
        status_number: instance.service_status,
    }
}

/// How an instance is paid for, by its id.
fn kind(id: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 3] = [
        ("alikafka_pre", "subscription"),
        ("alikafka_post", "pay-as-you-go"),
        ("alikafka_serverless", "serverless"),
    ];
    let found = KINDS.iter().find(|(prefix, _)| id.starts_with(prefix));
    found.map(|(_, kind)| *kind)
}

/// `ServiceStatus` in words. The numbers are those of the vendor's Terraform provider (data source
/// `alicloud_alikafka_instances`). For 15 it says "freeze" where the vendor's API pages are said to have "expired": both
/// are given. None was checked against the service.
pub(super) fn status(number: Option<i64>) -> Cow<'static, str> {
    let words = match number {
        None => "not stated",
        Some(0) => "waits for deployment",
        Some(1..=3) => "is being deployed",
        Some(5) => "running",
        Some(7) => "waits for an upgrade",
        Some(8) => "is being upgraded",
        Some(10) => "released",
        Some(15) => "expired or frozen",
        Some(101) => "deployment failed",
        Some(102) => "upgrade failed",
        Some(other) => return format!("status {other}").into(),
    };
    words.into()
}

fn table(instances: &[Described<'_>]) -> String {
    let mut table = Table::new(&[
        ("INSTANCE", Column::Left),
        ("NAME", Column::Left),
        ("STATUS", Column::Left),
        ("KIND", Column::Left),
        ("REGION", Column::Left),
    ]);
    for instance in instances {
        table.row([
            instance.instance_id.into(),
            instance.name.into(),
            instance.status.as_str().into(),
            instance.kind.unwrap_or("?").into(),
            instance.region.into(),
        ]);
    }
    let ids: Vec<_> = instances
        .iter()
        .map(|instance| instance.instance_id)
        .collect();
    format!("{}\n--cms.instance {}\n", table.render(None), ids.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_nobody_documents_stays_a_number() {
        assert_eq!(status(Some(5)), "running");
        assert_eq!(status(Some(42)), "status 42");
        assert_eq!(status(None), "not stated");
    }

    #[test]
    fn the_kind_is_read_from_the_id() {
        assert_eq!(kind("alikafka_pre-cn-1"), Some("subscription"));
        assert_eq!(kind("alikafka_post-cn-1"), Some("pay-as-you-go"));
        assert_eq!(kind("alikafka_serverless-cn-1"), Some("serverless"));
        assert_eq!(kind("other"), None);
    }
}
