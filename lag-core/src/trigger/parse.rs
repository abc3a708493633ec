//! From texts to a trigger. Every key is checked; one that nobody reads would be a wish that nobody grants.

use super::{InvalidTrigger, Trigger, Wanted, name::metric_name};
use crate::Lag;
use jiff::SignedDuration;
use std::{collections::BTreeMap, str::FromStr};

/// Keys of ours.
pub(super) const KEYS: [&str; 9] = [
    "instanceId",
    "consumerGroup",
    "topic",
    "lagThreshold",
    "activationLagThreshold",
    "sustainSeconds",
    "maxAgeSeconds",
    "metric",
    "metricName",
];

/// Keys that KEDA reads, or that its pages show as if it did, and passes on to us.
const OF_KEDA: [&str; 8] = [
    "scalerAddress",
    "enableTLS",
    "unsafeSsl",
    "caCert",
    "tlsClientCert",
    "tlsClientKey",
    "tlsCertFile",
    "useCachedMetrics",
];

/// The least number KEDA can tell from zero: it keeps three decimals.
const LEAST: f64 = 0.001;
/// Beyond this an API server's quantity of thousandths overflows.
const MOST: f64 = 1e15;
const WEEK: f64 = 604_800.0;

const NAME: &str = "1 to 512 bytes without control characters";

impl Trigger {
    /// Reads the metadata of a trigger: names and texts, in any order.
    ///
    /// # Errors
    /// [`InvalidTrigger`] when a key is unknown, missing or written twice, or a value cannot be used.
    pub fn parse<'m>(
        metadata: impl IntoIterator<Item = (&'m str, &'m str)>,
    ) -> Result<Self, InvalidTrigger> {
        let written = Written::read(metadata)?;
        let instance = written.name("instanceId")?;
        let group = written.name("consumerGroup")?;
        let group = group.ok_or(InvalidTrigger::NoGroup)?;
        let topic = written.name("topic")?;
        let wanted = written.wanted()?;
        let activation = written.number("activationLagThreshold", 0.0, "0")?;
        let sustained_for = written.seconds("sustainSeconds", 0.0, "120")?;
        let max_age = written.seconds("maxAgeSeconds", 1.0, "300")?;
        let metric_name = match written.get("metricName") {
            Some((_, name)) if is_metric_name(name) => name.to_owned(),
            Some((key, text)) => {
                let rule = "1 to 128 letters, digits, -, _ and . of ASCII";
                let text = shortened(text);
                return Err(InvalidTrigger::Text { key, text, rule });
            }
            None => {
                let kind = match wanted {
                    Wanted::Lag { .. } => "lag",
                    Wanted::Replicas => "replicas",
                };
                let texts = ["instanceId", "consumerGroup", "topic"].map(|key| written.get(key));
                metric_name(kind, texts.into_iter().flatten().map(|(_, text)| text))
            }
        };
        Ok(Self {
            instance,
            group,
            topic,
            wanted,
            activation: activation.map_or(Lag::ZERO, |number| {
                Lag::try_from(number).expect("a number from zero up was read")
            }),
            sustained_for: sustained_for.unwrap_or_default(),
            max_age,
            metric_name,
        })
    }
}

/// What was written, by keys of ours without `FromEnv`.
struct Written<'m>(BTreeMap<&'static str, &'m str>);

impl<'m> Written<'m> {
    /// Whatever the order, the same metadata has the same error.
    fn read(
        metadata: impl IntoIterator<Item = (&'m str, &'m str)>,
    ) -> Result<Self, InvalidTrigger> {
        let mut written = BTreeMap::new();
        let mut unknown: Option<&str> = None;
        let mut twice: Option<&'static str> = None;
        for (full, text) in metadata {
            // Such a key carries the value of the variable already.
            let bare = full.strip_suffix("FromEnv").unwrap_or(full);
            if let Some(key) = KEYS.into_iter().find(|key| *key == bare) {
                if written.insert(key, text).is_some() {
                    twice = Some(twice.map_or(key, |other| other.min(key)));
                }
            } else if !OF_KEDA.contains(&bare) {
                unknown = Some(unknown.map_or(full, |other| other.min(full)));
            }
        }
        if let Some(key) = unknown {
            let key = shortened(key);
            return Err(InvalidTrigger::UnknownKey { key });
        }
        twice.map_or(Ok(Self(written)), |key| Err(InvalidTrigger::Twice { key }))
    }

    fn get(&self, key: &'static str) -> Option<(&'static str, &'m str)> {
        self.0.get(key).map(|text| (key, *text))
    }

    fn name<T: FromStr>(&self, key: &'static str) -> Result<Option<T>, InvalidTrigger> {
        let Some((key, text)) = self.get(key) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| InvalidTrigger::Text {
            key,
            text: shortened(text),
            rule: NAME,
        })
    }

    fn wanted(&self) -> Result<Wanted, InvalidTrigger> {
        let threshold = self.number("lagThreshold", LEAST, "50000")?;
        match self.get("metric") {
            None | Some((_, "lag")) => {
                let per_replica = threshold.ok_or(InvalidTrigger::NoThreshold)?;
                Ok(Wanted::Lag { per_replica })
            }
            Some((_, "recommendedReplicas")) => {
                let refused = |key, why| Err(InvalidTrigger::NotForReplicas { key, why });
                if threshold.is_some() {
                    refused("lagThreshold", "remove it, the target is 1")
                } else if self.get("topic").is_some() {
                    refused("topic", "remove it, policies are for whole groups")
                } else {
                    Ok(Wanted::Replicas)
                }
            }
            Some((key, text)) => Err(InvalidTrigger::Text {
                key,
                text: shortened(text),
                rule: "lag or recommendedReplicas",
            }),
        }
    }

    fn number(
        &self,
        key: &'static str,
        least: f64,
        example: &'static str,
    ) -> Result<Option<f64>, InvalidTrigger> {
        let what = "decimal number";
        self.bounded(key, what, |byte| byte == b'.', (least, MOST), example)
    }

    fn seconds(
        &self,
        key: &'static str,
        least: f64,
        example: &'static str,
    ) -> Result<Option<SignedDuration>, InvalidTrigger> {
        let what = "whole number of seconds";
        let seconds = self.bounded(key, what, |_| false, (least, WEEK), example)?;
        Ok(seconds.map(SignedDuration::from_secs_f64))
    }

    fn bounded(
        &self,
        key: &'static str,
        what: &'static str,
        is_more: impl Fn(u8) -> bool,
        (least, most): (f64, f64),
        example: &'static str,
    ) -> Result<Option<f64>, InvalidTrigger> {
        let Some((key, text)) = self.get(key) else {
            return Ok(None);
        };
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || is_more(byte));
        let number = text.parse::<f64>().ok();
        match number.filter(|number| plain && (least..=most).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(InvalidTrigger::Number {
                key,
                text: shortened(text),
                what,
                least,
                most,
                example,
            }),
        }
    }
}

fn is_metric_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=128).contains(&text.len()) && text.bytes().all(inner)
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}
