//! `simulate`: what the program prints about manifests, series and scenarios.

mod inputs;
mod measured;
mod mistakes;
mod outputs;
mod page;
mod record;

use crate::harness::{Ended, program};
use std::process::Command;

pub(crate) const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/simulate");

/// `kafka-lag simulate` beside the manifests.
fn simulate(arguments: &[&str]) -> Command {
    let mut command = program(&["simulate"]);
    command.args(arguments).current_dir(FIXTURES);
    command
}

fn out(arguments: &[&str]) -> String {
    let ended = Ended::of(&mut simulate(arguments));
    assert_eq!(ended.err, "", "{arguments:?}");
    ended.with(0)
}

/// Lag and replicas of each line of the table of changes.
fn changes(text: &str) -> Vec<(String, String)> {
    let lines = text
        .lines()
        .skip_while(|line| !line.trim_start().starts_with("TIME"));
    let lines = lines.skip(1).take_while(|line| !line.is_empty());
    let row = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let replicas = match words.get(3) {
            Some(&"->") => words[2..5].join(" "),
            _ => words[2].to_owned(),
        };
        (words[1].to_owned(), replicas)
    };
    lines.map(row).collect()
}

fn rows(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(lag, replicas): &(&str, &str)| ((*lag).to_owned(), (*replicas).to_owned());
    expected.iter().map(owned).collect()
}
