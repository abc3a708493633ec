//! What every store of state promises, held against all of them.
#![allow(clippy::unwrap_used, missing_docs)]

mod state;

use lag_actions::state::{FileState, MemoryState, render};
use lag_core::{
    InstanceId,
    escalate::CheckState,
    port::{PortErrorKind, StateNotice, StateStore},
};
use serde_json::Value;
use state::{NEWER, NEWER_FIELDS, POST, clock, cluster::Cluster, is_busy, numbered, open, refused};
use std::fs;
use tempfile::TempDir;

/// A kind of store, seen from outside.
trait World {
    /// A store as another process would make it.
    fn store(&self, identity: &str, import_as: Option<InstanceId>) -> Box<dyn StateStore>;
    /// What lies there now.
    fn text(&self) -> Option<String>;
    fn put_text(&self, text: &str);
    /// A text that was moved aside.
    fn kept(&self, moved_to: &str) -> Option<String>;
}

struct Directory(TempDir);

impl World for Directory {
    fn store(&self, _: &str, import_as: Option<InstanceId>) -> Box<dyn StateStore> {
        let path = self.0.path().join("state.json");
        Box::new(FileState::new(path, import_as, clock()))
    }
    fn text(&self) -> Option<String> {
        fs::read_to_string(self.0.path().join("state.json")).ok()
    }
    fn put_text(&self, text: &str) {
        fs::write(self.0.path().join("state.json"), text).unwrap();
    }
    fn kept(&self, moved_to: &str) -> Option<String> {
        fs::read_to_string(moved_to).ok()
    }
}

impl World for Cluster {
    fn store(&self, identity: &str, import_as: Option<InstanceId>) -> Box<dyn StateStore> {
        Box::new(self.store_for(identity, import_as))
    }
    fn text(&self) -> Option<String> {
        Cluster::text(self)
    }
    fn put_text(&self, text: &str) {
        Cluster::put_text(self, text);
    }
    fn kept(&self, moved_to: &str) -> Option<String> {
        let key = moved_to.strip_prefix("configmap ops/kafka-lag-state key ")?;
        let map = self.object(state::cluster::MAP)?;
        map["data"][key].as_str().map(str::to_owned)
    }
}

fn directory() -> Directory {
    Directory(TempDir::new().unwrap())
}

/// Of two stores of the same state.
async fn sessions_follow_each_other(one: &dyn StateStore, other: &dyn StateStore) {
    assert_eq!(one.peek().await.unwrap(), CheckState::default());
    let mut session = open(one).await;
    assert_eq!(*session.state(), CheckState::default(), "empty at first");
    assert_eq!(session.notice(), None);
    is_busy(other).await;
    is_busy(one).await;
    session.still_ours().await.unwrap();

    session.save(&numbered(1)).await.unwrap();
    assert_eq!(*session.state(), numbered(1), "as last saved");
    assert_eq!(
        other.peek().await.unwrap(),
        numbered(1),
        "seen without the lock"
    );
    session.save(&numbered(2)).await.unwrap();
    is_busy(other).await;
    session.still_ours().await.unwrap();
    session.close().await.unwrap();

    let session = open(other).await;
    assert_eq!(*session.state(), numbered(2), "read back");
    session.close().await.unwrap();
    let mut session = open(one).await;
    assert_eq!(*session.state(), numbered(2), "closed without a save");
    session.save(&CheckState::default()).await.unwrap();
    drop(session);
    let session = open(other).await;
    assert_eq!(
        *session.state(),
        CheckState::default(),
        "dropped without a close"
    );
    session.close().await.unwrap();
    assert_eq!(one.peek().await.unwrap(), CheckState::default());
}

async fn texts_are_kept(world: &impl World) {
    let store = world.store("a", None);
    store.peek().await.unwrap();
    assert_eq!(world.text(), None, "peeking makes nothing");

    world.put_text(NEWER_FIELDS);
    let mut state = store.peek().await.unwrap();
    assert_eq!(
        world.text().as_deref(),
        Some(NEWER_FIELDS),
        "peeking changes nothing"
    );
    let mut session = open(&*store).await;
    assert_eq!(
        world.text().as_deref(),
        Some(NEWER_FIELDS),
        "nor does opening"
    );
    state.dropped_notes += 7;
    session.save(&state).await.unwrap();
    session.save(&state).await.unwrap();
    session.close().await.unwrap();
    let (before, after): (Value, Value) = (
        serde_json::from_str(NEWER_FIELDS).unwrap(),
        serde_json::from_str(&world.text().unwrap()).unwrap(),
    );
    assert_eq!(after["dropped_notes"], 7);
    for field in ["owner", "spread", "last_check", "workloads"] {
        assert_eq!(before[field], after[field], "{field} survives");
    }
    assert_eq!(store.peek().await.unwrap(), state);
}

async fn a_newer_version_is_left_alone(world: &impl World) {
    let store = world.store("a", None);
    world.put_text(NEWER);
    for error in [refused(&*store).await, store.peek().await.unwrap_err()] {
        assert_eq!(error.kind, PortErrorKind::Invalid);
        assert!(
            error
                .what
                .contains("is of version 2, and this program knows version 1"),
            "{error}"
        );
    }
    assert_eq!(world.text().as_deref(), Some(NEWER));
    // The lock is free again.
    world.put_text(NEWER_FIELDS);
    open(&*store).await.close().await.unwrap();
}

async fn the_first_posts_file_is_taken_over(world: &impl World) {
    world.put_text(POST);
    let error = refused(&*world.store("a", None)).await;
    assert_eq!(error.kind, PortErrorKind::Invalid);
    assert!(error.what.contains("exactly one instance"), "{error}");
    assert_eq!(world.text().as_deref(), Some(POST));

    let store = world.store("a", Some("alikafka-1".parse().unwrap()));
    assert_eq!(store.peek().await.unwrap().groups.len(), 2);
    let mut session = open(&*store).await;
    assert_eq!(session.notice(), Some(&StateNotice::Imported { groups: 2 }));
    let state = session.state().clone();
    session.save(&state).await.unwrap();
    session.close().await.unwrap();
    let session = open(&*store).await;
    assert_eq!(session.notice(), None, "once");
    assert_eq!(*session.state(), state);
    session.close().await.unwrap();
}

async fn damage_is_kept_and_told_until_a_run_has_saved(world: &impl World) {
    let damaged = &NEWER_FIELDS[..100];
    world.put_text(damaged);
    let store = world.store("a", None);
    let error = store.peek().await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid, "{error}");
    assert_eq!(
        world.text().as_deref(),
        Some(damaged),
        "peeking moves nothing"
    );

    // A run that dies before its first save: the next one must know as well that the memory is gone.
    for _ in 0..2 {
        let session = open(&*store).await;
        assert!(matches!(session.notice(), Some(StateNotice::Lost { .. })));
        session.close().await.unwrap();
    }
    let mut session = open(&*store).await;
    assert_eq!(*session.state(), CheckState::default());
    let Some(StateNotice::Lost { moved_to, reason }) = session.notice().cloned() else {
        panic!("{:?}", session.notice());
    };
    assert!(
        moved_to.contains("state.json.corrupt-20261122T0"),
        "{moved_to}"
    );
    assert!(!reason.is_empty());
    session.save(&numbered(9)).await.unwrap();
    session.save(&numbered(1)).await.unwrap();
    session.close().await.unwrap();
    assert_eq!(world.kept(&moved_to).as_deref(), Some(damaged));

    let session = open(&*store).await;
    assert_eq!((session.notice(), session.state()), (None, &numbered(1)));
    session.close().await.unwrap();
    assert_eq!(world.text(), Some(render(&numbered(1))));
}

#[tokio::test]
async fn memory_keeps_the_promise() {
    let memory = MemoryState::default();
    sessions_follow_each_other(&memory, &memory.clone()).await;
    let memory = MemoryState::new(numbered(5));
    assert_eq!(memory.peek().await.unwrap(), numbered(5));
}

#[tokio::test]
async fn a_file_keeps_the_promise() {
    let world = directory();
    sessions_follow_each_other(&*world.store("a", None), &*world.store("b", None)).await;
    texts_are_kept(&directory()).await;
    a_newer_version_is_left_alone(&directory()).await;
    the_first_posts_file_is_taken_over(&directory()).await;
    damage_is_kept_and_told_until_a_run_has_saved(&directory()).await;
}

#[tokio::test(start_paused = true)]
async fn a_configmap_keeps_the_promise() {
    let world = Cluster::default();
    sessions_follow_each_other(&world.store("a"), &world.store("b")).await;
    texts_are_kept(&Cluster::default()).await;
    a_newer_version_is_left_alone(&Cluster::default()).await;
    the_first_posts_file_is_taken_over(&Cluster::default()).await;
    damage_is_kept_and_told_until_a_run_has_saved(&Cluster::default()).await;
}
