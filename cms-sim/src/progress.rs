//! `GetConsumerProgress` of the Kafka service: the offsets of a group, per topic and partition, without CloudMonitor's delay.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    config::SimConfig, errors::Refusal, mix::mix_text, model::topic_share, params::Incoming,
    reply::Reply, shared::Shared,
};

/// Every partition is written to at this distance, since ever: it turns offsets into times.
const MESSAGE_EVERY_MS: i64 = 100;

/// What the Kafka service says of a group, where CloudMonitor says its lag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Progress {
    /// The true lag of this moment: both agree, but for CloudMonitor's delay.
    #[default]
    Truth,
    /// This lag, whatever CloudMonitor says: it counts falsely for partitions that nobody consumes.
    Lag(u64),
    /// No offsets: the group never committed any, or they expired.
    Nothing,
}

/// The Kafka service's own view of groups.
impl SimConfig {
    /// What `GetConsumerProgress` says of a group, [`Progress::Truth`] unless given: the way to let it contradict CloudMonitor.
    #[must_use]
    pub fn progress(
        mut self,
        instance: impl Into<String>,
        group: impl Into<String>,
        progress: Progress,
    ) -> Self {
        self.progress
            .push((instance.into(), group.into(), progress));
        self
    }

    /// How many partitions every topic has, 12 unless changed; at least one.
    #[must_use]
    pub fn partitions(mut self, partitions: usize) -> Self {
        self.partitions = partitions.max(1);
        self
    }
}

/// Which code says that there is no such group is not documented for this action; this one is in the service's table.
fn unknown_group() -> Refusal {
    Refusal::invalid(
        "BIZ_SUBSCRIPTION_NOT_FOUND",
        "The consumer group is not found. Please check and try again later.",
    )
}

fn unknown_instance() -> Refusal {
    Refusal::invalid(
        "BIZ.INSTANCE.NOT.FOUND",
        "The instance is not found. Please check and try again later.",
    )
}

pub(crate) fn answer(
    shared: &Shared,
    incoming: &Incoming<'_>,
    request_id: &str,
    now: i64,
) -> Result<Reply, Refusal> {
    let required = |name: &str| {
        incoming
            .non_empty(name)
            .ok_or_else(|| Refusal::missing(name))
    };
    let region = required("RegionId")?;
    let (instance, group) = (required("InstanceId")?, required("ConsumerId")?);
    let model = shared.model();
    let found = model.find_instance(instance);
    let found = found.filter(|_| region == shared.identity.region);
    let known = &model.instances[found.ok_or_else(unknown_instance)?];
    let group = known.find(group).ok_or_else(unknown_group)?;
    let lag = match group.progress {
        Progress::Truth => group.lag_at(now),
        Progress::Lag(lag) => Some(lag),
        Progress::Nothing => None,
    };
    let hidden = incoming
        .non_empty("HideLastTimestamp")
        .is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let offsets = Offsets {
        partitions: shared.partitions,
        // Serverless instances have no such times.
        hidden: hidden || instance.starts_with("alikafka_serverless"),
        member: &group.name,
        now,
    };
    // Without offsets there are no topics, and the sum is a 0 that means nothing.
    let topics: Vec<(Value, i64)> = lag.map_or_else(Vec::new, |lag| {
        let topics = model.topics.iter().enumerate();
        topics
            .map(|(index, topic)| {
                let share = topic_share(lag, index, model.topics.len());
                offsets.topic(&topic.name, share)
            })
            .collect()
    });
    let last = topics.iter().map(|(_, last)| *last).max();
    let list: Vec<Value> = topics.into_iter().map(|(topic, _)| topic).collect();
    let body = json!({
        "Code": 200,
        "Message": "operation success.",
        "Success": true,
        "RequestId": request_id,
        "ConsumerProgress": {
            "TotalDiff": lag.unwrap_or(0),
            "LastTimestamp": last.unwrap_or(-1),
            "RebalanceInfoList": { "RebalanceInfoList": [] },
            "TopicList": { "TopicList": list },
        },
    });
    Ok(Reply::ok(body.to_string()))
}

struct Offsets<'a> {
    partitions: usize,
    hidden: bool,
    member: &'a str,
    now: i64,
}

impl Offsets<'_> {
    /// A topic and the time of the newest message consumed from it.
    fn topic(&self, name: &str, lag: u64) -> (Value, i64) {
        let offsets: Vec<(Value, i64)> = (0..self.partitions)
            .map(|partition| self.partition(name, partition, lag))
            .collect();
        let last = offsets.iter().map(|(_, last)| *last).max().unwrap_or(-1);
        let list: Vec<Value> = offsets.into_iter().map(|(offset, _)| offset).collect();
        let topic = json!({
            "Topic": name,
            "TotalDiff": lag,
            "LastTimestamp": last,
            "OffsetList": { "OffsetList": list },
        });
        (topic, last)
    }

    fn partition(&self, topic: &str, partition: usize, lag: u64) -> (Value, i64) {
        let share = topic_share(lag, partition, self.partitions);
        let written = u64::try_from(self.now / MESSAGE_EVERY_MS).unwrap_or(0);
        let started = mix_text(u64::try_from(partition).unwrap_or(0), topic) % 1_000_000;
        let broker = (started + written).max(share);
        let behind = i64::try_from(share).unwrap_or(i64::MAX);
        let last = self
            .now
            .saturating_sub(behind.saturating_mul(MESSAGE_EVERY_MS));
        let last = if self.hidden { -1 } else { last.max(0) };
        let offset = json!({
            "Partition": partition,
            "BrokerOffset": broker,
            "ConsumerOffset": broker - share,
            "LastTimestamp": last,
            "ClientId": self.member,
            "ClientIp": "192.0.2.10",
            "MemberId": format!("{}-sim", self.member),
        });
        (offset, last)
    }
}
