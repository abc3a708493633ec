//! Names that travel through the program: instance, consumer group, topic.

use serde::Serialize;
use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

/// A name that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} cannot be used: it must be 1 to 512 bytes without control characters")]
pub struct InvalidName {
    what: &'static str,
    text: String,
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $type(Arc<str>);

        impl $type {
            /// Takes a name of 1 to 512 bytes without control characters; shared, so cloning is free.
            ///
            /// # Errors
            /// [`InvalidName`] when it is empty, longer, or holds a control character.
            pub fn new(text: &str) -> Result<Self, InvalidName> {
                if text.is_empty() || text.len() > 512 || text.chars().any(char::is_control) {
                    let text = text.chars().take(64).collect();
                    return Err(InvalidName { what: $what, text });
                }
                Ok(Self(text.into()))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
    };
}

name!(
    /// Id of a Kafka instance as the vendor's console shows it, for example `alikafka_pre-cn-xxx`.
    InstanceId,
    "instance id"
);
name!(
    /// Name of a consumer group.
    GroupName,
    "consumer group"
);
name!(
    /// Name of a topic.
    TopicName,
    "topic"
);

/// One series inside an instance: a group's total, or its lag in one topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesName {
    /// The consumer group.
    pub group: GroupName,
    /// The topic, or `None` for the total over all topics of the group.
    pub topic: Option<TopicName>,
}

/// One series anywhere. Ordered by instance, group, then total before topics.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey {
    /// The Kafka instance.
    pub instance: InstanceId,
    /// The consumer group.
    pub group: GroupName,
    /// The topic, or `None` for the total over all topics of the group.
    pub topic: Option<TopicName>,
}

impl GroupKey {
    /// The key of a group's total.
    #[must_use]
    pub fn total(instance: InstanceId, group: GroupName) -> Self {
        Self {
            instance,
            group,
            topic: None,
        }
    }

    /// The part of the key that is unique inside its instance.
    #[must_use]
    pub fn series(&self) -> SeriesName {
        SeriesName {
            group: self.group.clone(),
            topic: self.topic.clone(),
        }
    }
}

impl fmt::Display for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.instance, self.group)?;
        self.topic
            .as_ref()
            .map_or(Ok(()), |topic| write!(f, "/{topic}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_hold_something_printable() {
        assert!(GroupName::new("").is_err());
        assert!(GroupName::new("a\nb").is_err());
        assert!(GroupName::new(&"x".repeat(513)).is_err());
        assert_eq!(
            GroupName::new("订单_docking_analog").unwrap().as_str(),
            "订单_docking_analog"
        );
    }

    #[test]
    fn a_total_sorts_before_the_topics_of_its_group() {
        let total = SeriesName {
            group: "g".parse().unwrap(),
            topic: None,
        };
        let topic = SeriesName {
            group: "g".parse().unwrap(),
            topic: Some("a".parse().unwrap()),
        };
        assert!(total < topic);
    }
}
