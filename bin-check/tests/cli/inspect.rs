//! `inspect`: raw points beside our number.

use crate::harness::{Cloud, INSTANCE, OTHER, assert_says, usual};
use cms_sim::{Fault, FaultKind};

#[test]
fn the_points_and_the_number_stand_side_by_side() {
    let out = Cloud::usual().run(&["inspect", "busy"]).with(0);
    assert_says(
        &out,
        &[
            &format!("{INSTANCE} / busy\n"),
            "value   150,001: fresh, of 20",
            "trend   steady",
            "acs_kafka message_accumulation, a point each 1m",
            "Value=150001.0  the value: the newest point",
            "Value=150001.0  trend",
            "Why the console may show another number",
            "UTC+8",
        ],
    );
}

#[test]
fn the_kafka_services_own_number_stands_beside_it() {
    let config = usual().progress(INSTANCE, "busy", cms_sim::Progress::Lag(12));
    let cloud = Cloud::start(config);
    let out = cloud.run(&["inspect", "busy"]).with(0);
    assert_says(
        &out,
        &[
            "value   150,001: fresh",
            "service 12: the Kafka service itself, now, over 24 partitions\n",
        ],
    );
    cloud
        .simulator
        .inject(Fault::new(FaultKind::KafkaForbidden));
    let out = cloud.run(&["inspect", "busy"]).with(0);
    assert_says(
        &out,
        &["service ?: ", "grant the RAM action alikafka:ListGroup"],
    );
    assert_says(&out, &["value   150,001: fresh"]);
}

#[test]
fn dropped_points_have_their_reason_and_make_no_number() {
    for (fault, reason) in [
        (FaultKind::NegativeValues, "dropped: no lag is negative"),
        (FaultKind::NoStatistic, "dropped: lacks the statistic"),
        (
            FaultKind::FutureTimestamps { seconds: 600 },
            "dropped: it lies in the future",
        ),
    ] {
        let cloud = Cloud::start(usual().fault(Fault::new(fault)));
        let out = cloud.run(&["inspect", "busy"]).with(0);
        assert_says(&out, &[reason]);
        if fault != (FaultKind::FutureTimestamps { seconds: 600 }) {
            assert_says(&out, &["value   none"]);
        }
    }
}

#[test]
fn an_unknown_group_ends_with_1_and_the_nearest_names() {
    let cloud = Cloud::usual();
    let ended = cloud.run(&["inspect", "buzy"]);
    assert_says(
        &ended.err,
        &["no points of group buzy, but of 3 others; did you mean busy?"],
    );
    assert_eq!(ended.with(1), "");
    let ended = cloud.run(&["inspect", "nothing-like-it"]);
    assert_says(&ended.err, &["of 3 others: kafka-lag show lists them"]);
    let ended = cloud.run(&["inspect", "订单"]);
    assert_says(&ended.err, &["did you mean 订单中心_消费组?"]);
}

#[test]
fn one_of_several_instances_is_named() {
    let cloud = Cloud::start(usual().group(OTHER, "busy", cms_sim::Scenario::constant(5)));
    let both = format!("--cms.instance={INSTANCE},{OTHER}");
    let ended = cloud.run(&["inspect", "busy", &both]);
    assert_says(&ended.err, &["INSTANCE/GROUP", INSTANCE, OTHER]);
    assert_eq!(ended.code, Some(1));
    let out = cloud
        .run(&["inspect", &format!("{OTHER}/busy"), &both])
        .with(0);
    assert_says(&out, &["value   5: fresh"]);
}

#[test]
fn a_topic_can_be_asked_for() {
    let cloud = Cloud::usual();
    let ended = cloud.run(&["inspect", "busy", "--topic=nope"]);
    assert_says(
        &ended.err,
        &["group busy has no points of topic nope, but of 2 others"],
    );
    assert_eq!(ended.code, Some(1));
    let document = cloud
        .run(&["show", "--collect.topics", "-o", "json"])
        .json();
    let groups = document["groups"].as_array().unwrap();
    let topic = groups
        .iter()
        .find(|group| group["consumer_group"] == "busy" && group["topic"].is_string())
        .unwrap();
    let topic = topic["topic"].as_str().unwrap();
    let out = cloud.run(&["inspect", "busy", "--topic", topic]).with(0);
    assert_says(
        &out,
        &[&format!("busy / {topic}"), "message_accumulation_onetopic"],
    );
}

#[test]
fn a_group_that_is_filtered_out_is_shown_with_that_word() {
    let out = Cloud::usual()
        .run(&["inspect", "busy", "--group.exclude=exact:busy"])
        .with(0);
    assert_says(&out, &["150,001", "patterns leave this group out"]);
}

#[test]
fn a_refusal_says_what_to_do() {
    let cloud = Cloud::start(usual().fault(Fault::new(FaultKind::Forbidden)));
    let ended = cloud.run(&["inspect", "busy"]);
    assert_says(
        &ended.err,
        &[
            "refused",
            "cms:QueryMetricList",
            "AliyunCloudMonitorReadOnlyAccess",
        ],
    );
    assert_eq!(ended.code, Some(1));
}
