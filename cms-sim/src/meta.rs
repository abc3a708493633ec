//! `DescribeMetricMetaList`: what metrics there are.

use serde_json::{Value, json};

use crate::{errors::Refusal, list::NAMESPACE, params::Incoming, reply::Reply};

const LABELS: &str = r#"[{"name":"productCategory","value":"kafka"},{"name":"metricCategory","value":"kafka"},{"name":"is_alarm","value":"true"},{"name":"minAlertPeriod","value":"60"}]"#;

/// Name, description, dimensions, statistic, unit.
const METRICS: [[&str; 5]; 3] = [
    [
        "instance_disk_capacity",
        "disk usage of the instance",
        "userId,instanceId",
        "Maximum",
        "%",
    ],
    [
        "message_accumulation",
        "unconsumed messages of a consumer group",
        "userId,instanceId,consumerGroup",
        "Value",
        "Count",
    ],
    [
        "message_accumulation_onetopic",
        "unconsumed messages of a consumer group in one topic",
        "userId,instanceId,consumerGroup,topic",
        "Value",
        "Count",
    ],
];

pub(crate) fn answer(incoming: &Incoming<'_>, request_id: &str) -> Result<Reply, Refusal> {
    let page = number(incoming, "PageNumber", 1)?;
    let size = number(incoming, "PageSize", 30)?;
    let wanted =
        |name: &str, value: &str| incoming.non_empty(name).is_none_or(|text| text == value);
    let found: Vec<Value> = METRICS
        .iter()
        .filter(|[name, ..]| wanted("Namespace", NAMESPACE) && wanted("MetricName", name))
        .map(|[name, description, dimensions, statistics, unit]| {
            json!({
                "MetricName": name,
                "Namespace": NAMESPACE,
                "Description": description,
                "Dimensions": dimensions,
                "Periods": "60,300",
                "Statistics": statistics,
                "Unit": unit,
                "Labels": LABELS,
            })
        })
        .collect();
    let total = found.len();
    let skipped = (page - 1).saturating_mul(size);
    let shown: Vec<Value> = found.into_iter().skip(skipped).take(size).collect();
    let body = json!({
        "Code": "200",
        "Success": true,
        "TotalCount": total.to_string(),
        "Resources": { "Resource": shown },
        "RequestId": request_id,
    });
    Ok(Reply::ok(body.to_string()))
}

fn number(incoming: &Incoming<'_>, name: &str, preset: usize) -> Result<usize, Refusal> {
    let Some(text) = incoming.non_empty(name) else {
        return Ok(preset);
    };
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Refusal::invalid_parameter(name))
}
