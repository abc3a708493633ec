//! What is read from HPAs.

use super::{an_hpa, with};
use crate::manifest::hpa;
use jiff::SignedDuration;
use lag_core::simulate::{MetricTarget, PolicyKind, Rules, Select};
use serde_json::{Value, json};

fn hpa_error(pointer: &str, value: Value) -> String {
    let manifest = with(an_hpa(), pointer, value);
    let error = hpa::read_all("x.yaml", &[manifest]).unwrap_err();
    format!("{error:#}")
}

#[test]
fn an_hpa_is_read_whole() {
    let other = json!({"kind": "Deployment"});
    let found = hpa::read_all("x.yaml", &[other, an_hpa()]).unwrap();
    let [file] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        (file.object.as_str(), file.metric.as_str()),
        ("cust", "kafka_consumer_lag")
    );
    assert_eq!((file.hpa.bounds.min(), file.hpa.bounds.max()), (2, 5));
    assert_eq!(
        file.hpa.target,
        MetricTarget::AverageValue(50_000_000.try_into().unwrap())
    );
    let behavior = file.hpa.behavior.as_ref().unwrap();
    let up = &behavior.scale_up;
    assert_eq!(up.stabilization_window, SignedDuration::from_secs(120));
    assert_eq!((up.tolerance_milli, up.select), (Some(0), Select::Min));
    assert_eq!(up.policies.len(), 1);
    assert_eq!(
        (up.policies[0].kind, up.policies[0].value),
        (PolicyKind::Pods, 1)
    );
    // What is not written is what the API server puts in.
    let down = Rules {
        tolerance_milli: Some(666),
        select: Select::Disabled,
        ..Rules::scale_down()
    };
    assert_eq!(behavior.scale_down, down);
}

#[test]
fn what_is_left_out_of_an_hpa_has_the_defaults_of_kubernetes() {
    let bare = with(an_hpa(), "/spec/behavior", Value::Null);
    let bare = with(bare, "/spec/minReplicas", Value::Null);
    let found = hpa::read_all("x.yaml", &[bare]).unwrap();
    assert_eq!(
        (found[0].hpa.bounds.min(), &found[0].hpa.behavior),
        (1, &None)
    );
}

#[test]
fn a_mistake_in_an_hpa_is_told_with_its_place_and_what_to_write() {
    let target = "/spec/metrics/0/external/target";
    for (pointer, value, parts) in [
        (
            "/apiVersion",
            json!("autoscaling/v2beta2"),
            [
                "apiVersion is \"autoscaling/v2beta2\"",
                "kafka-lag lint x.yaml",
            ],
        ),
        (
            "/spec/maxReplicas",
            json!("5"),
            ["spec.maxReplicas is \"5\"", "whole number from 1 to"],
        ),
        (
            "/spec/maxReplicas",
            json!(1),
            ["spec.maxReplicas is 1", "minReplicas, which is 2"],
        ),
        (
            "/spec/maxReplicas",
            Value::Null,
            ["spec.maxReplicas is missing", "the most replicas"],
        ),
        (
            "/spec/metrics/0/type",
            json!("Pods"),
            ["spec.metrics[0].type is \"Pods\"", "kafka-lag lint x.yaml"],
        ),
        (
            "/spec/metrics",
            json!([]),
            ["spec.metrics is []", "one metric of type External"],
        ),
        (
            "/spec/metrics",
            json!([{}, {}]),
            ["spec.metrics has 2 metrics", "leave one in"],
        ),
        (
            target,
            json!({"type": "Utilization", "averageUtilization": 80}),
            ["target.type is \"Utilization\"", "AverageValue"],
        ),
        (
            target,
            json!({"type": "Value", "averageValue": "5"}),
            ["target.averageValue is \"5\"", "leave it out"],
        ),
        (
            target,
            json!({"type": "Value"}),
            ["target.value is missing", "\"50000\""],
        ),
        (
            target,
            json!({"type": "Value", "value": "0"}),
            ["target.value is \"0\"", "above 0"],
        ),
        (
            target,
            json!({"type": "Value", "value": "-5"}),
            ["target.value is \"-5\"", "not negative"],
        ),
        (
            "/spec/behavior/scaleUp/stabilizationWindowSeconds",
            json!(3601),
            [
                "spec.behavior.scaleUp.stabilizationWindowSeconds is 3601",
                "0 to 3600",
            ],
        ),
        (
            "/spec/behavior/scaleUp/stabilisationWindow",
            json!(1),
            [
                "there is no spec.behavior.scaleUp.stabilisationWindow",
                "did you mean stabilizationWindowSeconds?",
            ],
        ),
        (
            "/spec/behavior/scaleUp/policies",
            json!([]),
            ["spec.behavior.scaleUp.policies is []", "at least one"],
        ),
        (
            "/spec/behavior/scaleUp/policies/0/type",
            json!("Pod"),
            ["policies[0].type is \"Pod\"", "use Pods, Percent"],
        ),
        (
            "/spec/behavior/scaleDown/selectPolicy",
            json!("Most"),
            ["scaleDown.selectPolicy is \"Most\"", "Max, Min, Disabled"],
        ),
        (
            "/kind",
            json!("Deployment"),
            ["holds no HorizontalPodAutoscaler", "but Deployment"],
        ),
    ] {
        let error = hpa_error(pointer, value);
        assert!(error.starts_with("x.yaml: "), "{error}");
        for part in parts {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
    }
}
