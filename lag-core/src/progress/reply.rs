//! The reply as it is sent: names and shapes of the vendor.

use serde_json::{Map, Value};

/// What was found in a reply; a part that is missing is `None` or an empty list.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) total: Option<f64>,
    pub(super) topics: Vec<TopicOffsets>,
}

#[derive(Debug)]
pub(super) struct TopicOffsets {
    pub(super) offsets: Vec<Offset>,
}

#[derive(Debug)]
pub(super) struct Offset {
    pub(super) broker: Option<i64>,
    pub(super) consumer: Option<i64>,
}

impl Reply {
    /// Fails with words for people when the service refuses, or a part that is there cannot be read.
    pub(super) fn read(json: &str) -> Result<Self, String> {
        let reply: Value =
            serde_json::from_str(json).map_err(|error| format!("it is no JSON: {error}"))?;
        let reply = reply.as_object().ok_or("it is no JSON object")?;
        check_accepted(reply)?;
        let progress = reply
            .get("ConsumerProgress")
            .and_then(Value::as_object)
            .ok_or("ConsumerProgress is missing")?;
        let topics = items(progress, "TopicList")?
            .into_iter()
            .map(topic)
            .collect::<Result<_, _>>()?;
        let total = match progress.get("TotalDiff") {
            None | Some(Value::Null) => None,
            Some(value) => Some(number(value, "TotalDiff")?),
        };
        Ok(Self { total, topics })
    }
}

fn check_accepted(reply: &Map<String, Value>) -> Result<(), String> {
    let word = |name: &str| match reply.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let (code, success) = (word("Code"), word("Success"));
    let is_accepted = match (code.as_deref(), success.as_deref()) {
        (Some(code), Some(success)) => code == "200" && success.eq_ignore_ascii_case("true"),
        (Some(code), None) => code == "200",
        (None, Some(success)) => success.eq_ignore_ascii_case("true"),
        (None, None) => return Err("Code and Success are missing".to_owned()),
    };
    if is_accepted {
        return Ok(());
    }
    let short = |text: String| -> String {
        let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        visible.take(200).collect()
    };
    let mut refusal = "the service refused".to_owned();
    for (label, text) in [
        (" with code ", code),
        (": ", word("Message")),
        ("; request id ", word("RequestId")),
    ] {
        if let Some(text) = text {
            refusal.push_str(label);
            refusal.push_str(short(text).trim_end_matches('.'));
        }
    }
    Err(refusal)
}

/// The items of a list that stands under its name, or under its name twice, or is one item without brackets.
fn items<'v>(
    parent: &'v Map<String, Value>,
    name: &str,
) -> Result<Vec<&'v Map<String, Value>>, String> {
    let list = match parent.get(name) {
        Some(Value::Object(wrapper)) if wrapper.contains_key(name) => wrapper.get(name),
        // An empty wrapper is an empty list, not an item without anything in it.
        Some(Value::Object(wrapper)) if wrapper.is_empty() => None,
        other => other,
    };
    let object = |value: &'v Value| {
        value
            .as_object()
            .ok_or_else(|| format!("{name} holds something that is no object"))
    };
    match list {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(values)) => values.iter().map(object).collect(),
        Some(value) => object(value).map(|item| vec![item]),
    }
}

fn topic(topic: &Map<String, Value>) -> Result<TopicOffsets, String> {
    let offset = |item: &Map<String, Value>| -> Result<Offset, String> {
        Ok(Offset {
            broker: whole(item, "BrokerOffset")?,
            consumer: whole(item, "ConsumerOffset")?,
        })
    };
    let offsets = items(topic, "OffsetList")?
        .into_iter()
        .map(offset)
        .collect::<Result<_, _>>()?;
    Ok(TopicOffsets { offsets })
}

fn number(value: &Value, name: &str) -> Result<f64, String> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| format!("{name} is no number"))
}

fn whole(item: &Map<String, Value>, name: &str) -> Result<Option<i64>, String> {
    let number = match item.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    number
        .map(Some)
        .ok_or_else(|| format!("{name} is no whole number"))
}
