//! What is wrong with a trigger, and what would work. The texts stand in the events of a ScaledObject.

/// Metadata that asks for nothing that can be answered. Values of unknown keys are not shown: they may be secrets.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTrigger {
    /// A key nobody reads.
    #[error(
        "metadata key {key:?} is not known: keys are {}; each may end in FromEnv; fields of the trigger itself, such as metricType, stand beside metadata",
        super::parse::KEYS.join(", ")
    )]
    UnknownKey {
        /// The key, shortened.
        key: String,
    },
    /// A key with and without `FromEnv`.
    #[error("metadata has both {key} and {key}FromEnv: write one of them")]
    Twice {
        /// The key without the ending.
        key: &'static str,
    },
    /// No group.
    #[error(
        "metadata key consumerGroup is missing: write the consumer group; a key that ends in FromEnv is not sent when the variable is unset or empty in the target container"
    )]
    NoGroup,
    /// No target.
    #[error(
        "metadata key lagThreshold is missing: write how much lag one replica may have, such as \"50000\"; KEDA's own Kafka scaler takes 10, which is rarely what is meant"
    )]
    NoThreshold,
    /// A name that is none.
    #[error("metadata key {key} is {text:?}: write {rule}")]
    Text {
        /// The key.
        key: &'static str,
        /// What was written, shortened.
        text: String,
        /// What would work.
        rule: &'static str,
    },
    /// A number that is none, or too small or too large.
    #[error(
        "metadata key {key} is {text:?}: write a {what} from {least} to {most}, such as \"{example}\""
    )]
    Number {
        /// The key.
        key: &'static str,
        /// What was written, shortened.
        text: String,
        /// What kind of number.
        what: &'static str,
        /// The least that works.
        least: f64,
        /// The most that works.
        most: f64,
        /// One that works.
        example: &'static str,
    },
    /// A key that says nothing beside `metric: recommendedReplicas`.
    #[error("metadata key {key} has no meaning with metric recommendedReplicas: {why}")]
    NotForReplicas {
        /// The key.
        key: &'static str,
        /// Why, and what to do.
        why: &'static str,
    },
}
