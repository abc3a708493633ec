//! Changes that are decided.

use super::{described, one, option};
use jiff::Timestamp;
use lag_core::{
    Replicas,
    escalate::{Change, Pending, ResolvedScale, ScaleSubject},
};
use serde::{Deserialize, Serialize};

described!(Pending = PendingJson, ResolvedScale = ResolvedScaleJson);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Pending")]
struct PendingJson {
    #[serde(with = "ChangeJson")]
    change: Change,
    stage: u32,
    tell: bool,
    tries: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Change", rename_all = "snake_case")]
enum ChangeJson {
    Restart {
        #[serde(with = "one")]
        mark: Timestamp,
    },
    Scale {
        #[serde(with = "ReplicasJson")]
        wanted: Replicas,
        #[serde(with = "option", default, skip_serializing_if = "Option::is_none")]
        resolved: Option<ResolvedScale>,
    },
    ScaleBack(#[serde(with = "ResolvedScaleJson")] ResolvedScale),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Replicas", rename_all = "snake_case")]
enum ReplicasJson {
    By(i32),
    To(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ResolvedScale")]
struct ResolvedScaleJson {
    #[serde(with = "ScaleSubjectJson")]
    subject: ScaleSubject,
    from: u32,
    to: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ScaleSubject", rename_all = "snake_case")]
enum ScaleSubjectJson {
    Replicas,
    HpaMin(String),
    ScaledObjectMin(String),
}
