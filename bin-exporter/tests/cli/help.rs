//! `--help`, `--version`, and the reference page made from them.

use crate::harness::{output, program};

#[test]
fn help_and_version_go_to_stdout_and_end_with_0() {
    for (flag, text) in [
        ("--help", "--cms.instance"),
        ("-h", "--cms.instance"),
        ("--version", "kafka-lag-exporter 0."),
        ("-V", "kafka-lag-exporter 0."),
    ] {
        let ended = output(&mut program(&[flag]));
        assert_eq!(ended.status.code(), Some(0), "{flag}");
        assert!(
            String::from_utf8(ended.stdout).unwrap().contains(text),
            "{flag}"
        );
        assert!(ended.stderr.is_empty(), "{flag}");
    }
}

#[test]
fn the_version_names_revision_branch_and_compiler() {
    let ended = output(&mut program(&["--version"]));
    let text = String::from_utf8(ended.stdout).unwrap();
    for part in ["(revision ", ", branch ", ", rustc "] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn help_names_a_variable_for_every_flag_and_a_default_for_all_that_have_one() {
    let text = String::from_utf8(output(&mut program(&["--help"])).stdout).unwrap();
    let options = text
        .lines()
        .filter(|line| line.trim_start().starts_with("--"));
    let dotted = options
        .filter(|line| line.contains('.'))
        .collect::<Vec<_>>();
    assert!(dotted.len() > 25, "{text}");
    for line in dotted {
        let flag = line.trim().split([' ', '=', '[']).next().unwrap();
        let variable = flag
            .trim_start_matches('-')
            .replace(['.', '-'], "_")
            .to_ascii_uppercase();
        assert!(
            text.contains(&format!("[env: KAFKA_LAG_{variable}=]")),
            "{flag}"
        );
    }
    assert!(text.matches("[default: ").count() > 18, "{text}");
}

#[test]
fn no_variable_of_the_environment_changes_the_help() {
    let plain = output(&mut program(&["--help"])).stdout;
    let mut command = program(&["--help"]);
    command.env(
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        "TESTonlySECRETabcdefghijk",
    );
    assert_eq!(output(&mut command).stdout, plain);
}

#[cfg(feature = "demo")]
#[test]
fn the_reference_page_is_what_help_prints() {
    let help = String::from_utf8(output(&mut program(&["--help"])).stdout).unwrap();
    // Without the spaces at the ends of lines, which editors take away.
    let help: String = help
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    let page = format!(
        "# Command line of kafka-lag-exporter\n\n\
         This is what `kafka-lag-exporter --help` prints.\n\n\
         ```text\n{help}```\n"
    );
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/cli.md");
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of this test, not of the program"
    )]
    let refresh = std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1");
    if refresh {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        written, page,
        "docs/reference/cli.md is not what --help prints; refresh it with \
         UPDATE_DOCS=1 cargo test -p kafka-lag-exporter"
    );
}
