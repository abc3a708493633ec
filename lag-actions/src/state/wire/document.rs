//! The whole text, and its two kinds of records.

use super::{list, one, option};
use jiff::Timestamp;
use lag_core::{
    Lag, Note, Outcome,
    escalate::{GroupState, Pending, ResolvedScale, WorkloadState},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Fields that this program does not know, as they were read.
pub(crate) type Extra = Map<String, Value>;

#[derive(Serialize, Deserialize)]
pub(crate) struct DocumentJson {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<u64>,
    /// Under the first post's name.
    #[serde(default)]
    pub(crate) last_check: Option<BTreeMap<String, GroupJson>>,
    #[serde(default)]
    pub(crate) workloads: BTreeMap<String, WorkloadJson>,
    #[serde(default, with = "list")]
    pub(crate) outbox: Vec<Note>,
    #[serde(default)]
    pub(crate) dropped_notes: u64,
    #[serde(default, with = "option", skip_serializing_if = "Option::is_none")]
    pub(crate) last_run: Option<Timestamp>,
    #[serde(flatten)]
    pub(crate) extra: Extra,
}

/// The first two fields are the first post's; the second of them is for its readers only, as `stage_at` says the same.
#[derive(Serialize, Deserialize)]
pub(crate) struct GroupJson {
    consecutive_count: u32,
    last_action_time: Option<i64>,
    #[serde(default, with = "option", skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(default, with = "option", skip_serializing_if = "Option::is_none")]
    sample_at: Option<Timestamp>,
    #[serde(default, with = "option", skip_serializing_if = "Option::is_none")]
    stage_at: Option<Timestamp>,
    #[serde(default, with = "option", skip_serializing_if = "Option::is_none")]
    lag: Option<Lag>,
    #[serde(default, with = "list", skip_serializing_if = "Vec::is_empty")]
    pending: Vec<Pending>,
    #[serde(default, with = "list", skip_serializing_if = "Vec::is_empty")]
    done: Vec<Outcome>,
    #[serde(default, with = "option", skip_serializing_if = "Option::is_none")]
    told_at: Option<Timestamp>,
    #[serde(default, with = "option", skip_serializing_if = "Option::is_none")]
    lag_at_scale: Option<Lag>,
    #[serde(default, with = "list", skip_serializing_if = "Vec::is_empty")]
    added: Vec<ResolvedScale>,
    #[serde(default)]
    stuck: bool,
    #[serde(default)]
    disputed: bool,
    #[serde(default)]
    unconfirmed: bool,
    #[serde(default)]
    recovered: bool,
    #[serde(flatten)]
    extra: Extra,
}

impl GroupJson {
    pub(crate) fn new(state: GroupState, extra: Extra) -> Self {
        // Without `..`: a field that the core adds must be decided on here.
        let GroupState {
            since,
            stage,
            sample_at,
            lag,
            stage_at,
            pending,
            done,
            told_at,
            lag_at_scale,
            added,
            stuck,
            disputed,
            unconfirmed,
            recovered,
        } = state;
        Self {
            consecutive_count: stage,
            last_action_time: Some(stage_at.unwrap_or(since).as_second()),
            since: Some(since),
            sample_at: Some(sample_at),
            lag,
            stage_at,
            pending,
            done,
            told_at,
            lag_at_scale,
            added,
            stuck,
            disputed,
            unconfirmed,
            recovered,
            extra,
        }
    }

    /// Reads a record of ours.
    pub(crate) fn into_state(self) -> Result<(GroupState, Extra), String> {
        let state = GroupState {
            since: self.since.ok_or("since is missing")?,
            stage: self.consecutive_count,
            sample_at: self.sample_at.ok_or("sample_at is missing")?,
            lag: self.lag,
            stage_at: self.stage_at,
            pending: self.pending,
            done: self.done,
            told_at: self.told_at,
            lag_at_scale: self.lag_at_scale,
            added: self.added,
            stuck: self.stuck,
            disputed: self.disputed,
            unconfirmed: self.unconfirmed,
            recovered: self.recovered,
        };
        Ok((state, self.extra))
    }

    /// Reads a record of the first post, which counts from 1; a count of 0 is no episode.
    pub(crate) fn import(self) -> Result<Option<(GroupState, Extra)>, String> {
        if self.since.is_some() || self.sample_at.is_some() {
            return Err("the version is missing".to_owned());
        }
        if self.consecutive_count == 0 {
            return Ok(None);
        }
        let at = self.last_action_time.ok_or("last_action_time is missing")?;
        let at = Timestamp::from_second(at).map_err(|error| error.to_string())?;
        let record = Self {
            since: Some(at),
            sample_at: Some(at),
            stage_at: Some(at),
            ..self
        };
        record.into_state().map(Some)
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct WorkloadJson {
    #[serde(with = "one")]
    changed_at: Timestamp,
    day: String,
    changes: u32,
    #[serde(flatten)]
    extra: Extra,
}

impl WorkloadJson {
    pub(crate) fn new(state: WorkloadState, extra: Extra) -> Self {
        let WorkloadState {
            changed_at,
            day,
            changes,
        } = state;
        Self {
            changed_at,
            day,
            changes,
            extra,
        }
    }

    pub(crate) fn into_state(self) -> (WorkloadState, Extra) {
        let state = WorkloadState {
            changed_at: self.changed_at,
            day: self.day,
            changes: self.changes,
        };
        (state, self.extra)
    }
}
