//! The program itself.
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cms-sim"));
    command.args(arguments).stdin(Stdio::null()).env_clear();
    command
}

fn output(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

/// A running program; killed when a test fails.
struct Running {
    child: Child,
    address: String,
    lines: BufReader<std::process::ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(arguments: &[&str]) -> Running {
    let mut arguments = arguments.to_vec();
    arguments.extend(["--listen-address", "127.0.0.1:0"]);
    let mut child = program(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    let address = first
        .trim_end()
        .strip_prefix("cms-sim listening on http://");
    let address = address
        .unwrap_or_else(|| panic!("first line: {first}"))
        .to_owned();
    Running {
        child,
        address,
        lines,
    }
}

/// Head and body of the answer to a GET.
fn get(running: &Running, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(&running.address).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        running.address
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn state(running: &Running) -> serde_json::Value {
    serde_json::from_str(&get(running, "/_sim/state").1).unwrap()
}

#[test]
fn help_is_complete() {
    let help = output(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    insta::assert_snapshot!(String::from_utf8(help.stdout).unwrap());
}

#[test]
fn wrong_flags_end_with_1_and_name_the_allowed_values() {
    for (arguments, hint) in [
        (&["--fault", "trottling"][..], "throttling_retry_after"),
        (&["--order", "size"], "[possible values: time, group]"),
        (&["--publication-delay", "5"], "--publication-delay"),
        (&["--token-lifetime", "5"], "--token-lifetime"),
        (&["--listen-address", "localhost"], "--listen-address"),
        (
            &["--listen-address", "0.0.0.0:0"],
            "only loopback addresses are allowed",
        ),
        (&["--demo", "--groups", "5"], "cannot be used with"),
        (&["--instances", "2"], "--groups"),
        (&["--partitions", "0"], "--partitions"),
        (
            &["--robot", "slack:t"],
            "dingtalk, feishu, wecom or webhook",
        ),
        (&["--robot", "wecom:t,secret=s"], "only dingtalk and feishu"),
        (&["--lag"], "unexpected argument"),
    ] {
        let ended = output(arguments);
        let text = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}");
        assert!(text.contains(hint), "{arguments:?}: {text}");
        assert!(ended.stdout.is_empty());
    }
}

#[test]
fn it_says_how_to_reach_it_and_ends_with_0_on_both_signals() {
    for signal in ["TERM", "INT"] {
        let mut running = run(&[]);
        assert_eq!(state(&running)["groups"], 12);
        let pid = running.child.id().to_string();
        let kill = Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .unwrap();
        assert!(kill.success());
        assert_eq!(running.child.wait().unwrap().code(), Some(0), "{signal}");
        let mut rest = String::new();
        running.lines.read_to_string(&mut rest).unwrap();
        for hint in [
            "sim-key-id",
            "sim-key-secret",
            "alikafka_pre-cn-sim00000001",
            "/_sim/state",
            "/credentials",
        ] {
            assert!(rest.contains(hint), "{rest}");
        }
    }
}

#[test]
fn flags_and_variables_shape_the_simulator() {
    let running = run(&[
        "--groups",
        "30",
        "--instances",
        "3",
        "--fault",
        "slow",
        "--fault",
        "reset",
    ]);
    let state = state(&running);
    assert_eq!(state["groups"], 30);
    assert_eq!(state["instances"].as_array().unwrap().len(), 3);
    assert_eq!(state["faults"][0]["fault"], "slow");
    assert_eq!(state["faults"][1]["fault"], "reset");
}

#[test]
fn robots_are_flags_and_their_urls_are_said() {
    let mut running = run(&[
        "--robot",
        "dingtalk:t,secret=SECs3cret,keyword=lag,keyword=k",
        "--robot",
        "webhook:ops",
    ]);
    let (_, body) = get(&running, "/_sim/robots");
    let robots: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        robots["robots"][1]["keywords"],
        serde_json::json!(["lag", "k"])
    );
    assert!(!body.contains("s3cret"), "{body}");
    let ended = running.child.kill();
    ended.unwrap();
    let mut said = String::new();
    running.lines.read_to_string(&mut said).unwrap();
    let url = format!("http://{}", running.address);
    for target in ["/robot/send?access_token=t", "/webhook/ops"] {
        assert!(said.contains(&format!("{url}{target}\n")), "{said}");
    }
    assert!(!said.contains("s3cret"), "{said}");
}

#[test]
fn the_life_of_sets_and_the_mode_of_the_metadata_service_are_flags() {
    let running = run(&["--token-lifetime", "2000h", "--imds-v2-only"]);
    let set: serde_json::Value = serde_json::from_str(&get(&running, "/credentials").1).unwrap();
    let moment =
        |value: &serde_json::Value| -> jiff::Timestamp { value.as_str().unwrap().parse().unwrap() };
    let left = moment(&set["Expiration"]).duration_since(moment(&state(&running)["now"]));
    assert!((1_999..=2_000).contains(&left.as_hours()), "{left}");
    let (head, _) = get(&running, "/latest/meta-data/region-id");
    assert!(head.starts_with("HTTP/1.1 403"), "{head}");
}
