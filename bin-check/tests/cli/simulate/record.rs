//! A lag asked from an exporter: only 200 is a number.

use super::simulate;
use crate::{
    harness::{Ended, assert_says},
    servers,
};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

/// Answers these, and the last one again and again.
fn answering(answers: Vec<(u16, &'static str)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (index, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let (status, body) = answers[index.min(answers.len() - 1)];
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    format!("http://{address}/api/v1/lag/alikafka-1/group")
}

#[test]
fn what_is_asked_is_saved_as_it_comes_and_simulated() {
    let url = answering(vec![
        (
            200,
            r#"{"state":"fresh","lag":120000,"timestamp":"2026-01-15T08:30:00Z"}"#,
        ),
        (503, r#"{"state":"stale","last":{"lag":7}}"#),
        (404, r#"{"state":"absent"}"#),
        (200, r#"{"state":"fresh","lag":null}"#),
        (200, r#"{"state":"fresh","lag":0}"#),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lag.csv");
    let save = path.to_str().unwrap();
    let arguments = [
        "--hpa=average.yaml",
        "--record",
        &url,
        "--for=1s",
        "--every=20ms",
        "--save",
        save,
    ];
    let ended = Ended::of(&mut simulate(&arguments));
    assert_says(
        &ended.err,
        &["answers 503", "answers 404", "no number under lag"],
    );
    let text = ended.with(0);
    assert_says(&text, &["recorded from http://127.0.0.1", "2 -> 3"]);
    let saved = fs::read_to_string(&path).unwrap();
    let lags: Vec<_> = saved
        .lines()
        .map(|line| line.split_once(',').unwrap().1)
        .collect();
    assert_eq!(lags[..6], ["lag", "120000", "", "", "", "0"]);

    let again = Ended::of(&mut simulate(&["--hpa=average.yaml", "--series", save])).with(0);
    assert_says(&again, &["2 -> 3"]);
    let twice = Ended::of(&mut simulate(&arguments));
    assert_says(&twice.err, &["--save", "cannot be made"]);
    assert_eq!(twice.code, Some(1));
}

#[test]
fn an_exporter_that_never_gives_a_number_is_a_failure_and_no_zero() {
    let nobody = format!("{}/api/v1/lag/a/b", servers::closed());
    let stale = answering(vec![(503, "{}")]);
    let page = answering(vec![(200, "<html>")]);
    for url in [nobody, stale, page] {
        let arguments = [
            "--hpa=average.yaml",
            "--record",
            &url,
            "--for=100ms",
            "--every=20ms",
        ];
        let ended = Ended::of(&mut simulate(&arguments));
        assert_says(&ended.err, &["there is nothing to simulate"]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    }
}
