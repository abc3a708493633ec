//! Mode External: a program that prints keys.
#![cfg(target_os = "linux")] // it looks into /proc

use std::{os::unix::fs::symlink, pin::pin, time::Duration};

use serde_json::json;

use super::{
    cli::{AT, config},
    *,
};

/// A home whose profile runs this script of the shell.
///
/// The shell has another name here, and the script is its argument: a file that was just
/// written cannot always be executed while other threads start programs (ETXTBSY).
fn running(script: &str) -> Home {
    let home = Home::new().file("script", script);
    let (program, script) = (home.path("my helper"), home.path("script"));
    symlink("/bin/sh", &program).unwrap();
    let (program, script) = (program.display(), script.display());
    let command = format!("'{program}' {script} --password {SECRET}");
    commanding(home, &command)
}

fn commanding(home: Home, command: &str) -> Home {
    let profile = json!({"name": "p", "mode": "External", "process_command": command});
    home.file(AT, config(&[profile]))
}

#[tokio::test]
async fn what_the_program_prints_is_taken() {
    let temporary = json!({
        "mode": "StsToken", "access_key_id": KEY_ID, "access_key_secret": SECRET,
        "sts_token": TOKEN, "expiration": "2026-01-15T09:30:00Z",
    });
    let pair = json!({"mode": "AK", "access_key_id": KEY_ID, "access_key_secret": SECRET});
    for (printed, token, expiry) in [
        (temporary, Some(TOKEN), Some("2026-01-15T09:30:00Z")),
        (pair, None, None),
    ] {
        // It has no input to wait for, gets its arguments, and may complain.
        let home = running(&format!(
            "cat; [ \"$#\" = 2 ] && [ \"$1\" = --password ] || exit 9\necho noise >&2\necho '{printed}'"
        ));
        let found = home.cli().provide_credentials().await.unwrap();
        assert_eq!(keys(&found), (KEY_ID, SECRET, token));
        let expires = found.expiry().map(|expiry| expiry.to_string());
        assert_eq!(expires.as_deref(), expiry);
        assert_eq!(
            home.source(&found),
            "profile \"p\" (External) of the CLI configuration ~/.aliyun/config.json"
        );
    }
}

#[tokio::test]
async fn every_bad_program_is_one_sentence_without_its_arguments_and_output() {
    let of = "the program \"my helper\", which profile \"p\" (External) of the CLI configuration \
              ~/.aliyun/config.json names,";
    let print = |json: serde_json::Value| format!("echo '{json}'");
    let no_json = "what it printed is not a JSON object with mode, access_key_id, \
                   access_key_secret, sts_token and expiration";
    let unseen = "what it wrote to stderr is not shown, as it can hold secrets: run it by hand, as \
                  the same user, to see it";
    for (script, expected) in [
        (
            format!("echo {SECRET}; echo {SECRET} >&2"),
            format!("is set up wrongly: {no_json}"),
        ),
        (String::new(), format!("is set up wrongly: {no_json}")),
        (
            format!("echo '[\"{SECRET}\"]'"),
            format!("is set up wrongly: {no_json}"),
        ),
        (
            format!("echo {SECRET}; echo {SECRET} >&2; exit 1"),
            format!("did not give credentials: it failed (exit status: 1); {unseen}"),
        ),
        (
            "kill -9 $$".to_owned(),
            format!("did not give credentials: it failed (signal: 9 (SIGKILL)); {unseen}"),
        ),
        (
            "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done".to_owned(),
            "is set up wrongly: it printed more than 64 KiB, and was killed".to_owned(),
        ),
        (
            print(json!({"mode": "AK", "access_key_id": KEY_ID})),
            "is set up wrongly: it printed no access_key_secret".to_owned(),
        ),
        (
            print(
                json!({"mode": "StsToken", "access_key_id": KEY_ID, "access_key_secret": SECRET}),
            ),
            "is set up wrongly: it printed mode StsToken and no sts_token".to_owned(),
        ),
        (
            print(json!({"access_key_id": "STS.x", "access_key_secret": SECRET})),
            "is set up wrongly: it printed a temporary access_key_id, and no sts_token to go with \
             it"
            .to_owned(),
        ),
        (
            print(json!({"mode": "RamRoleArn", "access_key_id": KEY_ID})),
            "is set up wrongly: it printed mode RamRoleArn: only AK and StsToken are read"
                .to_owned(),
        ),
        (
            print(json!({
                "mode": "AK", "access_key_id": KEY_ID, "access_key_secret": SECRET,
                "expiration": SECRET,
            })),
            "is set up wrongly: it printed an expiration that is no time such as \
             2026-01-15T09:30:00Z"
                .to_owned(),
        ),
    ] {
        let home = running(&script);
        let expected = format!("{of} {expected}");
        assert_eq!(home.sentence(&home.cli()).await, expected, "{script}");
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_or_may_not_run_is_named() {
    for (command, name, why) in [
        ("/nowhere/to/be found", "be", "there is no such program"),
        ("/", "/", "it cannot be started: permission denied"),
    ] {
        let home = commanding(Home::new(), &format!("{command} {SECRET}"));
        assert_eq!(
            home.sentence(&home.cli()).await,
            format!(
                "the program \"{name}\", which profile \"p\" (External) of the CLI configuration \
                 ~/.aliyun/config.json names, is set up wrongly: {why}"
            )
        );
    }
}

/// Looks again and again, without sleeping: it takes a few milliseconds. The bound is in
/// real time, for the clock of the runtime may stand still.
async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = std::time::Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        tokio::task::yield_now().await;
    }
}

/// The number of the program, which it writes itself.
async fn started(home: &Home) -> String {
    let pid = || fs::read_to_string(home.path("pid")).ok();
    let whole = || pid().filter(|pid| pid.ends_with('\n'));
    until("it did not start", whole).await.trim().to_owned()
}

/// Gone, or a zombie that only waits for its parent to look.
fn has_ended(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

#[tokio::test]
async fn a_program_that_hangs_is_killed_after_a_minute() {
    let home = running("echo $$ > \"${0%/*}/pid\"\nexec sleep 3600");
    let provider = home.cli();
    let mut sentence = pin!(home.sentence(&provider));
    let pid = tokio::select! {
        text = &mut sentence => panic!("{text}"),
        pid = started(&home) => pid,
    };
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(59)).await;
    tokio::select! {
        biased;
        text = &mut sentence => panic!("a minute is not over: {text}"),
        () = tokio::task::yield_now() => assert!(!has_ended(&pid)),
    }
    assert_eq!(
        sentence.await,
        "the program \"my helper\", which profile \"p\" (External) of the CLI configuration \
         ~/.aliyun/config.json names, did not give credentials: it did not end within 60 seconds, \
         and was killed"
    );
    until("it lives on", || has_ended(&pid).then_some(())).await;
}

#[tokio::test]
async fn a_program_that_nobody_waits_for_any_more_is_killed() {
    let home = running("echo $$ > \"${0%/*}/pid\"\nexec sleep 3600");
    let provider = home.cli();
    let pid = tokio::select! {
        _ = provider.provide_credentials() => panic!("it ended"),
        pid = started(&home) => pid,
    };
    until("it lives on", || has_ended(&pid).then_some(())).await;
}
