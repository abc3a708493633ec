//! What came of changes.

use super::{described, one};
use jiff::Timestamp;
use lag_core::{Effect, Outcome, Refusal};
use serde::{Deserialize, Serialize};

described!(Outcome = OutcomeJson);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Outcome")]
struct OutcomeJson {
    stage: u32,
    #[serde(with = "one")]
    at: Timestamp,
    workload: String,
    #[serde(with = "EffectJson")]
    effect: Effect,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Effect", rename_all = "snake_case")]
enum EffectJson {
    Restarted,
    AlreadyRestarted,
    Evicted {
        pods: u32,
    },
    Scaled {
        from: u32,
        to: u32,
    },
    MinimumChanged {
        autoscaler: String,
        from: u32,
        to: u32,
    },
    AlreadyScaled {
        at: u32,
    },
    Refused(#[serde(with = "RefusalJson")] Refusal),
    Failed {
        reason: String,
        last: bool,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Refusal", rename_all = "snake_case")]
enum RefusalJson {
    NoTarget,
    Paused,
    RollingOut,
    OnDelete,
    Kind(String),
    Autoscaled { by: String },
    AtMaximum { at: u32 },
    AtPartitions { at: u32 },
    AtZero,
    Disruption,
    ChangedSince { at: u32 },
    Stuck,
    DailyCap { changes: u32 },
}
