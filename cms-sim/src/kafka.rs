//! `GetInstanceList` of the Kafka service, alikafka 2019-09-16: the instances of the model, with names.

use serde_json::{Value, json};

use crate::{errors::Refusal, params::Incoming, reply::Reply, shared::Shared};

/// Names by position; an operator may name an instance in any script.
const NAMES: [&str; 6] = [
    "orders-prod",
    "订单中心-生产",
    "payments-prod",
    "logistics",
    "audit (old)",
    "test_1",
];

/// 2026-01-01T00:00:00Z: instances are older than any demo.
const CREATED_MS: i64 = 1_767_225_600_000;
const YEAR_MS: i64 = 365 * 86_400_000;

pub(crate) fn instance_list(
    shared: &Shared,
    incoming: &Incoming<'_>,
    request_id: &str,
) -> Result<Reply, Refusal> {
    let region = incoming.non_empty("RegionId");
    let region = region.ok_or_else(|| Refusal::missing("RegionId"))?;
    // A list is sent as `InstanceId.1`, `InstanceId.2`, …
    let wanted: Vec<&str> = incoming
        .query
        .iter()
        .chain(&incoming.form)
        .filter(|(name, _)| name.strip_prefix("InstanceId.").is_some())
        .map(|(_, value)| value.as_str())
        .collect();
    let model = shared.model();
    let here = region == shared.identity.region;
    let instances: Vec<Value> = model
        .instances
        .iter()
        .enumerate()
        .filter(|(_, known)| here && (wanted.is_empty() || wanted.contains(&known.id.as_str())))
        .map(|(index, known)| {
            let groups = known.groups.len();
            let partitions = model.topics.len() * shared.partitions;
            let mut listed = instance(&known.id, index, region, groups, model.topics.len());
            listed["UsedPartitionCount"] = json!(partitions);
            listed["DefaultPartitionNum"] = json!(shared.partitions);
            listed
        })
        .collect();
    let body = json!({
        "Code": 200,
        "Message": "operation success.",
        "Success": true,
        "RequestId": request_id,
        "InstanceList": { "InstanceVO": instances },
    });
    Ok(Reply::ok(body.to_string()))
}

/// The keys are those of the vendor's model of the reply; the values are invented.
fn instance(id: &str, index: usize, region: &str, groups: usize, topics: usize) -> Value {
    let name = NAMES
        .get(index)
        .map_or_else(|| format!("kafka-{:04}", index + 1), ToString::to_string);
    let (paid, spec) = if id.starts_with("alikafka_post") {
        (1, "normal")
    } else if id.starts_with("alikafka_serverless") {
        (3, "basic")
    } else {
        (0, "professional")
    };
    let host = index % 250 + 1;
    json!({
        "InstanceId": id,
        "Name": name,
        "RegionId": region,
        "ServiceStatus": 5,
        "ViewInstanceStatusCode": 2,
        "PaidType": paid,
        "SpecType": spec,
        "Series": "v2",
        "DeployType": 5,
        "VpcId": "vpc-sim0000000000000001",
        "VSwitchId": "vsw-sim0000000000000001",
        "VSwitchIds": { "VSwitchIds": ["vsw-sim0000000000000001"] },
        "SecurityGroup": "sg-sim0000000000000001",
        "ZoneId": format!("{region}-h"),
        "StandardZoneId": format!("{region}-h"),
        "EndPoint": format!("192.0.2.{host}:9092,198.51.100.{host}:9092"),
        "DomainEndpoint": format!("{id}-1-vpc.alikafka.example:9092"),
        "SslEndPoint": "",
        "SaslDomainEndpoint": "",
        "CreateTime": CREATED_MS,
        "ExpiredTime": CREATED_MS + 10 * YEAR_MS,
        "MsgRetain": 72,
        "DiskSize": 500,
        "DiskType": 1,
        "IoMax": 20,
        "IoMaxSpec": "alikafka.hw.2xlarge",
        "EipMax": 0,
        "TopicNumLimit": 50,
        "UsedTopicCount": topics,
        "UsedGroupCount": groups,
        "AutoCreateTopicEnable": false,
        "AutoCreateGroupEnable": true,
        "ResourceGroupId": "rg-sim000000000001",
        "AllConfig": "{\"enable.acl\":\"false\",\"kafka.log.retention.hours\":\"72\"}",
        "Tags": { "TagVO": [] },
        "UpgradeServiceDetailInfo": { "Current2OpenSourceVersion": "2.2.0" },
    })
}
