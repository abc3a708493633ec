//! `--help`, `--version`, and the part of the reference page made from them.

use crate::harness::{output, program};

const BEGIN: &str = "<!-- begin: kafka-lag-scaler --help -->\n";
const END: &str = "<!-- end: kafka-lag-scaler --help -->\n";

#[test]
fn help_and_version_go_to_stdout_and_end_with_0() {
    for (flag, text) in [
        ("--help", "--web.allow-unauthenticated"),
        ("-h", "--kubeconfig"),
        ("--version", "kafka-lag-scaler 0."),
    ] {
        let ended = output(&mut program(&[flag]));
        assert_eq!(ended.status.code(), Some(0), "{flag}");
        let said = String::from_utf8(ended.stdout).unwrap();
        assert!(said.contains(text), "{flag}: {said}");
        assert!(ended.stderr.is_empty(), "{flag}");
    }
}

#[test]
fn help_names_a_variable_for_every_dotted_flag() {
    let text = String::from_utf8(output(&mut program(&["--help"])).stdout).unwrap();
    let options = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("--"));
    let dotted: Vec<_> = options.filter(|line| line.contains('.')).collect();
    assert!(dotted.len() >= 6, "{text}");
    for line in dotted {
        let flag = line.split([' ', '=', '[']).next().unwrap();
        let variable = flag
            .trim_start_matches('-')
            .replace(['.', '-'], "_")
            .to_ascii_uppercase();
        let named = format!("[env: KAFKA_LAG_{variable}=]");
        assert!(text.contains(&named), "{flag}");
    }
}

#[test]
fn the_reference_page_holds_what_help_prints() {
    let mut block = String::new();
    for command in [
        &["--help"][..],
        &["replay", "--help"],
        &["check-config", "--help"],
    ] {
        let help = String::from_utf8(output(&mut program(command)).stdout).unwrap();
        block += &format!("\n`kafka-lag-scaler {}`:\n\n```text\n", command.join(" "));
        for line in help.lines() {
            block += &format!("{}\n", line.trim_end());
        }
        block += "```\n";
    }
    block += "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/scaler.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (front, rest) = page.split_once(BEGIN).unwrap();
    let (written, back) = rest.split_once(END).unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of this test, not of the program"
    )]
    let refresh = std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1");
    if refresh {
        std::fs::write(path, format!("{front}{BEGIN}{block}{END}{back}")).unwrap();
        return;
    }
    assert_eq!(
        written, block,
        "docs/reference/scaler.md is not what --help prints; refresh it with UPDATE_DOCS=1 cargo test -p kafka-lag-scaler"
    );
}
