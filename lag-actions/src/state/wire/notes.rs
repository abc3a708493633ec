//! What people have not been told yet.

use super::{described, list, one, option};
use jiff::{SignedDuration, Timestamp};
use lag_core::{Event, GroupKey, Lag, LagSample, News, Note, Outcome, Trend};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

described!(Note = NoteJson);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Note")]
struct NoteJson {
    #[serde(with = "one")]
    at: Timestamp,
    #[serde(with = "EventJson")]
    event: Event,
    sent_to: BTreeSet<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Event", rename_all = "snake_case")]
enum EventJson {
    Group {
        #[serde(with = "one")]
        key: GroupKey,
        #[serde(with = "one")]
        episode: Timestamp,
        stage: u32,
        #[serde(with = "LagSampleJson")]
        sample: LagSample,
        #[serde(with = "one")]
        breach_above: Lag,
        #[serde(with = "NewsJson")]
        news: News,
    },
    Alert {
        alerts: Vec<String>,
        #[serde(with = "one")]
        outcome: Outcome,
        truncated: u64,
    },
    StateLost {
        moved_to: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "LagSample")]
struct LagSampleJson {
    #[serde(with = "one")]
    at: Timestamp,
    #[serde(with = "one")]
    lag: Lag,
    #[serde(with = "option", default, skip_serializing_if = "Option::is_none")]
    trend: Option<Trend>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "News", rename_all = "snake_case")]
enum NewsJson {
    Stage {
        #[serde(with = "list")]
        outcomes: Vec<Outcome>,
        #[serde(with = "list")]
        before: Vec<Outcome>,
        last: bool,
    },
    Retry {
        #[serde(with = "list")]
        outcomes: Vec<Outcome>,
    },
    Reminder {
        #[serde(with = "list")]
        before: Vec<Outcome>,
    },
    Stuck {
        #[serde(with = "one")]
        lag_at_scale: Lag,
    },
    Unconfirmed {
        reason: String,
    },
    Disputed {
        #[serde(with = "one")]
        total: Lag,
    },
    Recovered {
        #[serde(with = "one")]
        lasted: SignedDuration,
        #[serde(with = "list")]
        before: Vec<Outcome>,
        dropped: u32,
    },
    ScaledBack {
        #[serde(with = "list")]
        outcomes: Vec<Outcome>,
    },
    Lost {
        #[serde(with = "one")]
        missing_for: SignedDuration,
    },
}
