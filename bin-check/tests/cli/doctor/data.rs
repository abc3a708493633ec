//! Regions, instances, groups and the data itself.

use super::{first_cause, with};
use crate::harness::{Cloud, INSTANCE, OTHER, assert_says, usual};
use cms_sim::{Fault, FaultKind, Scenario, SimConfig};

#[test]
fn a_wrong_region_is_named_with_and_without_the_kafka_permission() {
    let cloud = Cloud::usual();
    let cause = first_cause(&mut cloud.command(&["doctor", "--cms.region=cn-shanghai"]));
    assert_says(
        &cause,
        &[
            "instances:",
            "cn-shanghai has no Kafka instance",
            "--cms.region",
        ],
    );

    let fault = Fault::new(FaultKind::KafkaForbidden);
    let cloud = Cloud::start(SimConfig::default().instance(INSTANCE).fault(fault));
    let text = cloud.run(&["doctor"]).with(1);
    assert_says(
        &text,
        &[
            "warn     instances",
            "alikafka:GetInstanceList",
            "AliyunKafkaReadOnlyAccess",
        ],
    );
    assert_says(
        &text,
        &[
            "first cause: data:",
            "absent",
            "the region is wrong, or the id is, or no consumer group",
        ],
    );
}

#[test]
fn an_instance_without_groups_is_no_failure_and_no_number_either() {
    let cloud = Cloud::start(SimConfig::default().instance(INSTANCE));
    let text = cloud.run(&["doctor"]).with(1);
    assert_says(
        &text,
        &[
            "warn     data",
            "the instance exists",
            "no failure found, but there is no fresh number: see the warnings above\n",
        ],
    );
    assert!(!text.contains("can be read"), "{text}");
    let document = cloud.run(&["doctor", "-o", "json"]).json();
    assert_eq!(document["ok"], false);
    assert!(document["first_cause"].is_null());
}

#[test]
fn one_wrong_instance_among_right_ones_is_named_with_the_right_one() {
    let cloud = Cloud::usual();
    let wrong = INSTANCE.replace("01", "10");
    let both = format!("--cms.instance={INSTANCE},{wrong}");
    let text = cloud.run(&["doctor", &both]).with(1);
    assert_says(
        &text,
        &[
            "first cause: instances:",
            &wrong,
            &format!("did you mean {INSTANCE}?"),
            "3 groups fresh",
        ],
    );

    // When CloudMonitor itself refuses the one, the others are read.
    let fault = Fault::new(FaultKind::InvalidParameter).on_instance(OTHER);
    let cloud = Cloud::start(usual().instance(OTHER).fault(fault));
    let both = format!("--cms.instance={INSTANCE},{OTHER}");
    let text = cloud.run(&["doctor", &both]).with(1);
    assert_says(
        &text,
        &[
            "first cause: data:",
            &format!("{OTHER} could not be read"),
            "3 groups fresh",
        ],
    );
}

#[test]
fn an_unknown_metric_is_named_with_the_right_one() {
    let cloud = Cloud::usual();
    let cause = first_cause(&mut cloud.command(&["doctor", "--cms.metric=message_acumulation"]));
    assert_says(
        &cause,
        &[
            "metric:",
            "message_acumulation is not among",
            "message_accumulation?",
            "kafka-lag metrics",
        ],
    );
}

#[test]
fn stale_data_is_told_from_none() {
    let begin = jiff::SignedDuration::from_mins(30);
    #[expect(clippy::disallowed_methods, reason = "the program lives in real time")]
    let begin = jiff::Timestamp::now() - begin;
    let config = SimConfig::default().group(INSTANCE, "gone", Scenario::vanish(9, begin));
    let cloud = Cloud::start(config);
    let text = cloud.run(&["doctor", "--group.expect=gone"]).with(1);
    assert_says(
        &text,
        &[
            "first cause: data:",
            "stale: the newest datum is 3",
            "from 5m00s on it is no number",
        ],
    );
    assert_says(&text, &["gone is absent"]);
}

#[test]
fn filters_that_leave_nothing_are_the_cause() {
    let cloud = Cloud::usual();
    let cause = first_cause(&mut cloud.command(&["doctor", "--group.include=prefix:nope"]));
    assert_says(
        &cause,
        &["data:", "group filters leave none", "--group.include"],
    );
    let cloud = Cloud::start(usual().group(OTHER, "other", Scenario::constant(1)));
    let both = format!("--cms.instance={INSTANCE},{OTHER}");
    let nope = "--group.include=prefix:nope";
    let text = cloud.run(&["doctor", &both, nope]).with(1);
    assert_eq!(text.matches("failed   data").count(), 2, "{text}");
    assert_says(&text, &["first cause: data:", "group filters leave none"]);
}

#[test]
fn an_expected_group_that_is_missing_is_named_with_what_was_meant() {
    let cloud = Cloud::usual();
    let cause = first_cause(&mut cloud.command(&["doctor", "--group.expect=buzy"]));
    assert_says(
        &cause,
        &["expected:", "buzy is absent", "did you mean busy?"],
    );
}

#[test]
fn pages_that_do_not_end_are_no_matter_of_the_id() {
    let cloud = with(FaultKind::EndlessTokens);
    let cause = first_cause(&mut cloud.command(&["doctor", "--cms.max-pages=3"]));
    assert_says(&cause, &["data:", "raise --cms.max-pages"]);
    assert!(!cause.contains("check the id"), "{cause}");
}
