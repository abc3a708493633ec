//! Every metric and label name, in one place: dashboards, rules and pages are tested against these.

/// Lag of a group over all its topics; name and labels as in the first post.
pub const LAG: &str = "kafka_consumer_message_accumulation";
/// Unix time of the point behind [`LAG`].
pub const LAG_TIMESTAMP: &str = "kafka_consumer_message_accumulation_timestamp_seconds";
/// Messages per second by which [`LAG`] changes.
pub const LAG_CHANGE: &str = "kafka_consumer_message_accumulation_change_per_second";
/// Seconds until [`LAG`] is gone at the current pace; absent while it does not fall.
pub const LAG_DRAIN: &str = "kafka_consumer_message_accumulation_drain_seconds";
/// 1 for every group that the configuration expects.
pub const LAG_EXPECTED: &str = "kafka_consumer_message_accumulation_expected";
/// 1 when an expected group has a fresh value, 0 when it has not.
pub const LAG_PRESENT: &str = "kafka_consumer_message_accumulation_present";
/// Lag of a group in one topic.
pub const TOPIC_LAG: &str = "kafka_consumer_topic_message_accumulation";
/// Unix time of the point behind [`TOPIC_LAG`].
pub const TOPIC_LAG_TIMESTAMP: &str = "kafka_consumer_topic_message_accumulation_timestamp_seconds";

/// How many replicas a group should have by its policy, an absolute number.
pub const RECOMMENDED: &str = "kafka_lag_recommended_replicas";

/// Whether the last collection of an instance worked.
pub const UP: &str = "kafka_lag_up";
/// Facts about an instance; always 1.
pub const INSTANCE_INFO: &str = "kafka_lag_instance_info";
/// Unix time of the last collection that worked.
pub const LAST_SUCCESS: &str = "kafka_lag_last_success_timestamp_seconds";
/// Unix time of the last collection, whatever came of it.
pub const LAST_ATTEMPT: &str = "kafka_lag_last_attempt_timestamp_seconds";
/// Collections that failed in a row.
pub const CONSECUTIVE_FAILURES: &str = "kafka_lag_consecutive_failures";
/// Groups by state of their reading.
pub const GROUPS: &str = "kafka_lag_groups";
/// Series beyond the limit in the last collection.
pub const GROUPS_DROPPED: &str = "kafka_lag_groups_dropped";
/// Duration of the last collection of a source.
pub const COLLECT_DURATION: &str = "kafka_lag_last_collect_duration_seconds";
/// Points in the last answer of a source.
pub const POINTS_RECEIVED: &str = "kafka_lag_points_received";
/// Points of the last answer that could not be used, by reason.
pub const POINTS_DROPPED: &str = "kafka_lag_points_dropped";
/// How long after its minute began a point appears, as learned.
pub const PUBLICATION_DELAY: &str = "kafka_lag_publication_delay_seconds";
/// Calls to the cloud, retries included.
pub const API_REQUESTS: &str = "kafka_lag_api_requests_total";
/// Calls to the cloud that failed, by kind.
pub const API_REQUEST_ERRORS: &str = "kafka_lag_api_request_errors_total";
/// Calls that may be made a month.
pub const API_BUDGET: &str = "kafka_lag_api_budget_requests";
/// Calls made this month.
pub const API_MONTH: &str = "kafka_lag_api_month_requests";
/// Calls by the end of the month at the configured intervals.
pub const API_PROJECTED: &str = "kafka_lag_api_projected_month_requests";
/// Factor on the configured intervals that keeps the budget.
pub const API_STRETCH: &str = "kafka_lag_api_budget_stretch_ratio";
/// Time between collections of a source, as it is now.
pub const COLLECT_INTERVAL: &str = "kafka_lag_collect_interval_seconds";
/// Whether the last load of the configuration worked.
pub const CONFIG_RELOAD_SUCCESSFUL: &str = "kafka_lag_config_last_reload_successful";
/// Unix time of the last load of the configuration that worked.
pub const CONFIG_RELOAD_TIMESTAMP: &str = "kafka_lag_config_last_reload_success_timestamp_seconds";
/// Lag above which a group is in breach.
pub const LAG_THRESHOLD: &str = "kafka_consumer_message_accumulation_threshold";
/// State of the last `kafka-lag check`, as its exit code: 0 ok, 1 warning, 2 critical, 3 unknown.
pub const CHECK_STATUS: &str = "kafka_lag_check_status";
/// Stages taken in the open episode of a group.
pub const CHECK_STAGE: &str = "kafka_lag_check_stage";
/// Unix time of the last `kafka-lag check`.
pub const CHECK_LAST_RUN: &str = "kafka_lag_check_last_run_timestamp_seconds";
/// Unix time of the last `kafka-lag check` that read every instance and did all it had to do.
pub const CHECK_LAST_SUCCESS: &str = "kafka_lag_check_last_success_timestamp_seconds";
/// Whether this replica is the one that asks the cloud.
pub const LEADER: &str = "kafka_lag_leader";
/// Unix time of the leader's last answer to this replica.
pub const FOLLOW_LAST_SUCCESS: &str = "kafka_lag_follow_last_success_timestamp_seconds";
/// Facts about the program; always 1.
pub const BUILD_INFO: &str = "kafka_lag_exporter_build_info";

/// What `--metrics.compat kafka-exporter` adds: lag by topic under kafka_exporter's name for partitions.
pub const COMPAT_LAG: &str = "kafka_consumergroup_lag";
/// What `--metrics.compat kafka-exporter` adds: lag by topic.
pub const COMPAT_LAG_SUM: &str = "kafka_consumergroup_lag_sum";
/// What `--metrics.compat klag` adds: lag of a group.
pub const COMPAT_GROUP_LAG: &str = "kafka_consumergroup_group_sum_lag";
/// What `--metrics.compat klag` adds: lag of a group in one topic.
pub const COMPAT_GROUP_TOPIC_LAG: &str = "kafka_consumergroup_group_topic_sum_lag";
/// What `--metrics.compat klag` adds: Unix time of the last collection of an instance that worked.
pub const COMPAT_LAST_UPDATE: &str = "kafka_lag_exporter_last_update_timestamp_seconds";

/// What `--metrics.compat klag` adds: whether the last collection of every instance worked.
pub const COMPAT_UP: &str = "kafka_lag_exporter_up";

/// Deliveries to the scaler, by status of the answer.
pub const SCALER_DELIVERIES: &str = "kafka_lag_scaler_deliveries_total";
/// Alerts of these deliveries, by what they came to.
pub const SCALER_ALERTS: &str = "kafka_lag_scaler_alerts_total";
/// Alerts that Alertmanager cut off before it sent the rest.
pub const SCALER_TRUNCATED: &str = "kafka_lag_scaler_truncated_alerts_total";
/// Steps back that the timer took or tried, by what they came to.
pub const SCALER_BACKS: &str = "kafka_lag_scaler_scale_backs_total";
/// Writes to workloads, by kind and outcome.
pub const SCALER_ACTIONS: &str = "kafka_lag_scaler_actions_total";
/// Saves of the ledger that somebody else was faster with.
pub const SCALER_CONFLICTS: &str = "kafka_lag_scaler_ledger_conflicts_total";
/// Whether the last load of the scaler's configuration worked.
pub const SCALER_RELOAD_SUCCESSFUL: &str = "kafka_lag_scaler_config_last_reload_successful";
/// Unix time of the last load of the scaler's configuration that worked.
pub const SCALER_RELOAD_TIMESTAMP: &str =
    "kafka_lag_scaler_config_last_reload_success_timestamp_seconds";
/// Facts about the scaler; always 1.
pub const SCALER_BUILD_INFO: &str = "kafka_lag_scaler_build_info";

/// Label of kafka_exporter: consumer group.
pub const COMPAT_CONSUMERGROUP: &str = "consumergroup";
/// Label of klag and kafka-lag-exporter: Kafka instance.
pub const COMPAT_CLUSTER: &str = "cluster_name";
/// Label of klag and kafka-lag-exporter: consumer group.
pub const COMPAT_GROUP: &str = "group";

/// Label: what was written to a workload.
pub const KIND: &str = "kind";
/// Label: what came of a write.
pub const OUTCOME: &str = "outcome";
/// Label: what an alert came to.
pub const RESULT: &str = "result";

/// Label: Kafka instance.
pub const INSTANCE_ID: &str = "instance_id";
/// Label: consumer group.
pub const CONSUMER_GROUP: &str = "consumer_group";
/// Label: another name of a group whose own name is no label value, see [`crate::alias`].
pub const CONSUMER_GROUP_ALIAS: &str = "consumer_group_alias";
/// Label: topic.
pub const TOPIC: &str = "topic";
/// Label: another name of a topic whose own name is no label value, see [`crate::alias`].
pub const TOPIC_ALIAS: &str = "topic_alias";
/// Label: region of an instance.
pub const REGION_ID: &str = "region_id";
/// Label: a region or account that is collected on its own.
pub const SOURCE: &str = "source";
/// Label: account, whose limits its sources share.
pub const ACCOUNT: &str = "account";
/// Label: API action.
pub const ACTION: &str = "action";
/// Label: kind of a failure.
pub const CODE: &str = "code";
/// Label: state of a reading.
pub const STATE: &str = "state";
/// Label: why a point was not used.
pub const REASON: &str = "reason";
