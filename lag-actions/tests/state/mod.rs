//! What the tests of state share.
#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod cluster;

use jiff::{SignedDuration, Timestamp};
use lag_actions::Now;
use lag_core::{
    GroupKey,
    escalate::{CheckState, GroupState},
    port::{PortError, PortErrorKind, StateSession, StateStore},
};
use std::sync::Arc;
use tokio::time::Instant;

pub(crate) const NEWER: &str = r#"{"version": 2, "episodes": []}"#;
pub(crate) const POST: &str = include_str!("../fixtures/state/first-post.json");
pub(crate) const NEWER_FIELDS: &str = include_str!("../fixtures/state/unknown-fields.json");
pub(crate) const FULL: &str = include_str!("../fixtures/state/version-1.json");

pub(crate) fn start() -> Timestamp {
    "2026-11-22T03:54:00Z".parse().unwrap()
}

/// Stands still.
pub(crate) fn clock() -> Now {
    Arc::new(start)
}

/// Goes with the clock of tokio, which tests pause.
pub(crate) fn moving_clock() -> Now {
    let begin = Instant::now();
    Arc::new(move || start() + SignedDuration::try_from(begin.elapsed()).unwrap())
}

/// A state that can be told from others by its number.
pub(crate) fn numbered(number: u32) -> CheckState {
    let key = GroupKey::total("alikafka-1".parse().unwrap(), "orders".parse().unwrap());
    let group = GroupState {
        since: start(),
        stage: number,
        sample_at: start(),
        lag: None,
        stage_at: None,
        pending: vec![],
        done: vec![],
        told_at: None,
        lag_at_scale: None,
        added: vec![],
        stuck: false,
        disputed: false,
        unconfirmed: false,
        recovered: false,
    };
    CheckState {
        groups: [(key, group)].into(),
        dropped_notes: u64::from(number),
        ..CheckState::default()
    }
}

pub(crate) async fn open(store: &dyn StateStore) -> Box<dyn StateSession> {
    store.open().await.unwrap()
}

pub(crate) async fn refused(store: &dyn StateStore) -> PortError {
    let error = store.open().await.map(|_| ()).unwrap_err();
    assert!(!error.what.contains('\n'), "{error}");
    error
}

pub(crate) async fn is_busy(store: &dyn StateStore) {
    let error = refused(store).await;
    assert_eq!(error.kind, PortErrorKind::Busy, "{error}");
    assert!(error.what.starts_with("already running ("), "{error}");
}
