//! Records what was built from what, for the first log line and the build info metric.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script has nothing but its environment"
)]

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=../.git/HEAD");
    println!("cargo::rerun-if-changed=../.git/logs/HEAD");
    println!("cargo::rerun-if-env-changed=KAFKA_LAG_BUILD_REVISION");
    println!("cargo::rerun-if-env-changed=KAFKA_LAG_BUILD_BRANCH");
    let given = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let git = |args: &[&str]| output("git", args);
    let revision =
        given("KAFKA_LAG_BUILD_REVISION").or_else(|| git(&["rev-parse", "--short=12", "HEAD"]));
    let branch =
        given("KAFKA_LAG_BUILD_BRANCH").or_else(|| git(&["rev-parse", "--abbrev-ref", "HEAD"]));
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let compiler = output(&rustc, &["--version"]);
    let compiler = compiler.and_then(|text| text.split_whitespace().nth(1).map(str::to_owned));
    for (name, value) in [
        ("REVISION", revision),
        ("BRANCH", branch),
        ("RUSTC", compiler),
    ] {
        println!(
            "cargo::rustc-env=KAFKA_LAG_{name}={}",
            value.unwrap_or_else(|| "unknown".into())
        );
    }
}

fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
