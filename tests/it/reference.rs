//! Reference pages say what the code has, no more and no less. Pages made from `--help` are compared where the programs
//! are; keys of the configuration in `lag-runtime/tests/page.rs`; names of metrics in `repository.rs`.

use aliyun_cms::ErrorKind;
use lag_core::{DropReason, trigger::Trigger};
use std::{collections::BTreeSet, fs, path::Path};

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The sources of a folder, without what stands in `#[cfg(test)]`.
fn sources(folder: &str) -> String {
    let mut all = String::new();
    let mut folders = vec![
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(folder),
    ];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(path).unwrap();
                all += text.split("#[cfg(test)]").next().unwrap();
            }
        }
    }
    all
}

/// The part of a page under a heading, up to the next one of the same depth.
fn section<'t>(page: &'t str, heading: &str) -> &'t str {
    let depth = heading.split(' ').next().unwrap();
    let at = page
        .find(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("no heading {heading}"));
    let rest = &page[at + heading.len() + 2..];
    &rest[..rest.find(&format!("\n{depth} ")).unwrap_or(rest.len())]
}

/// What stands in backticks in the first column of the tables of a text.
fn first_column(text: &str) -> BTreeSet<String> {
    let cells = text
        .lines()
        .filter_map(|line| line.strip_prefix('|')?.split('|').next());
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// The words of a text that are made of these characters and begin so.
fn words(text: &str, begin: &str, also: fn(char) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices(begin) {
        if text[..at].chars().next_back().is_some_and(also) {
            continue;
        }
        let rest = &text[at..];
        let end = begin.len()
            + rest[begin.len()..]
                .find(|c| !also(c))
                .unwrap_or(rest.len() - begin.len());
        found.insert(rest[..end].to_owned());
    }
    found
}

#[track_caller]
fn same(page: &str, says: &BTreeSet<String>, has: &BTreeSet<String>) {
    assert!(
        !has.is_empty(),
        "{page}: nothing to compare with was found in the code"
    );
    let missing: Vec<_> = has.difference(says).collect();
    let invented: Vec<_> = says.difference(has).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "{page} lacks {missing:?}, and invents {invented:?}"
    );
}

/// Paths of a router, with `{}` for each name in braces.
fn routes(source: &str) -> BTreeSet<String> {
    source
        .split(".route(")
        .skip(1)
        .map(|rest| plain(rest.split('"').nth(1).unwrap()))
        .collect()
}

fn plain(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let parts = path.split('/').map(|part| {
        let is_name = part.starts_with('{')
            || (!part.is_empty() && part.chars().all(|c| c.is_ascii_uppercase()));
        if is_name { "{}" } else { part }
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn http_api_has_every_path_of_the_router() {
    let page = text("docs/reference/http-api.md");
    let table = page.split("\n## ").next().unwrap();
    let mut says: BTreeSet<_> = first_column(table).iter().map(|path| plain(path)).collect();
    // Its path can be chosen, so it is no route.
    assert!(says.remove("/metrics"));
    same(
        "http-api.md",
        &says,
        &routes(&text("lag-serve/src/routes.rs")),
    );
}

#[test]
fn simulator_has_every_path_that_controls_it() {
    let page = text("docs/reference/simulator.md");
    let says = words(&page, "/_sim/", |c| {
        c.is_ascii_alphanumeric() || "/_-{}".contains(c)
    });
    let says: BTreeSet<_> = says
        .iter()
        .map(|path| plain(path.trim_end_matches('/')))
        .collect();
    let has = routes(&sources("cms-sim/src/control"));
    for path in &has {
        assert!(
            says.iter().any(|said| fits(said, path)),
            "simulator.md lacks {path}; it has {says:?}"
        );
    }
    for path in &says {
        assert!(
            has.iter().any(|known| fits(path, known)),
            "simulator.md invents {path}"
        );
    }
}

/// Whether a path with values in it is one of a route.
fn fits(path: &str, route: &str) -> bool {
    let (path, route): (Vec<_>, Vec<_>) = (path.split('/').collect(), route.split('/').collect());
    path.len() == route.len()
        && path
            .iter()
            .zip(&route)
            .all(|(part, known)| part == known || *known == "{}")
}

#[test]
fn credentials_has_every_variable_that_is_read() {
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let page = text("docs/reference/credentials.md");
    let code = sources("aliyun-cms/src");
    let read: String = code
        .split('"')
        .skip(1)
        .step_by(2)
        .collect::<Vec<_>>()
        .join("\n");
    let begin = "ALIBABA_CLOUD_";
    same(
        "credentials.md",
        &words(&page, begin, is_name),
        &words(&read, begin, is_name)
            .into_iter()
            .filter(|name| name != begin)
            .collect(),
    );
}

#[test]
fn ram_policy_has_every_action_that_a_program_or_a_hint_names() {
    let is_name = |c: char| c.is_ascii_alphanumeric();
    let page = text("docs/reference/ram-policy.md");
    let code = sources("aliyun-cms/src") + &sources("bin-check/src") + &sources("cms-sim/src");
    for service in ["cms:", "alikafka:"] {
        let says = words(&page, service, is_name);
        for action in words(&code, service, is_name)
            .iter()
            .filter(|word| word.len() > service.len())
        {
            assert!(says.contains(action), "ram-policy.md lacks {action}");
        }
        for action in &says {
            let name = action.strip_prefix(service).unwrap();
            assert!(code.contains(name), "ram-policy.md invents {action}");
        }
    }
}

#[test]
fn keda_has_every_key_of_a_trigger() {
    let refusal = Trigger::parse([("nonsense", "1")]).unwrap_err().to_string();
    let known = refusal
        .split("keys are ")
        .nth(1)
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let known = known.split(", ").map(str::to_owned).collect();
    let page = text("docs/reference/keda.md");
    same(
        "keda.md",
        &first_column(section(&page, "## Trigger")),
        &known,
    );
}

#[test]
fn scaler_has_every_result() {
    let words = text("lag-actions/src/alert/answer.rs");
    let words = words
        .split("pub mod word {")
        .nth(1)
        .unwrap()
        .split("\n}")
        .next()
        .unwrap();
    let has = words
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    let page = text("docs/reference/scaler.md");
    let table = page
        .split("| result | meaning |")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    same("scaler.md", &first_column(table), &has);
}

#[test]
fn metrics_has_every_value_of_the_closed_labels() {
    let page = text("docs/reference/metrics.md");
    let of = |label: &str| {
        let rest = page.split(&format!("`{label}`")).skip(1).find(|rest| {
            rest.split("\n\n")
                .nth(1)
                .is_some_and(|table| table.starts_with("| value |"))
        });
        first_column(
            rest.unwrap_or_else(|| panic!("no table for {label}"))
                .split("\n\n")
                .nth(1)
                .unwrap(),
        )
    };
    same(
        "metrics.md, code",
        &of("code"),
        &ErrorKind::ALL
            .iter()
            .map(|kind| kind.as_str().to_owned())
            .collect(),
    );
    same(
        "metrics.md, reason",
        &of("reason"),
        &DropReason::ALL
            .iter()
            .map(|reason| reason.as_str().to_owned())
            .collect(),
    );
}

#[test]
fn web_config_has_every_key_and_names_every_refused_one() {
    let code = text("lag-serve/src/web/config_file/written.rs");
    let fields: Vec<_> = code
        .split("struct Written {")
        .nth(1)
        .unwrap()
        .split("/// What the file means.")
        .next()
        .unwrap()
        .lines()
        .filter_map(|line| line.trim().strip_suffix(',')?.split_once(": "))
        .collect();
    assert!(fields.len() > 15, "{fields:?}");
    let page = text("docs/reference/web-config.md");
    for (key, _) in fields {
        assert!(
            [format!("`{key}`"), format!(".{key}`"), format!("`{key}.")]
                .iter()
                .any(|form| page.contains(form)),
            "web-config.md lacks {key}"
        );
    }
}

#[test]
fn state_file_explains_every_key_of_the_oldest_format() {
    let page = text("docs/reference/state-file.md");
    let state: serde_json::Value =
        serde_json::from_str(&text("lag-actions/tests/fixtures/state/version-1.json")).unwrap();
    let mut keys: BTreeSet<_> = state.as_object().unwrap().keys().cloned().collect();
    for group in state["last_check"].as_object().unwrap().values() {
        keys.extend(group.as_object().unwrap().keys().cloned());
    }
    assert!(keys.len() > 15, "{keys:?}");
    let explained = first_column(section(&page, "## The text"));
    for key in &keys {
        // What a later program wrote, and this one keeps.
        assert!(
            explained.contains(key) || key.contains("later") || key.contains("future"),
            "state-file.md lacks {key}"
        );
    }
}
