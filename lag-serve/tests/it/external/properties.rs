//! For any board and any selector, no answer holds a value that is not a fresh sample.

use super::*;
use crate::properties::{Plan, board, group, plan};
use lag_core::{GroupKey, NamespaceScopes, Reading, alias, recommend::Advice};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tokio::runtime::Builder;

/// A requirement of a selector, and what it means, without the parser of the program.
#[derive(Debug, Clone)]
struct Requirement {
    key: &'static str,
    operator: &'static str,
    values: Vec<String>,
}

type Labels = BTreeMap<String, String>;

impl Requirement {
    fn text(&self) -> String {
        let Self {
            key,
            operator,
            values,
        } = self;
        match *operator {
            "exists" => (*key).to_owned(),
            "!" => format!("!{key}"),
            "in" | "notin" => format!("{key} {operator} ({})", values.join(",")),
            _ => format!("{key}{operator}{}", values[0]),
        }
    }

    fn holds(&self, labels: &Labels) -> bool {
        let label = labels.get(self.key);
        let first = label == self.values.first();
        let any = label.is_some_and(|label| self.values.contains(label));
        match self.operator {
            "exists" => label.is_some(),
            "!" => label.is_none(),
            "=" => first,
            "!=" => !first,
            "in" => any,
            "notin" => !any,
            other => panic!("{other}"),
        }
    }

    fn asks_for(&self, key: &str) -> bool {
        self.key == key && matches!(self.operator, "exists" | "=" | "in")
    }
}

fn requirement() -> impl Strategy<Value = Requirement> {
    let groups: Vec<_> = [0, 4, 8].map(group).to_vec();
    let aliases: Vec<_> = [1, 2, 3, 5, 6, 7]
        .map(|n| alias(&group(n)).unwrap())
        .to_vec();
    let texts = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    let pools = [
        (names::CONSUMER_GROUP, groups),
        (names::CONSUMER_GROUP_ALIAS, aliases),
        (names::INSTANCE_ID, texts(&[A, B])),
        (names::TOPIC, texts(&["t0", "t1", "t2"])),
        ("other", texts(&["x"])),
    ];
    let operators = ["exists", "!", "=", "!=", "in", "notin"];
    let pool = proptest::sample::select(pools.to_vec());
    (pool, proptest::sample::select(operators.to_vec())).prop_flat_map(|((key, pool), operator)| {
        let values = proptest::sample::subsequence(pool.clone(), 1..=pool.len());
        values.prop_map(move |values| Requirement {
            key,
            operator,
            values,
        })
    })
}

fn labels(instance: &str, group: &str, topic: Option<&str>) -> Labels {
    let labels = [
        (names::INSTANCE_ID, Some(instance.to_owned())),
        (names::CONSUMER_GROUP, Some(group.to_owned())),
        (names::CONSUMER_GROUP_ALIAS, alias(group)),
        (names::TOPIC, topic.map(str::to_owned)),
    ];
    let known = labels.into_iter();
    known
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}

/// Series that a selector matches, with what may be said of each; a scope leaves the groups of others out.
fn matched(
    board: &Board,
    now: Timestamp,
    metric: &str,
    selector: &[Requirement],
    is_scoped: bool,
) -> Vec<(Labels, Option<(String, String)>)> {
    let wants_topics = match metric {
        names::LAG => selector.iter().any(|one| one.asks_for(names::TOPIC)),
        other => other == names::TOPIC_LAG,
    };
    let rows = board.rows(now, MAX_AGE);
    rows.filter_map(|row| {
        let topic = row.series.topic.as_ref().map(|topic| topic.as_str());
        let group = row.series.group.as_str();
        if is_scoped && !["g0", "g1", "g2"].iter().any(|own| group.starts_with(own)) {
            return None;
        }
        let labels = labels(row.instance.as_str(), group, topic);
        if topic.is_some() != wants_topics || !selector.iter().all(|one| one.holds(&labels)) {
            return None;
        }
        let sample = match row.reading {
            Reading::Fresh(sample) => Some(sample),
            _ => None,
        };
        let value = if metric == names::RECOMMENDED {
            let key = GroupKey::total(row.instance.clone(), row.series.group.clone());
            match board.advice(&key, now, MAX_AGE)? {
                Advice::Replicas { replicas, .. } => Some(f64::from(replicas)),
                Advice::Silent(_) => None,
            }
        } else {
            sample.map(|sample| sample.lag.as_f64())
        };
        let both = sample.zip(value);
        Some((
            labels,
            both.map(|(sample, value)| (sample.at.to_string(), value.to_string())),
        ))
    })
    .collect()
}

/// Whether a selector looks at an instance that left series out, of which what was left out might match: unless groups are
/// named, totals are asked for, and the instances show all of them.
fn may_lack(board: &Board, plan: &Plan, metric: &str, selector: &[Requirement]) -> bool {
    let may = |key: &str, value: &str| {
        let labels = Labels::from([(key.to_owned(), value.to_owned())]);
        let mut own = selector.iter().filter(|one| one.key == key);
        own.all(|one| one.holds(&labels))
    };
    let asked: Vec<_> = [A, B]
        .into_iter()
        .filter(|id| may(names::INSTANCE_ID, id))
        .collect();
    let left_out = [A, B].into_iter().zip(plan.left_out());
    if !left_out
        .clone()
        .any(|(id, left_out)| left_out && asked.contains(&id))
    {
        return false;
    }
    let names_groups = |one: &&Requirement| {
        let is_group = matches!(one.key, names::CONSUMER_GROUP | names::CONSUMER_GROUP_ALIAS);
        is_group && matches!(one.operator, "=" | "in")
    };
    let is_by_topic = metric == names::TOPIC_LAG
        || metric == names::LAG && selector.iter().any(|one| one.asks_for(names::TOPIC));
    let Some(first) = selector.iter().find(names_groups).filter(|_| !is_by_topic) else {
        return true;
    };
    let listed = if first.operator == "=" {
        &first.values[..1]
    } else {
        &first.values[..]
    };
    let shows = |id: &str, value: &String| {
        board.rows(now(), MAX_AGE).any(|row| {
            let known = labels(id, row.series.group.as_str(), None);
            row.instance.as_str() == id
                && row.series.topic.is_none()
                && known.get(first.key) == Some(value)
        })
    };
    let named = listed.iter().filter(|value| may(first.key, value));
    !named
        .clone()
        .all(|value| asked.iter().all(|id| shows(id, value)))
}

fn recommending(plan: &Plan) -> Board {
    board(plan).recommending(
        &book(&["glob:g[0-4]*", "re:g[0-4].*"]),
        now(),
        MAX_AGE,
        |_| None,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_answer_holds_a_value_that_is_not_a_fresh_sample(
        plan in plan(),
        selectors in proptest::collection::vec(proptest::collection::vec(requirement(), 0..4), 1..8),
        moment in -400_i64..1000,
        is_scoped: bool,
    ) {
        let board = recommending(&plan);
        let scopes = BTreeMap::from([("*".to_owned(), vec!["re:g[0-2].*".parse().unwrap()])]);
        let scopes = is_scoped.then(|| NamespaceScopes::new(scopes));
        let api = Api::with(board.clone(), |config| config.scopes = scopes);
        let now = now() + SignedDuration::from_secs(moment);
        api.set_clock(now);
        let runtime = Builder::new_current_thread().build().unwrap();
        for selector in &selectors {
            let text: Vec<_> = selector.iter().map(Requirement::text).collect();
            let text = text.join(",");
            for metric in [names::LAG, names::TOPIC_LAG, names::RECOMMENDED] {
                let may_lack = may_lack(&board, &plan, metric, selector);
                let reply = runtime.block_on(api.values(metric, &text));
                let matched = matched(&board, now, metric, selector, is_scoped);
                let all: Option<Vec<_>> = matched.iter().map(|(labels, value)| Some((labels, value.as_ref()?))).collect();
                if reply.status != 200 {
                    refusal(&reply);
                    // Not without reason: nothing matches, something is in doubt, or something is named beside others.
                    let lists = selector.iter().any(|one| one.operator == "in" && one.values.len() > 1);
                    let contradicts = selector.iter().filter(|one| one.operator != "!=").count() > 1;
                    let unanswered = board.instances().any(|(_, instance)| instance.last_success.is_none());
                    prop_assert!(matched.is_empty() || all.is_none() || lists || contradicts || unanswered || is_scoped || may_lack, "{} {}: {}", metric, text, reply.text());
                    continue;
                }
                // A series that was left out could have matched, unless groups are named and each instance shows them.
                prop_assert!(!may_lack, "{} {}", metric, text);
                let all = all.expect("a value stands for every match");
                prop_assert!(!all.is_empty());
                let document = reply.json();
                let shown = document["items"].as_array().unwrap();
                prop_assert_eq!(shown.len(), all.len(), "{} {}", metric, text);
                for item in shown {
                    let labels: Labels = serde_json::from_value(item["metricLabels"].clone()).unwrap();
                    let truth = all.iter().find(|(known, _)| **known == labels);
                    let (_, (at, value)) = truth.expect("every item is a series");
                    prop_assert_eq!(item["timestamp"].as_str(), Some(at.as_str()));
                    prop_assert_eq!(item["value"].as_str(), Some(value.as_str()));
                    prop_assert_eq!(item["metricName"].as_str(), Some(metric));
                }
            }
        }
    }

    #[test]
    fn no_query_makes_the_api_panic(metric in "\\PC{0,20}", query in "[ -~]{0,40}") {
        let runtime = Builder::new_current_thread().build().unwrap();
        let api = Api::new(all_answered());
        let metric = utf8_percent_encode(&metric, NON_ALPHANUMERIC).to_string();
        let query = query.replace(['"', '<', '>', '\\', '^', '`', '{', '|', '}', ' ', '#'], "+");
        for metric in [metric.as_str(), names::LAG] {
            let path = format!("{ROOT}/namespaces/x/{metric}?{query}");
            let reply = runtime.block_on(api.get(&path));
            prop_assert!(matches!(reply.status.as_u16(), 200 | 400 | 404 | 405 | 503));
        }
    }
}
