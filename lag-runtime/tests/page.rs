//! `docs/reference/config.md` has every key of the file and every flag, with its default, and invents none.
#![allow(clippy::unwrap_used)]

use clap::CommandFactory as _;
use lag_runtime::{args::Args, config::File};
use std::{collections::BTreeSet, fs, path::Path};

#[derive(clap::Parser)]
struct Program {
    #[command(flatten)]
    args: Args,
}

fn page(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// The keys that the parser offers in place of `nonsense`.
fn offered(text: &str) -> BTreeSet<String> {
    let error = match File::parse("lag.yml", text) {
        Ok(_) => return BTreeSet::new(),
        Err(error) => error.to_string(),
    };
    let Some((_, keys)) = error.split_once("unknown field `nonsense`, expected ") else {
        return BTreeSet::new();
    };
    let keys = keys
        .trim_start_matches("one of ")
        .trim_start_matches("either ");
    keys.split([',', ' ', '`'])
        .filter(|word| !word.is_empty() && *word != "or")
        .map(str::to_owned)
        .collect()
}

/// Cells of the rows of all tables, and the heading above each.
fn rows(page: &str) -> Vec<(String, Vec<String>)> {
    let mut heading = String::new();
    let mut found = Vec::new();
    for line in page.lines() {
        if let Some(text) = line.strip_prefix('#') {
            heading = text.trim_start_matches('#').trim().replace('`', "");
        } else if let Some(row) = line.strip_prefix("| ").or(line.strip_prefix("|")) {
            let row = row.replace("\\|", "/");
            let cells = row.split('|').map(|cell| cell.trim().to_owned());
            found.push((heading.clone(), cells.collect()));
        }
    }
    found
}

/// What stands in backticks in the first column of tables, with the heading above.
fn first_column(page: &str) -> impl Iterator<Item = (String, String)> {
    rows(page).into_iter().flat_map(|(heading, cells)| {
        let spans: Vec<_> = cells[0]
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        spans.into_iter().map(move |span| (heading.clone(), span))
    })
}

/// Whether a path of keys is this one or leads further into it.
fn begins(path: &str, key: &str) -> bool {
    path.strip_prefix(key)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[test]
fn every_key_of_the_file_is_on_a_page() {
    let top = offered("nonsense: 1");
    assert!(top.len() > 15, "{top:?}");
    let (config, credentials, scaler) =
        (page("config.md"), page("credentials.md"), page("scaler.md"));
    for section in &top {
        let map = offered(&format!("{section}: {{nonsense: 1}}"));
        let list = offered(&format!("{section}: [{{nonsense: 1}}]"));
        let keys: BTreeSet<_> = map.union(&list).collect();
        // A list of texts has no keys of its own.
        assert!(!keys.is_empty() || section == "allow", "{section}");
        for key in keys {
            let is_there = match &**section {
                "credentials" => first_column(&credentials).any(|(_, one)| begins(&one, key)),
                // An example with comments, and a table of what needs more words.
                "scaler" => scaler.contains(&format!("  {key}:")),
                // Secrets in the file: refused, and the page says so.
                "notifiers" if ["url", "secret", "bearer"].contains(&&**key) => {
                    config.contains("`url`, `secret` and `bearer` are refused")
                }
                _ => first_column(&config).any(|(heading, one)| {
                    begins(&one, &format!("{section}.{key}"))
                        || (heading.starts_with(section.as_str()) && begins(&one, key))
                }),
            };
            assert!(is_there, "no table has {section}.{key}");
        }
    }
    // Every section is named, too.
    for section in &top {
        assert!(
            config.contains(&format!("`{section}")),
            "config.md lacks the section {section}"
        );
    }
}

#[test]
fn no_page_has_a_key_that_the_file_refuses() {
    let mut seen = 0;
    for (_, cells) in rows(&page("config.md")) {
        for key in cells[0].split('`').skip(1).step_by(2) {
            let Some((section, rest)) = key.split_once('.') else {
                continue;
            };
            let rest = rest.split(['.', '[']).next().unwrap();
            if !offered("nonsense: 1").contains(section) || rest == "…" {
                continue;
            }
            seen += 1;
            assert!(
                offered(&format!("{section}: {{nonsense: 1}}")).contains(rest),
                "config.md has {key}, which the file refuses"
            );
        }
    }
    assert!(seen > 40, "only {seen} keys were found");
}

#[test]
fn every_flag_is_on_a_page_with_its_default() {
    let (config, credentials) = (page("config.md"), page("credentials.md"));
    let command = Program::command();
    let rows = rows(&config);
    let mut defaults = 0;
    for argument in command.get_arguments() {
        let Some(name) = argument.get_long().filter(|name| name.contains('.')) else {
            continue;
        };
        let flag = format!("`--{name}`");
        if name.starts_with("credentials.") {
            // Three paths in one row: the first is written out.
            let stem = name
                .replace("access-key-secret", "access-key-id")
                .replace("security-token", "access-key-id");
            assert!(
                credentials.contains(&format!("`--{stem}`")),
                "credentials.md lacks {flag}"
            );
            continue;
        }
        if name == "config.file" {
            continue;
        }
        let row = rows.iter().find(|(_, cells)| {
            cells
                .get(1)
                .is_some_and(|cell| cell.split(", ").any(|one| one == flag))
        });
        let (_, cells) = row.unwrap_or_else(|| panic!("config.md has no row for {flag}"));
        let help = argument
            .get_long_help()
            .or(argument.get_help())
            .unwrap()
            .to_string();
        let Some(default) = help
            .split("[default: ")
            .nth(1)
            .and_then(|rest| rest.split(']').next())
        else {
            continue;
        };
        let said = cells[2].replace('`', "");
        // A default that depends on another setting is told in words in both places.
        if default.contains(' ') || said.contains(' ') {
            continue;
        }
        defaults += 1;
        assert_eq!(said, default, "the default of {flag}");
    }
    assert!(defaults > 12, "only {defaults} defaults were compared");
}

#[test]
fn no_page_has_a_flag_that_no_program_takes() {
    let known: BTreeSet<_> = Program::command()
        .get_arguments()
        .filter_map(|argument| Some(format!("--{}", argument.get_long()?)))
        .collect();
    for (heading, cells) in rows(&page("config.md")) {
        // The staged reaction belongs to `kafka-lag check`, whose own page is compared with its help.
        if heading.starts_with("check") || heading.starts_with("kubernetes") {
            continue;
        }
        let Some(flags) = cells.get(1).filter(|cell| cell.starts_with("`--")) else {
            continue;
        };
        for flag in flags
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|flag| !flag.contains('…'))
        {
            assert!(
                known.contains(flag),
                "config.md has {flag}, under {heading}"
            );
        }
    }
}
