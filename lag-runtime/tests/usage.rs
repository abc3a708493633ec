//! The count of calls on disk.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use lag_core::{BudgetPolicy, Budgets};
use lag_runtime::usage::UsageFile;
use std::{fs, path::Path, time::Duration};

const PLACE: &str = "--state.directory";

fn now() -> Timestamp {
    "2026-11-20T00:00:00Z".parse().unwrap()
}

fn budgets(
    spent: impl IntoIterator<Item = (std::sync::Arc<str>, lag_core::MonthUsage)>,
) -> Budgets {
    let policy = BudgetPolicy {
        requests_per_month: Some(1000),
        hard_stop: false,
    };
    let budgets = Budgets::new(policy, spent);
    let minute = Duration::from_mins(1);
    budgets.watch("default", "s", (minute, minute), 1.0, now());
    budgets
}

fn used(directory: &Path) -> u64 {
    let (_, spent) = UsageFile::open(directory, PLACE, now()).unwrap();
    budgets(spent).reports(now())[0].1.used
}

#[test]
fn what_was_counted_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("not/there/yet");
    let (mut file, spent) = UsageFile::open(&state, PLACE, now()).unwrap();
    let counted = budgets(spent);
    for _ in 0..42 {
        counted.count("default", "s", now());
    }
    file.save(&counted).unwrap();
    drop(file);
    assert_eq!(used(&state), 42);
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    UsageFile::open(directory.path(), PLACE, now()).unwrap();
    let mode = fs::metadata(directory.path().join("api-calls.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn two_processes_do_not_share_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let _first = UsageFile::open(directory.path(), PLACE, now()).unwrap();
    let error = UsageFile::open(directory.path(), PLACE, now())
        .unwrap_err()
        .to_string();
    let expected = format!(
        "--state.directory {}: another process uses this directory; give each its own",
        directory.path().display()
    );
    assert_eq!(error, expected);
}

#[test]
fn a_file_that_cannot_be_understood_is_kept_aside_and_the_count_begins_again() {
    for text in [
        "",
        "{",
        "[]",
        r#"{"version":2,"accounts":{}}"#,
        r#"{"version":1,"accounts":{"default":{"month":"13","requests":1}}}"#,
        r#"{"version":1,"accounts":{"default":{"month":"2026-11","requests":-1}}}"#,
    ] {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("api-calls.json"), text).unwrap();
        assert_eq!(used(directory.path()), 0, "{text}");
        let aside = fs::read_to_string(directory.path().join("api-calls.json.unreadable")).unwrap();
        assert_eq!(aside, text);
    }
}

#[test]
fn a_crash_while_writing_leaves_the_old_count() {
    let directory = tempfile::tempdir().unwrap();
    let whole = r#"{"version":1,"accounts":{"default":{"month":"2026-11","requests":7}}}"#;
    fs::write(directory.path().join("api-calls.json"), whole).unwrap();
    fs::write(
        directory.path().join("api-calls.json.new"),
        "{\"version\":1,\"acc",
    )
    .unwrap();
    assert_eq!(used(directory.path()), 7);
}

#[test]
fn a_directory_that_cannot_be_used_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a-file");
    fs::write(&file, "").unwrap();
    let error = UsageFile::open(&file, PLACE, now())
        .unwrap_err()
        .to_string();
    let expected = format!(
        "--state.directory {}: it must be a directory that this process can write",
        file.display()
    );
    assert_eq!(error, expected);
}

#[test]
fn a_count_of_another_month_does_not_last() {
    for month in ["2026-10", "2027-11"] {
        let directory = tempfile::tempdir().unwrap();
        let text = format!(
            r#"{{"version":1,"accounts":{{"default":{{"month":"{month}","requests":900}}}}}}"#
        );
        fs::write(directory.path().join("api-calls.json"), text).unwrap();
        assert_eq!(used(directory.path()), 0, "{month}");
    }
}
