//! Numbers, times and keys.

use super::Described;
use lag_core::{GroupKey, Lag, Trend, Workload, WorkloadKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::value::RawValue;

/// Times and durations, as their standard texts.
macro_rules! textual {
    ($($type:ty),+) => {$(
        impl Described for $type {
            fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
            fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(D::Error::custom)
            }
        }
    )+};
}
textual!(jiff::Timestamp, jiff::SignedDuration);

/// serde_json may miss the nearest float by one bit; the standard library does not, and a state must come back equal.
fn exact<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let digits = Box::<RawValue>::deserialize(from)?;
    digits.get().parse().map_err(D::Error::custom)
}

impl Described for Lag {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.serialize(to)
    }
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::try_from(exact(from)?).map_err(D::Error::custom)
    }
}

impl Described for Trend {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.per_second())
    }
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::from_per_second(exact(from)?).ok_or_else(|| D::Error::custom("trend is not finite"))
    }
}

impl Described for GroupKey {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&key::text(self))
    }
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        key::parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// A part of a key: the separator in it is written like in URLs. Names of instances and objects hold none today.
fn escaped(part: &str) -> String {
    part.replace('%', "%25").replace('/', "%2F")
}

fn unescaped(part: &str) -> String {
    part.replace("%2F", "/").replace("%25", "%")
}

/// `instance/group`: the total of a group.
pub(crate) mod key {
    use super::{GroupKey, escaped, unescaped};
    use lag_core::{GroupName, InstanceId};

    pub(crate) fn text(key: &GroupKey) -> String {
        format!("{}/{}", escaped(key.instance.as_str()), key.group)
    }

    pub(crate) fn parse(text: &str) -> Result<GroupKey, String> {
        let (instance, group) = text
            .split_once('/')
            .ok_or_else(|| format!("{text:?} is not INSTANCE/GROUP"))?;
        let instance = InstanceId::new(&unescaped(instance)).map_err(|error| error.to_string())?;
        let group = GroupName::new(group).map_err(|error| error.to_string())?;
        Ok(GroupKey::total(instance, group))
    }
}

/// `namespace/Kind/name`, or `namespace/group/version/Kind/plural/name` of a kind that is not built in.
pub(crate) mod workload {
    use super::{Workload, WorkloadKind, escaped, unescaped};

    pub(crate) fn text(workload: &Workload) -> String {
        let mut parts = vec![workload.namespace.as_str()];
        if let WorkloadKind::Custom {
            group,
            version,
            kind,
            plural,
        } = &workload.kind
        {
            parts.extend([group.as_str(), version, kind, plural]);
        } else {
            parts.push(workload.kind.as_str());
        }
        parts.push(&workload.name);
        let parts: Vec<_> = parts.into_iter().map(escaped).collect();
        parts.join("/")
    }

    pub(crate) fn parse(text: &str) -> Result<Workload, String> {
        let wrong = || format!("{text:?} is not NAMESPACE/KIND/NAME");
        let parts: Vec<_> = text.split('/').map(unescaped).collect();
        let (namespace, kind, name) = match <[String; 3]>::try_from(parts) {
            Ok([namespace, kind, name]) => {
                let kind = match kind.as_str() {
                    "Deployment" => WorkloadKind::Deployment,
                    "StatefulSet" => WorkloadKind::StatefulSet,
                    "DaemonSet" => WorkloadKind::DaemonSet,
                    "ReplicaSet" => WorkloadKind::ReplicaSet,
                    _ => return Err(wrong()),
                };
                (namespace, kind, name)
            }
            Err(parts) => {
                let [namespace, group, version, kind, plural, name] =
                    <[String; 6]>::try_from(parts).map_err(|_| wrong())?;
                let kind = WorkloadKind::Custom {
                    group,
                    version,
                    kind,
                    plural,
                };
                (namespace, kind, name)
            }
        };
        Ok(Workload {
            namespace,
            kind,
            name,
        })
    }
}
