//! The body of a webhook, protocol version 4 of Alertmanager, read leniently: unknown fields are passed over, and only
//! `status` and `alerts` must be there. Of an alert whatever cannot be read is missing; deciding copes with that.

use super::{AlertId, Fingerprint};
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};
use std::{collections::BTreeMap, fmt};

/// Alerts in one body.
const MAX_ALERTS: usize = 1000;
/// Labels and annotations of one alert, each.
const MAX_TEXTS: usize = 128;
/// Bytes of a name or a value.
const MAX_LENGTH: usize = 16_384;

/// One group at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The alerts, in the order of the body.
    pub alerts: Vec<Alert>,
    /// How many more there are, cut off by `max_alerts` of Alertmanager.
    pub truncated_alerts: u64,
    /// Identifies the group, for logs; empty when it was not sent.
    pub group_key: String,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Whether it fires. The status of the body says less: it may hold both kinds.
    pub status: Status,
    /// What makes it this alert.
    pub labels: BTreeMap<String, String>,
    /// What is said about it.
    pub annotations: BTreeMap<String, String>,
    /// When it began to fire; `None` when it was not sent or cannot be read.
    pub starts_at: Option<Timestamp>,
    /// When it ended; `None` while it fires, which Alertmanager writes as the year 1.
    pub ends_at: Option<Timestamp>,
    /// Hash of the labels: as it was sent, otherwise computed.
    pub fingerprint: Fingerprint,
}

/// Whether an alert fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It does.
    Firing,
    /// It does not any more; also when its metric has vanished.
    Resolved,
    /// Another word, or none.
    Unknown,
}

/// A body that cannot be read. Nothing of it is used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// Not the JSON of a webhook.
    #[error(
        "the body is not an Alertmanager webhook (version 4: an object with status and alerts)"
    )]
    Json(#[source] JsonError),
    /// Too many alerts.
    #[error(
        "the body holds {found} alerts, and at most {MAX_ALERTS} are read: set max_alerts in webhook_configs, or group by more labels"
    )]
    TooMany {
        /// How many.
        found: usize,
    },
    /// An alert that is too large.
    #[error(
        "alert {index} (from 0) is too large: at most {MAX_TEXTS} labels and {MAX_TEXTS} annotations of {MAX_LENGTH} bytes each are read"
    )]
    TooLarge {
        /// Its position.
        index: usize,
    },
}

/// Where and how the JSON is wrong.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct JsonError(serde_json::Error);

impl Payload {
    /// Reads a body. The caller limits its size.
    ///
    /// # Errors
    /// [`PayloadError`] when it is no JSON object with `status` and `alerts`, or holds more or larger alerts than are read.
    pub fn parse(body: &[u8]) -> Result<Self, PayloadError> {
        let wire: Wire =
            serde_json::from_slice(body).map_err(|error| PayloadError::Json(JsonError(error)))?;
        let found = wire.alerts.len();
        if found > MAX_ALERTS {
            return Err(PayloadError::TooMany { found });
        }
        let is_large = |alert: &WireAlert| alert.labels.is_large() || alert.annotations.is_large();
        if let Some(index) = wire.alerts.iter().position(is_large) {
            return Err(PayloadError::TooLarge { index });
        }
        Ok(Self {
            alerts: wire.alerts.into_iter().map(Alert::from).collect(),
            truncated_alerts: wire.truncated_alerts.unwrap_or(0),
            group_key: wire.group_key.and_then(|text| text.0).unwrap_or_default(),
        })
    }
}

impl Alert {
    /// Which episode of which alert it is; unknown without a start.
    #[must_use]
    pub fn id(&self) -> Option<AlertId> {
        self.starts_at.map(|starts_at| AlertId {
            fingerprint: self.fingerprint,
            starts_at,
        })
    }
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "status")]
    _status: String,
    alerts: Vec<WireAlert>,
    #[serde(default, rename = "truncatedAlerts")]
    truncated_alerts: Option<u64>,
    #[serde(default, rename = "groupKey")]
    group_key: Option<Text>,
}

#[derive(Deserialize)]
struct WireAlert {
    #[serde(default)]
    status: Option<Text>,
    #[serde(default)]
    labels: Texts,
    #[serde(default)]
    annotations: Texts,
    #[serde(default, rename = "startsAt")]
    starts_at: Option<Text>,
    #[serde(default, rename = "endsAt")]
    ends_at: Option<Text>,
    #[serde(default)]
    fingerprint: Option<Text>,
}

impl From<WireAlert> for Alert {
    fn from(wire: WireAlert) -> Self {
        let text = |text: Option<Text>| text.and_then(|text| text.0);
        let labels = wire.labels.into_map();
        let sent = text(wire.fingerprint).and_then(|text| text.parse().ok());
        Self {
            status: match text(wire.status).as_deref() {
                Some("firing") => Status::Firing,
                Some("resolved") => Status::Resolved,
                Some(_) | None => Status::Unknown,
            },
            fingerprint: sent.unwrap_or_else(|| Fingerprint::of(&labels)),
            labels,
            annotations: wire.annotations.into_map(),
            starts_at: text(wire.starts_at).and_then(|text| time(&text)),
            ends_at: text(wire.ends_at).and_then(|text| time(&text)),
        }
    }
}

/// Go's zero time, and all else before anything could fire, is no time.
fn time(text: &str) -> Option<Timestamp> {
    text.parse()
        .ok()
        .filter(|at: &Timestamp| *at > Timestamp::UNIX_EPOCH)
}

#[derive(Default)]
struct Texts(Option<BTreeMap<String, Text>>);

impl Texts {
    fn is_large(&self) -> bool {
        let is_long = |(name, value): (&String, &Text)| {
            name.len() > MAX_LENGTH || value.0.as_ref().is_some_and(|v| v.len() > MAX_LENGTH)
        };
        self.0
            .as_ref()
            .is_some_and(|texts| texts.len() > MAX_TEXTS || texts.iter().any(is_long))
    }

    fn into_map(self) -> BTreeMap<String, String> {
        let texts = self.0.into_iter().flatten();
        texts
            .filter_map(|(name, Text(value))| value.map(|value| (name, value)))
            .collect()
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self)
    }
}

/// A text; a number or a truth value as text; `null` is none. Alertmanager sends texts only, a template of one's own may not.
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;

        impl Visitor<'_> for Scalar {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(Some(text.to_owned())))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Text, E> {
                Ok(Text(Some(text)))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Text, E> {
                Ok(Text(Some(value.to_string())))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Text, E> {
                Ok(Text(Some(value.to_string())))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Text, E> {
                Ok(Text(Some(value.to_string())))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Text, E> {
                Ok(Text(Some(value.to_string())))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Text, E> {
                Ok(Text(None))
            }
        }

        deserializer.deserialize_any(Scalar)
    }
}
