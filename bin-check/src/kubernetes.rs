//! What is known of a cluster and of the kinds in it, as typed on a command line.

use lag_core::WorkloadKind;
use std::{fmt, str::FromStr};

/// Version of a cluster, such as 1.34.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cluster(u32, u32);

impl Cluster {
    /// `behavior.scaleUp.tolerance` and `behavior.scaleDown.tolerance` are read without a feature gate (KEP-4951, beta),
    /// and `minReplicas: 0` is allowed (gate HPAScaleToZero, on by default).
    pub(crate) const TOLERANCE: Self = Self(1, 35);
}

impl FromStr for Cluster {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        let mut number = || parts.next()?.parse().ok();
        match (number(), number()) {
            (Some(1), Some(minor)) => Ok(Self(1, minor)),
            _ => Err("it is no version of Kubernetes: write one such as 1.34".to_owned()),
        }
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// A kind that can be scaled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind(pub(crate) WorkloadKind);

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<_> = text.split('/').collect();
        let is_word = |text: &&str| {
            let known = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
            !text.is_empty() && text.chars().all(known)
        };
        Ok(Self(match *parts {
            ["Deployment"] => WorkloadKind::Deployment,
            ["StatefulSet"] => WorkloadKind::StatefulSet,
            ["ReplicaSet"] => WorkloadKind::ReplicaSet,
            [group, version, kind] if parts.iter().all(is_word) => WorkloadKind::Custom {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: kind.to_owned(),
                plural: format!("{}s", kind.to_lowercase()),
            },
            _ => {
                return Err(
                    "write Deployment, StatefulSet, ReplicaSet, or GROUP/VERSION/KIND such as argoproj.io/v1alpha1/Rollout"
                        .to_owned(),
                );
            }
        }))
    }
}

/// A name of an object or a namespace, as flags take it.
pub(crate) fn name(text: &str) -> Result<String, String> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = !text.is_empty()
        && text.len() <= 63
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-');
    if is_name {
        Ok(text.to_owned())
    } else {
        Err(
            "write 1 to 63 lower-case letters, digits and -, a letter or digit at both ends"
                .to_owned(),
        )
    }
}

/// An object in a namespace, written NAMESPACE/NAME.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (namespace, object) = text
            .split_once('/')
            .ok_or("write NAMESPACE/NAME, such as monitoring/kafka-lag")?;
        Ok(Self {
            namespace: name(namespace)?,
            name: name(object)?,
        })
    }
}

/// A label, written KEY=VALUE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').unwrap_or_default();
        let word = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if key.is_empty() || value.is_empty() || !key.chars().chain(value.chars()).all(word) {
            return Err("write KEY=VALUE, such as app=aliyun-kafka-exporter".to_owned());
        }
        Ok(Self {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let of = |text: &str| text.parse::<Cluster>().unwrap();
        assert!(of("1.9") < Cluster::TOLERANCE && of("v1.35.2") == Cluster::TOLERANCE);
        assert!(of("1.100") > Cluster::TOLERANCE);
        for text in ["", "1", "2.0", "1.x", "latest"] {
            assert!(text.parse::<Cluster>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_places_and_labels_are_checked() {
        assert_eq!(name("kafka-lag"), Ok("kafka-lag".to_owned()));
        for text in ["", "A", "a_b", "-a", "a-", "a.b", "订单", &"a".repeat(64)] {
            assert!(name(text).is_err(), "{text}");
        }
        assert!("a/b".parse::<Place>().is_ok());
        assert!("a=b/c".parse::<Label>().is_ok());
        for text in ["a", "a/", "/b", "a/b/c"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
        for text in ["a", "a=", "=b", "a=b=c", "a= b"] {
            assert!(text.parse::<Label>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_kind_is_known_or_written_out() {
        let of = |text: &str| text.parse::<Kind>().map(|kind| kind.0.api_version());
        assert_eq!(of("StatefulSet"), Ok("apps/v1".to_owned()));
        assert_eq!(
            of("argoproj.io/v1alpha1/Rollout"),
            Ok("argoproj.io/v1alpha1".to_owned())
        );
        for text in ["DaemonSet", "deployment", "a/b", "a/b/", "a/b/c d"] {
            assert!(of(text).is_err(), "{text}");
        }
    }
}
