//! The file: rights, links, places that cannot be used, and what a killed run leaves behind.
#![allow(clippy::unwrap_used, missing_docs)]

mod state;

use lag_actions::state::{FileState, render};
use lag_core::port::{PortErrorKind, StateNotice, StateStore};
use state::{FULL, clock, is_busy, numbered, open, refused};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};
use tempfile::TempDir;

fn store(path: impl AsRef<Path>) -> FileState {
    FileState::new(path.as_ref(), None, clock())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn save(path: &Path, number: u32) {
    let mut session = open(&store(path)).await;
    session.save(&numbered(number)).await.unwrap();
    session.close().await.unwrap();
}

async fn number(path: &Path) -> u64 {
    let session = open(&store(path)).await;
    assert_eq!(session.notice(), None);
    session.state().dropped_notes
}

#[tokio::test]
async fn state_and_lock_are_for_their_owner_only() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("state.json");
    save(&path, 1).await;
    assert_eq!(names(directory.path()), ["state.json", "state.json.lock"]);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&directory.path().join("state.json.lock")), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    save(&path, 2).await;
    assert_eq!(mode(&path), 0o600);
    fs::write(&path, "{damaged").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    open(&store(&path)).await;
    let copy = directory.path().join("state.json.corrupt-20261122T035400Z");
    assert_eq!(mode(&copy), 0o600);
}

#[tokio::test]
async fn peeking_makes_no_lock() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("state.json");
    fs::write(&path, FULL).unwrap();
    store(&path).peek().await.unwrap();
    assert_eq!(names(directory.path()), ["state.json"]);
}

#[tokio::test]
async fn a_link_stays_a_link_and_shares_the_lock() {
    let (links, real) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (link, path) = (links.path().join("state"), real.path().join("state.json"));
    symlink(&path, links.path().join("over")).unwrap();
    symlink("over", &link).unwrap();
    save(&link, 1).await; // through a link that leads nowhere yet
    assert_eq!(number(&path).await, 1);
    let session = open(&store(&link)).await;
    is_busy(&store(&path)).await;
    drop(session);
    save(&link, 2).await;
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(number(&path).await, 2);
    assert_eq!(names(links.path()), ["over", "state"]);
}

#[tokio::test]
async fn a_circle_of_links_ends() {
    let directory = TempDir::new().unwrap();
    let (one, two) = (directory.path().join("one"), directory.path().join("two"));
    symlink(&two, &one).unwrap();
    symlink(&one, &two).unwrap();
    refused(&store(&one)).await;
}

#[tokio::test]
async fn a_place_that_cannot_be_used_is_named() {
    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("file"), "mine").unwrap();
    for (path, kind, text) in [
        (
            at("none/state.json"),
            PortErrorKind::NotFound,
            "does not exist: create it",
        ),
        (
            at("file/state.json"),
            PortErrorKind::Invalid,
            "is no directory",
        ),
        (
            at("file/deep/state.json"),
            PortErrorKind::Invalid,
            "is no directory",
        ),
        (
            directory.path().to_owned(),
            PortErrorKind::Invalid,
            "is no regular file",
        ),
        (
            "/dev/full".into(),
            PortErrorKind::Invalid,
            "is no regular file",
        ),
        ("/".into(), PortErrorKind::Invalid, "is no regular file"),
    ] {
        for error in [
            refused(&store(&path)).await,
            store(&path).peek().await.unwrap_err(),
        ] {
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.what.contains(text), "{error}");
            assert!(error.what.contains("--state-file"), "{error}");
        }
    }
    assert_eq!(names(directory.path()), ["file"]);
    assert_eq!(fs::read_to_string(at("file")).unwrap(), "mine");
}

#[tokio::test]
async fn a_lock_that_cannot_be_made_is_named() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("state.json");
    fs::create_dir(directory.path().join("state.json.lock")).unwrap();
    let error = refused(&store(&path)).await;
    assert_eq!(error.kind, PortErrorKind::Invalid);
    assert!(error.what.contains("state.json.lock"), "{error}");
}

/// Even root may not make a file there.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_directory_that_lets_nobody_write_is_forbidden() {
    let store = store("/sys/state.json");
    assert_eq!(store.peek().await.unwrap().dropped_notes, 0);
    let error = refused(&store).await;
    assert_eq!(error.kind, PortErrorKind::Forbidden, "{error}");
    assert!(
        error
            .what
            .starts_with("cannot lock state file /sys/state.json.lock: "),
        "{error}"
    );
    assert!(
        error
            .what
            .ends_with("choose another place with --state-file"),
        "{error}"
    );
}

#[tokio::test]
async fn who_has_lost_the_lock_file_neither_acts_nor_saves() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("state.json");
    save(&path, 1).await;
    let mut session = open(&store(&path)).await;
    fs::remove_file(directory.path().join("state.json.lock")).unwrap();
    let mut second = open(&store(&path)).await;
    second.save(&numbered(2)).await.unwrap();
    for error in [
        session.still_ours().await.unwrap_err(),
        session.save(&numbered(3)).await.unwrap_err(),
    ] {
        assert_eq!(error.kind, PortErrorKind::Busy);
        assert!(error.what.contains("removed or replaced"), "{error}");
    }
    second.still_ours().await.unwrap();
    drop(second);
    assert_eq!(number(&path).await, 2);
}

/// A save is: make a file beside, fill it, sync, rename. What lies there after a kill between any two of them.
#[tokio::test]
async fn a_kill_between_any_two_steps_leaves_the_old_state_or_the_new_one() {
    let new = render(&numbered(2));
    let made = [
        "",
        &new[..1],
        &new[..new.len() / 2],
        &new[..new.len() - 1],
        &new,
    ];
    for (text, renamed) in made
        .into_iter()
        .map(|text| (text, false))
        .chain([(&*new, true)])
    {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("state.json");
        let unfinished = directory.path().join("state.json.new-0123456789abcdef");
        save(&path, 1).await;
        fs::write(&unfinished, text).unwrap();
        if renamed {
            fs::rename(&unfinished, &path).unwrap();
        }
        let expected = if renamed { 2 } else { 1 };
        assert_eq!(store(&path).peek().await.unwrap().dropped_notes, expected);
        assert_eq!(number(&path).await, expected, "{} bytes", text.len());
        assert_eq!(
            names(directory.path()),
            ["state.json", "state.json.lock"],
            "swept"
        );
        save(&path, 3).await;
        assert_eq!(number(&path).await, 3);
    }
}

#[tokio::test]
async fn only_unfinished_files_of_this_state_are_swept() {
    let directory = TempDir::new().unwrap();
    let others = [
        "other.json.new-0123456789abcdef",
        "state.json.new-",
        "state.json.new-by-hand",
        "state.json.old",
        "state.json2.new-0123456789abcdef",
    ];
    for name in others {
        fs::write(directory.path().join(name), "mine").unwrap();
    }
    // However the path is written.
    let path = format!("{}///state.json", directory.path().display());
    let path = std::path::PathBuf::from(path);
    // While a run is at work, its unfinished file is nobody else's.
    let session = open(&store(&path)).await;
    fs::write(directory.path().join("state.json.new-0123456789abcdef"), "").unwrap();
    is_busy(&store(&path)).await;
    assert_eq!(names(directory.path()).len(), others.len() + 2);
    drop(session);
    save(&path, 1).await;
    let left = names(directory.path());
    let left: Vec<_> = left
        .iter()
        .filter(|name| name.as_str() != "state.json")
        .collect();
    let mut expected = others.to_vec();
    expected.push("state.json.lock");
    expected.sort_unstable();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn damage_is_copied_once_and_overwrites_nothing() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("state.json");
    let copy = directory.path().join("state.json.corrupt-20261122T035400Z");
    fs::write(&copy, "of this very second").unwrap();
    for damage in [&b"{damaged"[..], b"\xff\xfe", b""] {
        fs::write(&path, damage).unwrap();
        let mut kept = Vec::new();
        for _ in 0..3 {
            let session = open(&store(&path)).await;
            let Some(StateNotice::Lost { moved_to, .. }) = session.notice() else {
                panic!("{:?}", session.notice());
            };
            assert_eq!(fs::read(moved_to).unwrap(), damage);
            kept.push(moved_to.clone());
        }
        kept.dedup();
        assert_eq!(kept.len(), 1);
    }
    assert_eq!(fs::read_to_string(&copy).unwrap(), "of this very second");
    assert_eq!(names(directory.path()).len(), 1 + 3 + 2);
}

#[tokio::test]
async fn a_state_without_a_directory_in_its_name_lies_in_the_current_one() {
    let error = store("Cargo.toml/state.json").peek().await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
    let here = store("state-that-is-not-there.json").peek().await;
    assert_eq!(here.unwrap().dropped_notes, 0);
}
