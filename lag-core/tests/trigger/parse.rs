//! Metadata is read, or refused with what would work.

use crate::world::{parse, trigger};
use jiff::SignedDuration;
use lag_core::{Lag, trigger::Trigger};
use proptest::prelude::*;

fn message(metadata: &[(&str, &str)]) -> String {
    parse(metadata).unwrap_err().to_string()
}

/// The error of a trigger on `orders` with one more key.
fn refused(key: &str, text: &str) -> String {
    let mut metadata = vec![("consumerGroup", "orders"), (key, text)];
    if key != "lagThreshold" {
        metadata.push(("lagThreshold", "50000"));
    }
    message(&metadata)
}

#[test]
fn a_group_and_a_threshold_are_enough() {
    let trigger = trigger(&[]);
    assert_eq!(trigger.target(), 50_000.0);
    assert_eq!(trigger.activation(), Lag::ZERO);
    assert_eq!(trigger.sustained_for(), SignedDuration::ZERO);
    assert_eq!(trigger.metric_name(), "lag-orders");
}

#[test]
fn every_key_is_read() {
    let trigger = trigger(&[
        ("instanceId", "alikafka_pre-cn-xxx"),
        ("topic", "created"),
        ("activationLagThreshold", "10.5"),
        ("sustainSeconds", "120"),
        ("maxAgeSeconds", "240"),
        ("metric", "lag"),
    ]);
    assert_eq!(trigger.activation(), Lag::try_from(10.5).unwrap());
    assert_eq!(trigger.sustained_for(), SignedDuration::from_mins(2));
    let name = "lag-alikafka_pre-cn-xxx-orders-created";
    assert_eq!(trigger.metric_name(), name);
}

#[test]
fn what_keda_owns_is_passed_over() {
    let theirs = [
        ("scalerAddress", "kafka-lag.monitoring.svc:6000"),
        ("enableTLS", "true"),
        ("unsafeSsl", "false"),
        ("caCert", "-----BEGIN"),
        ("tlsClientCert", ""),
        ("tlsClientKey", ""),
        ("tlsCertFile", "/certs/ca"),
        ("useCachedMetrics", "true"),
        ("scalerAddressFromEnv", "kafka-lag:6000"),
    ];
    assert_eq!(trigger(&theirs), trigger(&[]));
}

#[test]
fn a_key_that_ends_in_from_env_carries_the_value() {
    let metadata = [
        ("consumerGroupFromEnv", "orders"),
        ("lagThreshold", "50000"),
    ];
    assert_eq!(parse(&metadata).unwrap(), trigger(&[]));
    assert_eq!(
        refused("consumerGroupFromEnv", "orders"),
        "metadata has both consumerGroup and consumerGroupFromEnv: write one of them"
    );
}

#[test]
fn a_missing_key_is_named_with_what_to_write() {
    assert_eq!(
        message(&[("lagThreshold", "1")]),
        "metadata key consumerGroup is missing: write the consumer group; a key that ends in FromEnv is not sent when the variable is unset or empty in the target container"
    );
    assert_eq!(
        message(&[("consumerGroup", "orders")]),
        "metadata key lagThreshold is missing: write how much lag one replica may have, such as \"50000\"; KEDA's own Kafka scaler takes 10, which is rarely what is meant"
    );
}

#[test]
fn a_key_that_nobody_reads_is_refused_and_its_value_kept_to_us() {
    let text = refused("lagTreshold", "secret");
    assert_eq!(
        text,
        "metadata key \"lagTreshold\" is not known: keys are instanceId, consumerGroup, topic, lagThreshold, activationLagThreshold, sustainSeconds, maxAgeSeconds, metric, metricName; each may end in FromEnv; fields of the trigger itself, such as metricType, stand beside metadata"
    );
    // The smallest name, whatever the order.
    for metadata in [[("b", ""), ("a", "")], [("a", ""), ("b", "")]] {
        assert!(message(&metadata).starts_with("metadata key \"a\""));
    }
    assert!(refused("ConsumerGroup", "orders").contains("is not known"));
    assert!(refused(&"x".repeat(5000), "").len() < 500);
}

#[test]
fn a_value_of_the_wrong_type_is_refused_with_its_limits() {
    assert_eq!(
        refused("lagThreshold", "many"),
        "metadata key lagThreshold is \"many\": write a decimal number from 0.001 to 1000000000000000, such as \"50000\""
    );
    assert_eq!(
        refused("sustainSeconds", "2m"),
        "metadata key sustainSeconds is \"2m\": write a whole number of seconds from 0 to 604800, such as \"120\""
    );
    for text in [
        "", "0", "-1", "0.0001", "1e3", "NaN", "inf", " 5", "5 ", "+5", "1_0", ".", "1.2.3", "１",
    ] {
        assert!(
            refused("lagThreshold", text).contains("key lagThreshold is"),
            "{text:?}"
        );
    }
    for text in ["", "-1", "infinity", "2000000000000000"] {
        let error = refused("activationLagThreshold", text);
        assert!(error.contains("from 0 to 1000000000000000"), "{error}");
    }
    for text in ["0", "1.5", "604801", ""] {
        let error = refused("maxAgeSeconds", text);
        assert!(error.contains("from 1 to 604800"), "{error}");
    }
    assert_eq!(
        refused("metric", "Lag"),
        "metadata key metric is \"Lag\": write lag or recommendedReplicas"
    );
    assert_eq!(
        refused("topic", ""),
        "metadata key topic is \"\": write 1 to 512 bytes without control characters"
    );
    for text in ["", "a/b", "a:b", "订单", &"x".repeat(129)] {
        assert!(refused("metricName", text).contains("letters, digits, -, _ and ."));
    }
}

#[test]
fn recommended_replicas_have_the_target_one_and_nothing_that_contradicts_it() {
    let metadata = [
        ("consumerGroup", "orders"),
        ("metric", "recommendedReplicas"),
    ];
    let trigger = parse(&metadata).unwrap();
    assert_eq!(trigger.target(), 1.0);
    assert_eq!(trigger.metric_name(), "replicas-orders");
    for (key, text) in [("lagThreshold", "1"), ("topic", "created")] {
        let error = message(&[metadata[0], metadata[1], (key, text)]);
        let begin =
            format!("metadata key {key} has no meaning with metric recommendedReplicas: remove it");
        assert!(error.starts_with(&begin), "{error}");
    }
}

fn name(instance: &str, group: &str) -> String {
    let more = [
        ("instanceId", instance),
        ("consumerGroup", group),
        ("lagThreshold", "1"),
    ];
    parse(&more).unwrap().metric_name().to_owned()
}

#[test]
fn names_that_no_url_takes_are_replaced_and_stay_apart() {
    // Fixed texts: an HPA finds its metric by the name of yesterday.
    assert_eq!(name("i", "a/b:c"), "lag-i-a-b-c-ec571f00ce26782f");
    assert_eq!(name("i", "订单"), "lag-i----4ccc3aeda09aa2f3");
    let names = [
        name("i", "a-b"),
        name("i", "a/b"),
        name("i", "a:b"),
        name("i", "A-b"),
    ];
    for (at, one) in names.iter().enumerate() {
        assert!(!names[..at].contains(one), "{one}");
    }
    let long = name("i", &"x".repeat(512));
    assert!(
        long.len() < 128 && long != name("i", &"x".repeat(511)),
        "{long}"
    );
    let own = trigger(&[("metricName", "My.Name_1")]);
    assert_eq!(own.metric_name(), "My.Name_1");
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "(instanceId|consumerGroup|topic|lagThreshold|activationLagThreshold|sustainSeconds|maxAgeSeconds|metric|metricName)(FromEnv)?",
        any::<String>(),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[0-9.]{1,20}", "lag|recommendedReplicas", any::<String>()]
}

proptest! {
    #[test]
    fn any_metadata_is_a_usable_trigger_or_a_short_line(metadata in proptest::collection::vec((key(), text()), 0..8)) {
        match Trigger::parse(metadata.iter().map(|(key, text)| (key.as_str(), text.as_str()))) {
            Ok(trigger) => {
                prop_assert!(trigger.target() >= 0.001 && trigger.target().is_finite());
                let safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                prop_assert!(trigger.metric_name().chars().all(safe));
                prop_assert!((1..=140).contains(&trigger.metric_name().len()));
            }
            Err(error) => {
                let text = error.to_string();
                prop_assert!(text.len() < 1000 && !text.contains('\n'), "{}", text);
            }
        }
    }
}

fn page(path: &str) -> String {
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    std::fs::read_to_string(docs.join(path)).unwrap()
}

#[test]
fn the_reference_has_every_key() {
    let error = refused("unknown", "");
    let keys = error.split_once("keys are ").unwrap().1;
    let keys = keys.split_once(';').unwrap().0;
    let page = page("reference/keda.md");
    for key in keys.split(", ") {
        assert!(page.contains(&format!("\n| `{key}` |")), "{key}");
    }
}

#[test]
fn the_triggers_of_the_howto_are_good() {
    let page = page("howto/keda.md");
    let blocks = page.split("    metadata:\n").skip(1);
    let triggers = blocks.map(|block| {
        let lines = block.lines().map_while(|line| line.strip_prefix("      "));
        let pairs = lines.map(|line| line.split_once(": ").unwrap());
        Trigger::parse(pairs.map(|(key, text)| (key, text.trim_matches('"'))))
    });
    let targets: Vec<_> = triggers.map(|trigger| trigger.unwrap().target()).collect();
    assert_eq!(targets, [50_000.0, 1.0]);
}
