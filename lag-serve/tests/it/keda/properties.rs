//! For any board and any metadata, no answer holds a value that is not a fresh sample.

use super::{
    pb::GetMetricsRequest,
    world::{Scaler, object, one},
};
use crate::{
    common::*,
    properties::{board, group, plan},
};
use jiff::SignedDuration;
use lag_core::{Board, Reading};
use proptest::prelude::*;
use tokio::runtime::Builder;
use tonic::Code;

/// A trigger as a test knows it, without the parser.
#[derive(Debug, Clone)]
struct Asked {
    instance: Option<bool>,
    group: u8,
    topic: Option<u8>,
    activation: u32,
    sustain: u32,
    max_age: Option<u32>,
    /// One more key, which is not ours.
    odd: Option<(String, String)>,
}

fn asked() -> impl Strategy<Value = Asked> {
    (
        proptest::option::weighted(0.9, any::<bool>()),
        0_u8..8,
        proptest::option::of(0_u8..3),
        0_u32..4,
        prop_oneof![Just(0_u32), 0_u32..200],
        proptest::option::of(1_u32..600),
        proptest::option::weighted(0.1, any::<(String, String)>()),
    )
        .prop_map(
            |(instance, group, topic, activation, sustain, max_age, odd)| Asked {
                instance,
                group,
                topic,
                activation,
                sustain,
                max_age,
                odd,
            },
        )
}

impl Asked {
    fn metadata(&self) -> Vec<(String, String)> {
        let mut pairs = vec![
            ("consumerGroup", group(self.group)),
            ("lagThreshold", "10".to_owned()),
            ("activationLagThreshold", self.activation.to_string()),
            ("sustainSeconds", self.sustain.to_string()),
            ("metricName", "m".to_owned()),
        ];
        pairs.extend(
            self.instance
                .map(|first| ("instanceId", self.named(first).to_owned())),
        );
        pairs.extend(self.topic.map(|topic| ("topic", format!("t{topic}"))));
        pairs.extend(
            self.max_age
                .map(|seconds| ("maxAgeSeconds", seconds.to_string())),
        );
        let mut pairs: Vec<_> = pairs
            .into_iter()
            .map(|(key, text)| (key.to_owned(), text))
            .collect();
        pairs.extend(self.odd.clone());
        pairs
    }

    fn named(&self, first: bool) -> &'static str {
        if first { A } else { B }
    }

    /// The fresh lag of its series, searched through the whole board.
    fn truth(&self, board: &Board, now: jiff::Timestamp) -> Option<f64> {
        let instance = self.named(self.instance?);
        let own = self
            .max_age
            .map(|seconds| SignedDuration::from_secs(seconds.into()));
        let max_age = own.map_or(MAX_AGE, |own| own.min(MAX_AGE));
        let topic = self.topic.map(|topic| format!("t{topic}"));
        board.rows(now, max_age).find_map(|row| {
            let is_it = row.instance.as_str() == instance
                && row.series.group.as_str() == group(self.group)
                && row.series.topic.as_ref().map(|name| name.as_str()) == topic.as_deref();
            match row.reading {
                Reading::Fresh(sample) if is_it => Some(sample.lag.as_f64()),
                _ => None,
            }
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn no_answer_holds_a_value_that_is_not_a_fresh_sample(
        plan in plan(),
        moment in -400_i64..1000,
        triggers in proptest::collection::vec(asked(), 1..8),
    ) {
        let board = board(&plan);
        let now = now() + SignedDuration::from_secs(moment);
        let scaler = Scaler::new(board.clone());
        scaler.set_clock(now);
        let runtime = Builder::new_current_thread().build().unwrap();
        let mut client = scaler.client();
        for asked in triggers {
            let metadata = asked.metadata();
            let metadata: Vec<_> = metadata.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
            let truth = asked.truth(&board, now).filter(|_| asked.odd.is_none());
            let request = GetMetricsRequest {
                scaled_object_ref: Some(object(&metadata)),
                metric_name: "m".into(),
            };
            match (runtime.block_on(client.get_metrics(request)), truth) {
                (Ok(answer), Some(lag)) => {
                    let value = one(answer.into_inner());
                    prop_assert_eq!(value.metric_value_float, lag);
                    prop_assert_eq!(value.metric_value.to_string(), lag.ceil().to_string());
                }
                (Ok(answer), None) => prop_assert!(false, "{:?} from nothing", answer),
                (Err(status), Some(lag)) => prop_assert!(false, "{} instead of {}", status, lag),
                (Err(status), None) => prop_assert!(
                    matches!(status.code(), Code::InvalidArgument | Code::NotFound | Code::Unavailable),
                    "{}", status
                ),
            }
            match (runtime.block_on(client.is_active(object(&metadata))), truth) {
                (Ok(answer), Some(lag)) => {
                    let is_above = lag > f64::from(asked.activation);
                    prop_assert_eq!(answer.into_inner().result, is_above);
                }
                (Ok(answer), None) => prop_assert!(false, "{:?} from nothing", answer),
                // The first sample of a sustained trigger is not enough.
                (Err(status), Some(_)) => prop_assert!(asked.sustain > 0, "{}", status),
                (Err(_), None) => {}
            }
        }
    }
}
