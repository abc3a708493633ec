//! The program itself.
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kube-sim"));
    command.args(arguments).stdin(Stdio::null()).env_clear();
    command
}

fn output(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

/// A running program whose output nobody reads beyond the first line; killed when a test fails.
struct Running {
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(arguments: &[&str]) -> Running {
    let mut child = program(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    let address = first.trim_end();
    let address = address.strip_prefix("kube-sim listening on http://");
    let address = address.unwrap_or_else(|| panic!("first line: {first}"));
    Running {
        address: address.to_owned(),
        child,
    }
}

fn get(running: &Running, path: &str) -> String {
    let mut stream = TcpStream::connect(&running.address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn help_is_complete() {
    let help = output(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    insta::assert_snapshot!(String::from_utf8(help.stdout).unwrap());
}

#[test]
fn wrong_flags_end_with_1_and_say_what_would_be_right() {
    for (arguments, hint) in [
        (&["--deployment", "consumer"][..], "orders/consumer=2"),
        (&["--deployment", "orders/UPPER=1"], "cannot put the object"),
        (
            &["--web.listen-address", "localhost"],
            "--web.listen-address",
        ),
        (
            &["--web.listen-address", "0.0.0.0:0"],
            "only loopback addresses are allowed",
        ),
        (&["--kubeconfig-out", "/nowhere/at/all"], "/nowhere/at/all"),
        (&["--replicas"], "unexpected argument"),
    ] {
        let ended = output(arguments);
        let text = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}");
        assert!(text.contains(hint), "{arguments:?}: {text}");
        assert!(ended.stdout.is_empty());
    }
}

#[test]
fn it_serves_what_the_flags_say_to_who_reads_one_line_and_ends_with_0_on_both_signals() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    for signal in ["TERM", "INT"] {
        let path = path.to_str().unwrap();
        let deployments = "orders/consumer=2,orders/other=3";
        let mut running = run(&["--deployment", deployments, "--kubeconfig-out", path]);
        let kubeconfig = std::fs::read_to_string(path).unwrap();
        assert!(kubeconfig.contains(&format!("server: http://{}\n", running.address)));
        let scale = get(
            &running,
            "/apis/apps/v1/namespaces/orders/deployments/other/scale",
        );
        assert!(scale.contains(r#""spec":{"replicas":3}"#), "{scale}");
        let pid = running.child.id().to_string();
        let kill = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(kill.unwrap().success());
        assert_eq!(running.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}
