//! The page about the arithmetic: each command on it prints what stands below it, and draws the picture beside it.

use super::FIXTURES;
use crate::harness::{Ended, program};
use std::{fs, path::Path};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");
const PAGE: &str = "explanation/autoscaling-arithmetic.md";
const BEGIN: &str = "```console\n$ kafka-lag ";

/// The words of a command line as a shell takes them apart: single quotes, and lines that go on.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut is_quoted, mut word) = (Vec::new(), false, None::<String>);
    for c in line.replace("\\\n", " ").chars() {
        match c {
            '\'' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !is_quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Takes `| tail -n NUMBER` off.
fn tail(arguments: &mut Vec<String>) -> usize {
    let Some(at) = arguments.iter().position(|word| word == "|") else {
        return usize::MAX;
    };
    let rest = arguments.split_off(at);
    assert_eq!(rest[1..3], ["tail", "-n"], "{rest:?}");
    rest[3].parse().unwrap()
}

fn last(text: &str, lines: usize) -> String {
    let skipped = text.lines().count().saturating_sub(lines);
    text.lines()
        .skip(skipped)
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn every_command_of_the_page_prints_what_stands_there() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of this test, not of the program"
    )]
    let refresh = std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1");
    let (docs, folder) = (Path::new(DOCS), tempfile::tempdir().unwrap());
    for file in fs::read_dir(FIXTURES).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let page = fs::read_to_string(docs.join(PAGE)).unwrap();
    let (mut made, mut rest, mut commands) = (String::new(), page.as_str(), 0);
    while let Some(at) = rest.find(BEGIN) {
        let (before, block) = rest.split_at(at);
        let (block, after) = block[BEGIN.len()..].split_once("```\n").unwrap();
        // The command ends with the first line that does not go on.
        let goes_on = |index: &usize| !block[..*index].ends_with('\\');
        let end = block
            .match_indices('\n')
            .map(|(index, _)| index)
            .find(goes_on)
            .unwrap();
        let mut arguments = words(&block[..end]);
        let shown = tail(&mut arguments);
        let borrowed: Vec<_> = arguments.iter().map(String::as_str).collect();
        let ended = Ended::of(program(&borrowed).current_dir(folder.path()));
        assert_eq!(
            (ended.code, ended.err.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
        made += &format!(
            "{before}{BEGIN}{}\n{}```\n",
            &block[..end],
            last(&ended.out, shown)
        );
        if let Some(at) = arguments.iter().position(|word| word == "--svg") {
            let name = &arguments[at + 1];
            let svg = fs::read_to_string(folder.path().join(name)).unwrap();
            let kept = docs.join("images").join(name);
            if refresh {
                fs::write(&kept, &svg).unwrap();
            }
            let same = fs::read_to_string(&kept).is_ok_and(|kept| kept == svg);
            assert!(
                same,
                "docs/images/{name} is not what the page's command draws; UPDATE_DOCS=1 refreshes it"
            );
            assert!(
                page.contains(&format!("(../images/{name})")),
                "nobody looks at {name}"
            );
        }
        (rest, commands) = (after, commands + 1);
    }
    made += rest;
    if refresh {
        fs::write(docs.join(PAGE), &made).unwrap();
    }
    assert!(commands >= 5, "{commands}");
    let written = fs::read_to_string(docs.join(PAGE)).unwrap();
    assert!(
        written == made,
        "docs/{PAGE} is not what its commands print; refresh it with UPDATE_DOCS=1 cargo test -p kafka-lag --test cli page"
    );
}
