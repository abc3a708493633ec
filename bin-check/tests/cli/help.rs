//! `--help`, `--version`, completions, manual pages, and the reference page made from them.

use crate::harness::{Ended, assert_says, program};

const COMMANDS: [&str; 13] = [
    "show",
    "inspect",
    "metrics",
    "instances",
    "check-config",
    "doctor",
    "check",
    "state",
    "generate",
    "lint",
    "simulate",
    "completions",
    "man",
];

const GENERATED: [&str; 8] = [
    "hpa",
    "keda",
    "adapter-rules",
    "apiservice",
    "prometheus-rules",
    "servicemonitor",
    "rbac",
    "serving-cert",
];

fn out(arguments: &[&str]) -> String {
    let ended = Ended::of(&mut program(arguments));
    assert_eq!(ended.err, "", "{arguments:?}");
    ended.with(0)
}

/// Without the spaces at the ends of lines, which editors take away.
fn trimmed(text: &str) -> String {
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[test]
fn help_and_version_go_to_stdout_and_end_with_0() {
    for flag in ["--help", "-h"] {
        assert_says(&out(&[flag]), &["Usage: kafka-lag <COMMAND>", "Exit codes"]);
        for command in COMMANDS {
            assert_says(&out(&[command, flag]), &["Usage: kafka-lag ", command]);
        }
    }
    assert_says(&out(&["-V"]), &["kafka-lag 0."]);
    assert_says(
        &out(&["--version"]),
        &["(revision ", ", branch ", ", rustc "],
    );
}

#[test]
fn short_help_leaves_out_what_all_commands_share() {
    let (short, long) = (out(&["show", "-h"]), out(&["show", "--help"]));
    assert!(
        short.contains("--sort")
            && short.contains("--cms.region")
            && !short.contains("--cms.timeout"),
        "{short}"
    );
    assert_says(&long, &["--cms.timeout", "[env: KAFKA_LAG_CMS_TIMEOUT=]"]);
}

#[test]
fn the_shared_flags_are_the_same_for_every_command_that_reads() {
    let dotted = |command: &str| -> Vec<String> {
        let help = out(&[command, "--help"]);
        let flags = help
            .split_whitespace()
            .filter(|word| word.starts_with("--") && word.trim_end_matches('.').contains('.'));
        let flags = flags.filter(|flag| *flag != "--kafka.endpoint");
        // What only the exporter does, and check-config describes.
        let of_exporter = [
            "--external-metrics.",
            "--keda.",
            "--lease.",
            "--metrics.",
            "--web.",
        ];
        let mut flags: Vec<_> = flags
            .map(|flag| flag.trim_end_matches([',', ']']).to_owned())
            .collect();
        flags.retain(|flag| !of_exporter.iter().any(|prefix| flag.starts_with(prefix)));
        flags.sort();
        flags.dedup();
        flags
    };
    let show = dotted("show");
    assert!(show.len() > 30, "{show:?}");
    for command in [
        "inspect",
        "metrics",
        "instances",
        "check-config",
        "doctor",
        "check",
    ] {
        assert_eq!(dotted(command), show, "{command}");
    }
}

#[test]
fn every_shell_gets_a_script_that_knows_all_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = out(&["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} lacks {command}");
        }
        assert!(script.contains("cms.region"), "{shell}");
    }
}

#[test]
fn manual_pages_exist_for_the_program_and_each_command() {
    assert_says(&out(&["man"]), &[".TH kafka-lag 1", "Exit codes"]);
    for command in COMMANDS {
        assert_says(
            &out(&["man", command]),
            &[".TH", &command.replace('-', "\\-")],
        );
    }
    let ended = Ended::of(&mut program(&["man", "shwo"]));
    assert_says(&ended.err, &["did you mean show?"]);
    assert_eq!(ended.code, Some(1));
}

#[test]
fn the_reference_page_is_what_help_prints() {
    let mut page = format!(
        "# Command line of kafka-lag\n\n\
         This is what `kafka-lag --help` prints.\n\n```text\n{}```\n",
        trimmed(&out(&["--help"]))
    );
    for command in COMMANDS {
        let help = trimmed(&out(&[command, "-h"]));
        page += &format!("\n## `kafka-lag {command}`\n\n```text\n{help}```\n");
        let parts: &[&str] = match command {
            "generate" => &GENERATED,
            "state" => &["show", "reset"],
            _ => &[],
        };
        for part in parts {
            let help = trimmed(&out(&[command, part, "-h"]));
            page += &format!("\n### `kafka-lag {command} {part}`\n\n```text\n{help}```\n");
        }
    }
    page += &format!(
        "\n## Flags of all commands that read\n\n\
         `show`, `inspect`, `metrics`, `instances`, `check-config`, `doctor`, `check`, `generate hpa` and `generate keda` take these, too. `check-config` also \
         takes the flags of `kafka-lag-exporter` about serving. This is what `kafka-lag show --help` prints.\n\n\
         ```text\n{}```\n",
        trimmed(&out(&["show", "--help"]))
    );
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/reference/kafka-lag.md"
    );
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
        "docs/reference/kafka-lag.md is not what --help prints; refresh it with UPDATE_DOCS=1 cargo test -p kafka-lag"
    );
}
