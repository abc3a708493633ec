//! How many replicas the policies recommend, as a metric.

use super::writer::{Kind, Sink, Value, Writer};
use jiff::{SignedDuration, Timestamp};
use lag_core::{Board, names, recommend::Advice};

const HELP: &str = "Replicas a consumer group should have by its policy, an absolute number; absent unless the lag is fresh and the policy decides. In an HPA the target is AverageValue 1.";

/// Only numbers: a policy that is silent has no series, so that autoscalers leave the workload as it is.
pub(super) fn write<S: Sink>(
    board: &Board,
    now: Timestamp,
    max_age: SignedDuration,
    out: &mut Writer<S>,
) {
    let mut family = out.family(names::RECOMMENDED, Kind::Gauge, HELP);
    for (key, advice) in board.all_advice(now, max_age) {
        let replicas = match advice {
            Advice::Replicas { replicas, .. } => replicas,
            Advice::Silent(_) => continue,
        };
        let labels = [
            (names::INSTANCE_ID, key.instance.as_str()),
            (names::CONSUMER_GROUP, key.group.as_str()),
        ];
        family.sample(&labels, Value::Integer(replicas.into()));
    }
}
