//! Reference pages say what the code has, no more and no less. Pages made from `--help` are compared where the programs
//! are; keys of the configuration in `lag-runtime/tests/page.rs`; names of metrics in `repository.rs`.

use crate::tree::{pages, text};
use aliyun_cms::ErrorKind;
use lag_core::{DropReason, names, trigger::Trigger};
use std::{collections::BTreeSet, fs, path::Path};

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

#[test]
fn external_metrics_has_every_path_and_label() {
    let page = text("docs/reference/external-metrics.md");
    let code =
        text("lag-serve/src/external/routes.rs") + &text("lag-serve/src/external/documents.rs");
    let quoted = code.split('"').skip(1).step_by(2);
    let paths = quoted.filter(|text| text.starts_with('/') && !text.starts_with("/openapi/v3/{"));
    let has: BTreeSet<_> = paths.map(plain).collect();
    let says = first_column(section(&page, "## Paths"));
    let says: BTreeSet<_> = says.iter().map(|path| plain(path)).collect();
    same("external-metrics.md, paths", &says, &has);
    let labels = page.split("\n| label | on |").nth(1).unwrap();
    let labels = first_column(labels.split("\n\n").next().unwrap());
    let known = [
        names::INSTANCE_ID,
        names::CONSUMER_GROUP,
        names::CONSUMER_GROUP_ALIAS,
        names::TOPIC,
        names::TOPIC_ALIAS,
    ];
    same(
        "external-metrics.md, labels",
        &labels,
        &known.map(str::to_owned).into(),
    );
}

/// The longest parts of a message that are not made of values.
fn fixed(message: &str) -> Vec<&str> {
    let parts = message
        .split(['…', '"', '(', ')', '[', ']', ',', ':'])
        .map(str::trim);
    let is_value = |word: &str| word.chars().next().is_some_and(|c| !c.is_ascii_lowercase());
    parts
        .filter(|part| part.split(' ').count() > 2 && !part.split(' ').any(is_value))
        .collect()
}

#[test]
fn identity_quotes_refusals_that_are_made() {
    let page = text("docs/reference/identity.md");
    let code: String = sources("lag-serve/src/external") + &sources("lag-cluster/src");
    // Long messages are broken into lines in the source.
    let code = code
        .split_whitespace()
        .filter(|word| *word != "\\")
        .collect::<Vec<_>>()
        .join(" ");
    let table = section(&page, "## Refusals");
    let mut seen = 0;
    for row in table
        .lines()
        .filter(|row| row.starts_with("| 4") || row.starts_with("| 5"))
    {
        let message = row.split('|').nth(2).unwrap();
        for part in message.split('`').skip(1).step_by(2).flat_map(fixed) {
            seen += 1;
            assert!(
                code.contains(part),
                "identity.md quotes {part:?}, which nothing says"
            );
        }
    }
    assert!(seen > 6, "only {seen} messages were found");
}

/// All pages, with their names.
fn all_pages() -> Vec<(String, String)> {
    let with_text = |name: String| (name.clone(), text(&name));
    pages().into_iter().map(with_text).collect()
}

#[test]
fn every_dotted_flag_that_a_page_names_exists() {
    let is_flag = |c: char| c.is_ascii_lowercase() || c == '.' || c == '-';
    let help =
        ["cli", "kafka-lag", "scaler"].map(|page| text(&format!("docs/reference/{page}.md")));
    let known: BTreeSet<_> = help
        .iter()
        .flat_map(|page| page.lines())
        .filter(|line| line.trim_start().starts_with('-'))
        .flat_map(|line| words(line, "--", is_flag))
        .collect();
    let mut seen = 0;
    for (name, page) in all_pages() {
        for flag in words(&page, "--", is_flag) {
            let flag = flag.trim_end_matches(['.', '-']);
            // Other programs' flags have dots, too, in blocks of commands; those of ours are looked at in pages.rs.
            if flag.contains('.') && page.contains(&format!("`{flag}")) {
                seen += 1;
                let is_family = page.contains(&format!("`{flag}.…`"));
                assert!(
                    is_family || known.contains(flag),
                    "{name} names {flag}, which no program has"
                );
            }
        }
    }
    assert!(seen > 100, "only {seen} flags were found");
}

#[test]
fn every_metric_that_a_page_names_exists() {
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let code = text("lag-core/src/names.rs");
    let known: BTreeSet<_> = code
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.starts_with("kafka_"))
        .collect();
    let mut seen = 0;
    for (name, page) in all_pages() {
        for begin in ["kafka_lag_", "kafka_consumer_"] {
            for metric in words(&page, begin, is_name) {
                // A family, the beginning that grep looks for, a variable of Icinga.
                let is_other = metric.ends_with('_')
                    || page.contains(&format!("^{metric}"))
                    || page.contains(&format!("${metric}$"));
                seen += 1;
                assert!(
                    is_other || known.contains(&*metric),
                    "{name} names {metric}, which does not exist"
                );
            }
        }
    }
    assert!(seen > 100, "only {seen} names were found");
}

#[test]
fn notifications_has_every_kind_effect_and_reason() {
    let page = text("docs/reference/notifications.md");
    let code = text("lag-actions/src/notify/payload.rs");
    let code = code.split("#[cfg(test)]").next().unwrap();
    // `of("paused")`, `with("kind", …)`, `{"effect": "scaled"`.
    let after = |mark: &str| -> BTreeSet<String> {
        let parts = code.split(mark).skip(1);
        parts
            .map(|part| part.split('"').next().unwrap().to_owned())
            .collect()
    };
    let table = |head: &str| {
        let rest = page
            .split(head)
            .nth(1)
            .unwrap_or_else(|| panic!("no table {head}"));
        rest.split("\n\n").next().unwrap()
    };
    let mut effects = after(r#""effect": ""#);
    effects.insert("refused".to_owned());
    let says = table("| `effect` | more fields |");
    same("notifications.md, effect", &first_column(says), &effects);
    let reasons: BTreeSet<_> = after(r#"=> of(""#)
        .union(&after(r#"=> with(""#))
        .cloned()
        .collect();
    for reason in &reasons {
        assert!(
            says.contains(&format!("`{reason}`")),
            "notifications.md lacks the reason {reason}"
        );
    }
    assert!(reasons.len() > 10, "{reasons:?}");
    // The last line of each arm of the news, and what is put for the two kinds that are no news of a group.
    let bare = code
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('"') && line.ends_with('"'));
    let mut kinds: BTreeSet<_> = bare.map(|line| line.trim_matches('"').to_owned()).collect();
    kinds.extend(after(r#"put("kind", json!(""#));
    let says = first_column(table("| `kind` | means | more fields |"));
    same("notifications.md, kind", &says, &kinds);
}

#[test]
fn generate_and_lint_names_flags_that_exist() {
    let is_flag = |c: char| c.is_ascii_lowercase() || c == '.' || c == '-';
    let known = words(&text("docs/reference/kafka-lag.md"), "--", is_flag);
    let page = text("docs/reference/generate-and-lint.md");
    let spans: Vec<_> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|span| span.starts_with("--") && span.len() > 3)
        .collect();
    assert!(spans.len() > 30, "{spans:?}");
    for span in spans {
        let flag = span.split([' ', '=']).next().unwrap();
        assert!(
            known.contains(flag),
            "generate-and-lint.md names {flag}, which kafka-lag has not"
        );
    }
}

#[test]
fn scaler_has_every_path_of_its_router() {
    let code = text("bin-scaler/src/web/mod.rs");
    let code = code.split("#[cfg(test)]").next().unwrap();
    let quoted = code.split('"').skip(1).step_by(2);
    let has = quoted
        .filter(|text| text.starts_with('/'))
        .map(plain)
        .collect();
    let page = text("docs/reference/scaler.md");
    let table = section(&page, "## Endpoints").split("\n\n").next().unwrap();
    same("scaler.md, endpoints", &first_column(table), &has);
}

/// What performance.md has measured is not rounded up elsewhere.
#[test]
fn pages_that_praise_quote_what_was_measured() {
    let measured = text("docs/explanation/performance.md");
    let row = |name: &str| -> Vec<String> {
        let row = measured
            .lines()
            .find(|line| line.starts_with(&format!("| {name}, 20,000 groups |")));
        let cells = row
            .unwrap_or_else(|| panic!("performance.md lacks {name}"))
            .split('|')
            .skip(2)
            .take(2);
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    let (calls, cpu, memory) = (row("calls"), row("CPU seconds"), row("peak memory"));
    for page in [
        "README.md",
        "README.zh.md",
        "docs/explanation/comparison.md",
        "docs/zh/comparison.md",
    ] {
        let page_text = text(page);
        let line = page_text
            .lines()
            .find(|line| line.contains("20,000") && line.contains(&calls[0]));
        let line =
            line.unwrap_or_else(|| panic!("{page} does not compare the calls of 20,000 groups"));
        for value in calls.iter().chain(&cpu).chain(&memory) {
            assert!(
                line.contains(value.trim_end_matches(".0")),
                "{page} does not say {value}: {line}"
            );
        }
    }
}
