//! The second half of judging: instances, metric, data, expected groups.

use aliyun_cms::ErrorKind;

use super::{
    facts::{Data, Expected, Facts, InstanceFacts},
    finding::{Finding, Step},
    judge_answer::is_metric_missing,
};
use crate::{nearest::nearest, output::number};

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![instances(facts), metric(facts)];
    findings.extend(facts.instances.iter().map(|instance| data(facts, instance)));
    findings.extend(facts.expected.iter().map(expected));
    findings
}

/// The configured instances that the Kafka service does not know in the region.
fn unknown(facts: &Facts) -> Vec<&str> {
    let Some(Ok(known)) = &facts.known else {
        return Vec::new();
    };
    let configured = facts.instances.iter().map(|instance| instance.id.as_str());
    configured
        .filter(|id| known.iter().all(|(known, _)| known != id))
        .collect()
}

fn instances(facts: &Facts) -> Finding {
    let step = Step::Instances;
    let known = match &facts.known {
        None => return Finding::skipped(step, "the Kafka service was not asked"),
        Some(Err(because)) => {
            return Finding::warn(
                step,
                format!("not compared with the instances of the region: {because}"),
                "optional: grant alikafka:GetInstanceList (older: alikafka:ListInstance), or the system policy \
                 AliyunKafkaReadOnlyAccess",
            );
        }
        Some(Ok(known)) => known,
    };
    let (unknown, region) = (unknown(facts), &facts.region);
    if unknown.is_empty() {
        let odd: Vec<_> = known
            .iter()
            .filter(|(id, status)| {
                status != "running" && facts.instances.iter().any(|instance| instance.id == *id)
            })
            .map(|(id, status)| format!("{id}: {status}"))
            .collect();
        let count = facts.instances.len();
        return if odd.is_empty() {
            Finding::ok(
                step,
                format!("all {count} configured are known in {region} and running"),
            )
        } else {
            let odd = odd.join(", ");
            Finding::warn(
                step,
                format!("known in {region}, but not running: {odd}"),
                "look at the instance in the Kafka console",
            )
        };
    }
    let list = unknown.join(", ");
    if known.is_empty() {
        return Finding::failed(
            step,
            format!("{list}: {region} has no Kafka instance that this key may see"),
            "check --cms.region, and that the key is of the account that owns the instance",
        );
    }
    let near: Vec<_> = unknown
        .iter()
        .flat_map(|id| nearest(id, known.iter().map(|(id, _)| id.as_str())))
        .collect();
    let count = known.len();
    let advice = match near.first() {
        Some(near) => format!(
            "did you mean {near}? kafka-lag instances lists all {count}; or check --cms.region"
        ),
        None => format!("kafka-lag instances lists the {count} there are; or check --cms.region"),
    };
    Finding::failed(step, format!("not known in {region}: {list}"), advice)
}

fn metric(facts: &Facts) -> Finding {
    let (step, metric, region) = (Step::Metric, &facts.metric, &facts.region);
    match &facts.offered {
        None => Finding::skipped(step, "the query must be answered first"),
        Some(Err(problem)) => Finding::skipped(
            step,
            format!("the list of metrics could not be read: {}", problem.text),
        ),
        Some(Ok(offered)) if is_metric_missing(facts) => {
            let near = nearest(metric, offered.iter().map(String::as_str));
            let near = near.first().copied().unwrap_or("message_accumulation");
            Finding::failed(
                step,
                format!(
                    "{metric} is not among the {} metrics of acs_kafka in {region}",
                    offered.len()
                ),
                format!("correct --cms.metric: {near}? kafka-lag metrics lists all"),
            )
        }
        Some(Ok(offered)) => Finding::ok(
            step,
            format!(
                "{metric} is one of {} metrics of acs_kafka in {region}",
                offered.len()
            ),
        ),
    }
}

fn data(facts: &Facts, instance: &InstanceFacts) -> Finding {
    let (step, id) = (Step::Data, &instance.id);
    let is_unknown = unknown(facts).contains(&id.as_str());
    let is_compared = matches!(facts.known, Some(Ok(_)));
    let limit = number::duration(facts.max_age);
    match &instance.data {
        None => Finding::skipped(step, format!("{id}: the query must be answered first")),
        Some(Data::Failed { kind, text }) => Finding::failed(
            step,
            format!("{id} could not be read: {text}"),
            failed_advice(facts, kind, text),
        ),
        Some(Data::Groups {
            fresh: 0,
            stale,
            newest,
            ..
        }) => Finding::failed(
            step,
            format!(
                "{id}: stale: the newest datum of {stale} groups is {} old, and from {limit} on it is no number",
                number::duration(*newest)
            ),
            "if nothing is produced or consumed this is normal; else CloudMonitor is late: compare with its console",
        ),
        Some(Data::Groups {
            fresh,
            stale,
            newest,
            published_within,
        }) => {
            let (newest, within) = (
                number::duration(*newest),
                number::duration(*published_within),
            );
            let found = match stale {
                0 => format!(
                    "{id}: {fresh} groups fresh, the newest datum {newest} old (published within {within})"
                ),
                _ => format!(
                    "{id}: {fresh} groups fresh, {stale} stale, the newest datum {newest} old (published within {within})"
                ),
            };
            Finding::ok(step, found)
        }
        Some(Data::Nothing { .. }) if is_unknown => Finding::skipped(
            step,
            format!("{id}: the instance is not known: see instances"),
        ),
        Some(Data::Nothing { .. }) if is_metric_missing(facts) => {
            Finding::skipped(step, format!("{id}: see metric"))
        }
        Some(Data::Nothing { older: Some(age) }) => Finding::failed(
            step,
            format!(
                "{id}: stale: the newest datum is {} old, and from {limit} on it is no number",
                number::duration(*age)
            ),
            "if nothing is produced or consumed this is normal; else CloudMonitor is late: compare with its console",
        ),
        Some(Data::Nothing { older: None }) if is_all_filtered(facts) => Finding::failed(
            step,
            format!("{id}: points came, but the group filters leave none"),
            "correct --group.include and --group.exclude; without them all groups are taken",
        ),
        Some(Data::Nothing { older: None }) if is_compared => Finding::warn(
            step,
            format!(
                "{id}: absent: the instance exists, and CloudMonitor has no datum of any consumer group of it"
            ),
            "a group appears when it has consumed and committed once",
        ),
        Some(Data::Nothing { older: None }) => Finding::failed(
            step,
            format!("{id}: absent: CloudMonitor answers, and has nothing of this instance"),
            "the region is wrong, or the id is, or no consumer group has ever consumed from it: compare with \
             kafka-lag instances",
        ),
    }
}

/// Whether points came and the filters left no group of any instance. The points are known as one sum only, so with a
/// group anywhere nothing is said of the other instances.
fn is_all_filtered(facts: &Facts) -> bool {
    let points = facts.collection.map_or(0, |collection| collection.points);
    let has_groups = |data: &Option<Data>| matches!(data, Some(Data::Groups { .. }));
    let none = !facts.instances.iter().any(|i| has_groups(&i.data));
    facts.is_filtered && points > 0 && none
}

/// What to do about an instance that could not be read.
fn failed_advice(facts: &Facts, kind: &str, text: &str) -> String {
    let known = ErrorKind::ALL
        .into_iter()
        .find(|known| known.as_str() == kind);
    let advice = match known {
        Some(ErrorKind::Decode) => {
            // The text of the collection names what it misses.
            let what = if text.contains("--cms.statistic") {
                "check --cms.statistic and --cms.metric"
            } else if text.contains("--cms.metric") {
                "check --cms.metric"
            } else if text.contains("clock") {
                "synchronise the clock of this machine (NTP)"
            } else {
                "see what the answer lacks"
            };
            return format!("nothing is wrong with the key or the id: {what}");
        }
        Some(ErrorKind::Pagination) => {
            "raise --cms.max-pages, or ask the vendor's support about page tokens that do not end"
        }
        Some(ErrorKind::InvalidRequest) if facts.instances.len() > 1 => {
            "check the id; the other instances are read all the same"
        }
        Some(ErrorKind::InvalidRequest) => "check the id",
        Some(ErrorKind::Throttled) => {
            "find who else asks with this account, lower --cms.rate-limit or lengthen --collect.interval; it is asked \
             again at the next collection"
        }
        Some(ErrorKind::Unavailable) => {
            "nothing is wrong here: CloudMonitor fails; it is asked again at the next collection"
        }
        Some(ErrorKind::Timeout) => {
            "a slow answer needs a longer --cms.timeout; it is asked again at the next collection"
        }
        Some(ErrorKind::Network) => {
            "the connection broke on the way; it is asked again at the next collection"
        }
        Some(_) | None => "correct what is named",
    };
    advice.to_owned()
}

fn expected(expected: &Expected) -> Finding {
    let (step, name, state) = (Step::Expected, &expected.name, expected.state);
    match state {
        "fresh" => Finding::ok(step, format!("{name} is there")),
        "stale" => Finding::failed(
            step,
            format!("{name} is stale"),
            "see whether its consumers still run and commit",
        ),
        "absent" => {
            let advice = match expected.near.first() {
                Some(near) => format!("did you mean {near}? correct --group.expect"),
                None => "see whether it has ever consumed, or correct --group.expect".to_owned(),
            };
            Finding::failed(step, format!("{name} is absent"), advice)
        }
        _ => Finding::skipped(step, format!("{name}: its instance could not be read")),
    }
}
