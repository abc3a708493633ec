//! `show --watch`: block after block, until a signal or until nobody reads.

use crate::harness::Cloud;
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

fn spawn(command: &mut Command) -> Child {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    let kill = format!("kill -s {name} {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn blocks_follow_each_other_and_ctrl_c_ends_with_0() {
    let cloud = Cloud::usual();
    for name in ["INT", "TERM"] {
        let mut child = spawn(&mut cloud.command(&["show", "--watch=1s"]));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut blocks = 0;
        while blocks < 2 {
            let line = lines.next().unwrap().unwrap();
            assert!(
                !line.contains('\u{1b}'),
                "no terminal is told what to do: {line:?}"
            );
            blocks += usize::from(line.starts_with("--- 20"));
        }
        signal(&child, name);
        let mut error = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut error)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{name}");
        assert_eq!(error, "", "{name}");
    }
}

#[test]
fn documents_are_one_line_each() {
    let cloud = Cloud::usual();
    let mut child = spawn(&mut cloud.command(&["show", "--watch=1s", "--output=json"]));
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines.take(2) {
        let document: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!(document["groups"][0]["lag"], 150_001);
    }
    // The reader is gone: the next block ends it.
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_failing_cloud_does_not_end_it() {
    let cloud = Cloud::usual();
    let mut child = spawn(&mut cloud.command(&["show", "--watch=1s"]));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut until = |text: &str| {
        let found = lines
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("{text} comes"))
    };
    until("150,001");
    cloud
        .simulator
        .inject(cms_sim::Fault::new(cms_sim::FaultKind::Forbidden));
    until("could not be read");
    cloud.simulator.clear_faults();
    until("--- ");
    until("busy");
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
