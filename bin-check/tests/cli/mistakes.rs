//! Mistakes: one line on stderr, 3 for how the program was called, 1 for what could not be done.

use crate::harness::{Cloud, Ended, against, assert_says, program};

#[track_caller]
fn complaint(ended: &Ended, code: i32) -> &str {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert_eq!(ended.out, "");
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
    ended.err.strip_prefix("kafka-lag: ").unwrap()
}

#[test]
fn a_wrong_call_ends_with_3_and_never_with_2() {
    for (arguments, parts) in [
        (&["shwo"][..], &["shwo", "show", "--help"][..]),
        (&["show", "--sort=size"], &["size", "lag", "name", "age"]),
        (&["show", "--top=many"], &["many", "--top"]),
        (
            &["show", "--cms.regoin=x"],
            &["--cms.regoin", "--cms.region"],
        ),
        (&["inspect"], &["<GROUP>"]),
        (&["completions", "tcsh"], &["tcsh", "bash", "zsh", "fish"]),
    ] {
        let ended = Ended::of(&mut program(arguments));
        assert_says(complaint(&ended, 3), parts);
    }
    let ended = Ended::of(&mut program(&[]));
    assert_eq!((ended.code, ended.out.as_str()), (Some(3), ""));
    assert_says(&ended.err, &["Usage: kafka-lag <COMMAND>", "doctor"]);
}

#[test]
fn a_wrong_configuration_ends_with_1_for_every_command() {
    for arguments in [
        &["show"][..],
        &["inspect", "g"],
        &["metrics"],
        &["instances"],
        &["check-config"],
    ] {
        let mut command = program(arguments);
        let ended = Ended::of(command.args(["--cms.region=cn hangzhou", "--cms.instance=i-1"]));
        assert_says(
            complaint(&ended, 1),
            &["--cms.region (or KAFKA_LAG_CMS_REGION)", "cn hangzhou"],
        );
    }
}

#[test]
fn a_missing_region_is_asked_for_also_where_no_instance_is_needed() {
    for command in ["metrics", "instances"] {
        let ended = Ended::of(&mut program(&[command]));
        assert_says(complaint(&ended, 1), &["--cms.region", "cn-hangzhou"]);
    }
}

#[test]
fn missing_keys_say_where_they_are_looked_for() {
    let cloud = Cloud::usual();
    for arguments in [
        &["show"][..],
        &["inspect", "g"],
        &["metrics"],
        &["instances"],
    ] {
        let mut command = cloud.command(arguments);
        command
            .env_remove("ALIBABA_CLOUD_ACCESS_KEY_ID")
            .env_remove("ALIBABA_CLOUD_ACCESS_KEY_SECRET");
        let ended = Ended::of(&mut command);
        assert_says(
            complaint(&ended, 1),
            &["ALIBABA_CLOUD_ACCESS_KEY_ID", "ACCESS_KEY_ID", "RRSA"],
        );
    }
    assert_eq!(cloud.simulator.counters().calls, 0);
}

#[test]
fn an_interval_that_cannot_be_is_refused() {
    for (flag, part) in [
        ("--watch=soon", "such as 30s"),
        ("--watch=0s", "1s to 6h"),
        ("--watch=1d", "1s to 6h"),
    ] {
        let ended = Ended::of(&mut against("http://127.0.0.1:1", &["show", flag]));
        assert_says(complaint(&ended, 1), &["--watch", part]);
    }
}

#[test]
fn the_page_about_exit_codes_quotes_what_is_said() {
    let page = include_str!("../../../docs/reference/exit-codes.md");
    let folder = tempfile::tempdir().unwrap();
    let policy = "sources:\n- region: cn-hangzhou\n  instances: [a]\ncheck:\n  policy:\n    breach_above: 150000\n    recover_at: 200000\n";
    std::fs::write(folder.path().join("check.yaml"), policy).unwrap();
    let at = |arguments: &[&str]| {
        let mut command = program(arguments);
        command
            .current_dir(folder.path())
            .env("KAFKA_LAG_CMS_REGION", "cn-hangzhou")
            .env("KAFKA_LAG_CMS_INSTANCE", "alikafka_pre-cn-a");
        Ended::of(&mut command)
    };
    for (arguments, code) in [
        (&["show", "--cms.regoin=x"][..], 3),
        (&["show", "--lag.max-age=1m"], 1),
    ] {
        let ended = at(arguments);
        assert_eq!(ended.code, Some(code));
        assert_says(page, &[ended.err.trim_end()]);
    }
    for arguments in [
        &["check", "--criticl=1"][..],
        &["check", "--config.file=check.yaml"],
    ] {
        let ended = at(arguments);
        assert_eq!(ended.code, Some(3));
        assert_says(page, &[ended.out.lines().next().unwrap()]);
    }
}
