//! `metrics` and `instances`: what there is in a region.

use crate::harness::{Cloud, Ended, INSTANCE, OTHER, assert_says, usual};
use cms_sim::{Fault, FaultKind};

fn without_instances(cloud: &Cloud, arguments: &[&str]) -> Ended {
    Ended::of(
        cloud
            .command(arguments)
            .env_remove("KAFKA_LAG_CMS_INSTANCE"),
    )
}

#[test]
fn metrics_are_listed_with_the_configured_ones_marked() {
    let cloud = Cloud::usual();
    let out = without_instances(&cloud, &["metrics"]).with(0);
    assert_says(
        &out,
        &[
            "message_accumulation ",
            "lag per topic",
            "userId,instanceId,consumerGroup",
            "60,300",
            "Maximum",
        ],
    );
    let document = without_instances(&cloud, &["metrics", "-o", "json"]).json();
    let metrics = document["regions"][0]["metrics"].as_array().unwrap();
    let marked: Vec<_> = metrics
        .iter()
        .filter(|metric| metric["configured_as"] == "lag")
        .collect();
    assert_eq!(marked.len(), 1);
    assert_eq!(marked[0]["name"], "message_accumulation");
    assert_eq!(marked[0]["periods_seconds"], serde_json::json!([60, 300]));
    assert_eq!(document["regions"][0]["missing"], serde_json::json!([]));
}

#[test]
fn a_configured_metric_that_is_not_offered_ends_with_1() {
    let ended = Cloud::usual().run(&["metrics", "--cms.metric=message_accumulatoin"]);
    let out = ended.with(1);
    assert_says(
        &out,
        &[
            "message_accumulatoin is configured and not offered here",
            "message_accumulation",
        ],
    );
}

#[test]
fn instances_end_with_a_line_that_can_be_copied() {
    let cloud = Cloud::start(usual().instance(OTHER));
    let out = without_instances(&cloud, &["instances"]).with(0);
    assert_says(
        &out,
        &[
            "订单中心-生产",
            "running",
            "pay-as-you-go",
            "subscription",
            "cn-hangzhou",
        ],
    );
    let last = out.lines().last().unwrap();
    assert_eq!(last, format!("--cms.instance {OTHER},{INSTANCE}"));
    let document = without_instances(&cloud, &["instances", "-o", "json"]).json();
    assert_eq!(document["instances"][0]["instance_id"], OTHER);
    assert_eq!(document["instances"][0]["status_number"], 5);
}

#[test]
fn a_region_without_instances_says_so() {
    let cloud = Cloud::usual();
    let out = without_instances(&cloud, &["instances", "--cms.region=cn-shanghai"]);
    assert_says(&out.err, &["no instances: check the region"]);
    assert_eq!(out.with(1), "");
}

#[test]
fn without_the_permission_its_name_is_told() {
    let cloud = Cloud::start(usual().fault(Fault::new(FaultKind::KafkaForbidden)));
    let ended = without_instances(&cloud, &["instances"]);
    assert_says(
        &ended.err,
        &[
            "alikafka:GetInstanceList",
            "alikafka:ListInstance",
            "AliyunKafkaReadOnlyAccess",
        ],
    );
    assert_eq!(ended.code, Some(1));
}

#[test]
fn a_local_kafka_endpoint_is_not_asked_through_a_proxy() {
    let cloud = Cloud::usual();
    let mut command = cloud.command(&["instances"]);
    let proxy = crate::servers::closed();
    let ended = Ended::of(
        command
            .env_remove("KAFKA_LAG_CMS_ENDPOINT")
            .env("HTTP_PROXY", proxy),
    );
    assert_says(&ended.with(0), &["running"]);
}
