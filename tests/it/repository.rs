//! Claims about the repository's own files.

use crate::tree::{files, root};
use std::fs;

#[test]
fn no_source_file_is_longer_than_four_hundred_lines() {
    for path in files(&[".rs"]) {
        if path.contains("/tests/") || path.starts_with("tests/") {
            continue;
        }
        let text = fs::read_to_string(root().join(&path)).unwrap();
        if text.starts_with("// This file is @generated") {
            continue;
        }
        let lines = text.lines().count();
        assert!(
            lines <= 400,
            "{path} has {lines} lines: split it by purpose"
        );
    }
}

#[test]
fn main_files_are_thin() {
    for path in files(&["src/main.rs"])
        .iter()
        .filter(|path| path.starts_with("bin-"))
    {
        let lines = fs::read_to_string(root().join(path))
            .unwrap()
            .lines()
            .count();
        assert!(lines <= 40, "{path} has {lines} lines");
    }
}

#[test]
fn no_doc_block_is_ignored() {
    for path in files(&[".rs", ".md"]) {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        assert!(
            !text.contains(concat!("```", "ignore")) && !text.contains(concat!("rust,", "ignore")),
            "{path}"
        );
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    for path in files(&[".md"]) {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        let folder = root().join(&path).parent().unwrap().to_owned();
        for part in text.split("](").skip(1) {
            let target = part.split([')', '#', ' ']).next().unwrap();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            assert!(
                folder.join(target).exists(),
                "{path} links to {target}, which does not exist"
            );
        }
    }
}

#[test]
fn every_metric_name_is_in_the_reference_and_nothing_else_is() {
    let names = fs::read_to_string(root().join("lag-core/src/names.rs")).unwrap();
    let page = fs::read_to_string(root().join("docs/reference/metrics.md")).unwrap();
    let known: Vec<_> = names
        .split('"')
        .filter(|part| part.starts_with("kafka_") && !part.contains(' '))
        .collect();
    assert!(known.len() > 20, "{known:?}");
    for name in &known {
        assert!(
            page.contains(&format!("`{name}`")),
            "docs/reference/metrics.md lacks {name}"
        );
    }
    for name in page
        .split('`')
        .filter(|part| part.starts_with("kafka_") && !part.contains([' ', '{', '*']))
    {
        assert!(
            known.contains(&name),
            "docs/reference/metrics.md names {name}, which does not exist"
        );
    }
}
