//! How fast an autoscaler moves.

use serde_json::Value;

use super::{Setting, finding::Finding, look::list};
use crate::kubernetes::Cluster;

pub(super) fn lint(
    behavior: Option<&Value>,
    path: &str,
    setting: Setting,
    found: &mut Vec<Finding>,
) {
    let none = Value::Null;
    let behavior = behavior.unwrap_or(&none);
    for way in ["scaleUp", "scaleDown"] {
        let Some(rules) = behavior.get(way) else {
            continue;
        };
        let path = format!("{path}.{way}");
        let seconds = |key: &str| rules.get(key).and_then(Value::as_u64);
        if seconds("stabilizationWindowSeconds").is_some_and(|seconds| seconds > 3600) {
            found.push(Finding::error(
                &format!("{path}.stabilizationWindowSeconds"),
                "more than 3600 is refused",
                "write at most 3600",
            ));
        }
        for (index, policy) in list(rules, "/policies").iter().enumerate() {
            if policy
                .get("periodSeconds")
                .and_then(Value::as_u64)
                .is_some_and(|seconds| seconds > 1800)
            {
                found.push(Finding::error(
                    &format!("{path}.policies[{index}].periodSeconds"),
                    "more than 1800 is refused",
                    "write at most 1800",
                ));
            }
        }
        if rules.get("tolerance").is_some() && setting.kubernetes < Cluster::TOLERANCE {
            found.push(Finding::note(
                &format!("{path}.tolerance"),
                format!("Kubernetes {} has it only behind a feature gate, or not at all; then it is dropped and 10 % stay", setting.kubernetes),
                "leave it out below 1.35, or tell lint your version: --kubernetes 1.35",
            ));
        }
    }
    let down = behavior.get("scaleDown").unwrap_or(&none);
    let is_disabled = down
        .get("selectPolicy")
        .is_some_and(|policy| policy == "Disabled");
    let policies = list(down, "/policies");
    // A cluster writes its default out.
    let is_all = |policy: &Value| {
        policy.get("type").is_some_and(|kind| kind == "Percent")
            && policy
                .get("value")
                .and_then(Value::as_u64)
                .is_some_and(|percent| percent >= 100)
    };
    if !is_disabled && (policies.is_empty() || policies.iter().any(is_all)) {
        found.push(Finding::note(
            &format!("{path}.scaleDown.policies"),
            "without policies, which is also 100 percent, all replicas that are too many go at once when the window has passed",
            "write policies: [{type: Pods, value: 1, periodSeconds: 120}] to take one after the other away",
        ));
    }
}
