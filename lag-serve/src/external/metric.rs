//! Which metrics there are.

use super::ExternalConfig;
use lag_core::names;

/// The API group and its version.
pub(super) const GROUP: &str = "external.metrics.k8s.io";
pub(super) const GROUP_VERSION: &str = "external.metrics.k8s.io/v1beta1";

/// A metric that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    /// Lag of groups; of topics instead where the selector asks for topics.
    Lag,
    /// Lag of topics only.
    TopicLag,
    /// Replicas that policies recommend.
    Recommended,
}

impl Metric {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lag => names::LAG,
            Self::TopicLag => names::TOPIC_LAG,
            Self::Recommended => names::RECOMMENDED,
        }
    }

    /// Those that a configuration serves; never none.
    pub(super) fn served(config: &ExternalConfig) -> impl Iterator<Item = Self> {
        let (topics, recommends) = (config.topics, config.recommends);
        [Self::Lag, Self::TopicLag, Self::Recommended]
            .into_iter()
            .filter(move |metric| match metric {
                Self::Lag => true,
                Self::TopicLag => topics,
                Self::Recommended => recommends,
            })
    }

    /// The served metric of this name.
    pub(super) fn of(name: &str, config: &ExternalConfig) -> Option<Self> {
        Self::served(config).find(|metric| metric.name() == name)
    }
}
