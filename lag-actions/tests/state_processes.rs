//! Several processes at one file: killed, at once, and on a full disk.
#![allow(clippy::unwrap_used, missing_docs)]

mod state;

use lag_actions::state::FileState;
use lag_core::port::{PortErrorKind, StateStore};
use state::{clock, is_busy, numbered, open};
use std::{
    fmt, fs,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Barrier,
        atomic::{AtomicU32, Ordering},
    },
};
use tempfile::TempDir;

const ROLE: &str = "KAFKA_LAG_TEST_ROLE";
const PLACE: &str = "KAFKA_LAG_TEST_PLACE";

fn store(path: &Path) -> FileState {
    FileState::new(path, None, clock())
}

/// This test in a process of its own, where it plays a role. Through a shell, which can set limits.
fn play(role: &str, path: &Path, limits: &str) -> Child {
    Command::new("sh")
        .args(["-c", &format!("{limits} exec \"$@\""), "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "the_other_process", "--nocapture"])
        .env(ROLE, role)
        .env(PLACE, path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn the_other_process() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how its parent tells it what to do"
    )]
    let (role, path) = (std::env::var(ROLE), std::env::var(PLACE));
    let Ok(role) = role else {
        return; // not started by a test
    };
    let store = store(Path::new(&path.unwrap()));
    match role.as_str() {
        "saves" => {
            let mut session = open(&store).await;
            for number in 1.. {
                say(format_args!("begun {number}"));
                session.save(&numbered(number)).await.unwrap();
                say(format_args!("saved {number}"));
            }
        }
        "counts" => {
            let (mut counted, mut busy) = (0, 0_u32);
            while counted < 100 {
                if count_up(&store).await {
                    counted += 1;
                } else {
                    busy += 1;
                    std::thread::yield_now();
                }
            }
            say(format_args!("{busy}"));
        }
        "full" => {
            let mut session = open(&store).await;
            let error = session.save(&numbered(2)).await.unwrap_err();
            assert_eq!(error.kind, PortErrorKind::Unavailable, "{error}");
            assert!(
                error.what.starts_with("cannot write state file "),
                "{error}"
            );
            assert_eq!(*session.state(), numbered(1));
            say(format_args!("refused"));
        }
        other => panic!("no role {other}"),
    }
}

/// A whole line or nothing: the process may be killed at any moment.
fn say(line: fmt::Arguments<'_>) {
    let line = format!("{line}\n");
    io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Reads, adds, writes, if nobody else is at it: two at once would lose a step.
async fn count_up(store: &FileState) -> bool {
    match store.open().await {
        Ok(mut session) => {
            let next = session.state().dropped_notes + 1;
            let next = numbered(u32::try_from(next).unwrap());
            session.save(&next).await.unwrap();
            session.close().await.unwrap();
            true
        }
        Err(error) => {
            assert_eq!(error.kind, PortErrorKind::Busy, "{error}");
            false
        }
    }
}

fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let output = BufReader::new(child.stderr.take().unwrap());
    output.lines().map(Result::unwrap)
}

#[tokio::test]
async fn a_killed_process_frees_the_lock_and_leaves_the_old_state_or_the_new_one() {
    let (mut midway, mut new) = (0, 0);
    for kill_after in 1..=60 {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("state.json");
        let mut child = play("saves", &path, "");
        let mut lines = lines(&mut child);
        let mut seen: Vec<_> = lines.by_ref().take(kill_after).collect();
        is_busy(&store(&path)).await;
        (0..kill_after * 2000).for_each(|_| std::hint::spin_loop()); // somewhere else each time
        child.kill().unwrap();
        child.wait().unwrap();
        seen.extend(lines);
        let last = |word: &str| {
            let mut of_word = seen.iter().filter_map(|line| line.strip_prefix(word));
            of_word
                .next_back()
                .map_or(0, |number| number.parse().unwrap())
        };
        let (begun, saved): (u64, u64) = (last("begun "), last("saved "));
        let session = open(&store(&path)).await;
        assert_eq!(session.notice(), None);
        let found = session.state().dropped_notes;
        assert!(found == saved || found == begun, "{saved} {found} {begun}");
        midway += u32::from(begun > saved);
        new += u32::from(found > saved);
    }
    println!("60 kills, {midway} of them in a save, {new} of those after its rename");
}

#[test]
fn two_processes_never_have_it_at_once() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("state.json");
    let mut children = [play("counts", &path, ""), play("counts", &path, "")];
    let mut busy = Vec::new();
    for child in &mut children {
        busy.extend(lines(child));
        assert!(child.wait().unwrap().success(), "{busy:?}");
    }
    let text = fs::read_to_string(&path).unwrap();
    let state: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(state["dropped_notes"], 200, "no step was lost");
    println!("2 processes, 100 sessions each; refused as busy: {busy:?}");
}

#[test]
fn two_threads_never_have_it_at_once() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("state.json");
    let (begin, inside, sessions) = (Barrier::new(2), AtomicU32::new(0), AtomicU32::new(0));
    let visit = async || {
        for _ in 0..200 {
            begin.wait();
            let store = store(&path);
            let Ok(mut session) = store.open().await else {
                continue;
            };
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "alone");
            let next = sessions.fetch_add(1, Ordering::SeqCst) + 1;
            assert_eq!(session.state().dropped_notes, u64::from(next - 1));
            session.save(&numbered(next)).await.unwrap();
            inside.fetch_sub(1, Ordering::SeqCst);
            session.close().await.unwrap();
        }
    };
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(visit());
    };
    std::thread::scope(|scope| {
        scope.spawn(run);
        scope.spawn(run);
    });
    assert!(
        sessions.load(Ordering::SeqCst) >= 200,
        "somebody gets in each time"
    );
}

#[tokio::test]
async fn a_full_disk_loses_nothing() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("state.json");
    let mut session = open(&store(&path)).await;
    session.save(&numbered(1)).await.unwrap();
    drop(session);
    // No file may grow: what a full disk says comes as another error of the same call.
    let mut child = play("full", &path, "trap '' XFSZ; ulimit -f 0;");
    let said: Vec<_> = lines(&mut child).collect();
    assert!(child.wait().unwrap().success(), "{said:?}");
    assert_eq!(said, ["refused"]);
    assert_eq!(store(&path).peek().await.unwrap(), numbered(1));
    assert_eq!(
        fs::read_dir(directory.path()).unwrap().count(),
        2,
        "nothing unfinished"
    );
}
