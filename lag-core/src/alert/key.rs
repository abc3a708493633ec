//! What makes an alert the same alert: its fingerprint and the moment it began to fire.

use jiff::Timestamp;
use std::{collections::BTreeMap, fmt, str::FromStr};

/// Hash of a label set, as Alertmanager prints it: 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

/// One firing episode of one alert. Repeats, retries and the copies of a second Alertmanager keep it; a new episode has a new
/// start. Shown as `a80695afc96983d5@2026-11-22T03:34:15.713Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId {
    /// Hash of its labels.
    pub fingerprint: Fingerprint,
    /// When it began to fire.
    pub starts_at: Timestamp,
}

/// What is done at most once: a stage of an episode. Shown as `a80695afc96983d5@2026-11-22T03:34:15.713Z#1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The episode.
    pub alert: AlertId,
    /// Number of the stage, from 1.
    pub stage: u32,
}

/// Text that is no fingerprint, alert or key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no key: a key is FINGERPRINT@TIME#STAGE, an alert FINGERPRINT@TIME")]
pub struct InvalidKey(String);

impl InvalidKey {
    fn new(text: &str) -> Self {
        Self(text.chars().take(64).collect())
    }
}

impl Fingerprint {
    /// FNV-1a, 64 bit, over the labels in the order of their names, each as `name 0xFF value 0xFF`: what Prometheus and
    /// Alertmanager compute.
    #[must_use]
    pub fn of(labels: &BTreeMap<String, String>) -> Self {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let texts = labels.iter().flat_map(|(name, value)| [name, value]);
        let bytes = texts.flat_map(|text| text.bytes().chain([0xff]));
        Self(bytes.fold(OFFSET, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(PRIME)
        }))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let is_hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_hex.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or_else(|| InvalidKey::new(text))
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.fingerprint, self.starts_at)
    }
}

impl FromStr for AlertId {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let invalid = || InvalidKey::new(text);
        let (fingerprint, starts_at) = text.split_once('@').ok_or_else(invalid)?;
        Ok(Self {
            fingerprint: fingerprint.parse()?,
            starts_at: starts_at.parse().map_err(|_| invalid())?,
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.alert, self.stage)
    }
}

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let invalid = || InvalidKey::new(text);
        let (alert, stage) = text.rsplit_once('#').ok_or_else(invalid)?;
        Ok(Self {
            alert: alert.parse()?,
            stage: stage.parse().map_err(|_| invalid())?,
        })
    }
}
