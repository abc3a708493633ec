//! Pages in two languages, and command lines in pages.

use crate::tree::{pages, root, text};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// The fenced blocks of a page: language and text, without the indent of the fence.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String, String)> = None;
    for line in page.lines() {
        let bare = line.trim_start();
        match (&mut open, bare.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some((line.len() - bare.len(), language.to_owned(), String::new()));
            }
            (Some((indent, _, text)), None) => {
                *text += line.get(*indent..).unwrap_or(bare);
                *text += "\n";
            }
            (Some(_), Some(_)) => {
                let (_, language, text) = open.take().unwrap();
                found.push((language, text));
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed: {page}");
    found
}

/// Commands of a page: lines of its `sh` blocks, continued lines joined, without comments.
fn commands(page: &str) -> Vec<String> {
    let sh = blocks(page)
        .into_iter()
        .filter(|(language, _)| language == "sh");
    let joined = sh
        .map(|(_, text)| text.replace("\\\n", " "))
        .collect::<String>();
    let bare = joined.lines().map(|line| line.split(" #").next().unwrap());
    bare.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// Pages in Chinese with every block of the English one. The others have fewer.
const WHOLE: [(&str, &str); 6] = [
    ("README.zh.md", "README.md"),
    ("docs/zh/tutorial.md", "docs/tutorial.md"),
    (
        "docs/zh/migrate-from-the-post.md",
        "docs/howto/migrate-from-the-post.md",
    ),
    ("docs/zh/comparison.md", "docs/explanation/comparison.md"),
    ("docs/zh/image.md", "docs/howto/image.md"),
    ("docs/zh/reload.md", "docs/howto/reload.md"),
];

/// Blocks without their comments, which are in the language of the page.
fn bare(page: &str) -> Vec<(String, String)> {
    let without = |line: &str| line.split(" #").next().unwrap().trim_end().to_owned();
    blocks(page)
        .into_iter()
        .map(|(language, text)| {
            (
                language,
                text.lines().map(without).collect::<Vec<_>>().join("\n"),
            )
        })
        .collect()
}

#[test]
fn a_page_in_two_languages_has_the_same_blocks() {
    for (chinese, english) in WHOLE {
        let (of_one, of_other) = (bare(&text(chinese)), bare(&text(english)));
        for (number, (one, other)) in of_one.iter().zip(&of_other).enumerate() {
            assert_eq!(
                one,
                other,
                "block {} of {chinese} is not that of {english}",
                number + 1
            );
        }
        assert_eq!(
            of_one.len(),
            of_other.len(),
            "{chinese} and {english}: number of blocks"
        );
    }
}

#[test]
fn a_page_in_chinese_gives_no_command_that_no_english_page_gives() {
    let (chinese, english): (Vec<_>, Vec<_>) = pages()
        .into_iter()
        .partition(|page| page.contains("/zh/") || page.ends_with(".zh.md"));
    let known: BTreeSet<_> = english
        .iter()
        .flat_map(|page| commands(&text(page)))
        .collect();
    let of_page = |page: String| {
        commands(&text(&page))
            .into_iter()
            .map(move |line| (page.clone(), line))
    };
    let alone: Vec<_> = chinese
        .into_iter()
        .flat_map(of_page)
        .filter(|(_, line)| !known.contains(line))
        .collect();
    assert!(alone.is_empty(), "no English page has {alone:#?}");
}

#[test]
fn every_page_in_chinese_is_listed_for_its_readers() {
    let index = text("docs/zh/index.md");
    for page in pages() {
        if let Some(name) = page
            .strip_prefix("docs/zh/")
            .filter(|name| *name != "index.md")
        {
            assert!(
                index.contains(&format!("]({name})")),
                "docs/zh/index.md lacks {name}"
            );
        }
    }
}

#[test]
fn every_page_is_listed_and_what_is_not_in_chinese_is_said_to_be_english() {
    let (english, chinese) = (text("docs/index.md"), text("docs/zh/index.md"));
    for page in pages() {
        let name = page.strip_prefix("docs/").unwrap_or_default();
        let Some((folder, file)) = name.split_once('/') else {
            continue;
        };
        if ["howto", "reference", "explanation", "adr"].contains(&folder) {
            assert!(
                english.contains(&format!("]({name})")),
                "docs/index.md lacks {name}"
            );
        }
        if ["howto", "reference", "explanation"].contains(&folder) {
            assert!(
                root().join("docs/zh").join(file).exists()
                    || chinese.contains(&format!("](../{name})")),
                "docs/zh/{file} does not exist, and docs/zh/index.md does not list {name}"
            );
        }
    }
}

/// The value that a command gives to an option of a chart.
fn set<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let value = line.split(&format!("--set {key}=")).nth(1)?;
    value.split_whitespace().next()
}

#[test]
fn the_image_that_a_page_pushes_is_the_one_that_its_chart_asks_for() {
    let chart = text("deploy/helm/kafka-lag/Chart.yaml");
    let version = chart.split("\nappVersion: \"").nth(1).unwrap();
    let version = version.split('"').next().unwrap();
    for page in [
        "README.md",
        "README.zh.md",
        "docs/howto/migrate-from-the-post.md",
        "docs/zh/migrate-from-the-post.md",
    ] {
        let lines = commands(&text(page));
        let install = lines.iter().find(|line| line.starts_with("helm install "));
        let install = install.unwrap_or_else(|| panic!("{page} installs nothing"));
        let part = |key| set(install, key).unwrap_or_else(|| panic!("{page} lacks {key}"));
        let (registry, repository) = (part("image.registry"), part("image.repository"));
        let image = format!("{registry}/{repository}:{version}");
        assert_eq!(set(install, "image.tag"), None, "{page}");
        let mut seen = 0;
        for line in &lines {
            let name = if let Some(build) = line.strip_prefix("docker build ") {
                build.split(" -t ").nth(1)
            } else if line.starts_with("skopeo copy ") {
                line.split(" docker://").nth(1)
            } else {
                line.strip_prefix("docker push ")
            };
            if let Some(name) = name {
                seen += 1;
                assert_eq!(name.split(' ').next(), Some(&*image), "{page}: {line}");
            }
        }
        assert!(seen > 0, "{page} does not push {image}");
    }
}

/// Flags by command, `kafka-lag generate hpa` for example, as the reference pages have them. Tests of the programs
/// compare these pages with `--help`.
fn reference() -> BTreeMap<String, BTreeSet<String>> {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    known.insert(
        "kafka-lag-exporter".to_owned(),
        flags(&text("docs/reference/cli.md")),
    );
    let page = text("docs/reference/kafka-lag.md");
    let (own, shared) = page
        .split_once("\n## Flags of all commands that read\n")
        .unwrap();
    let shared = flags(shared);
    for part in own.split("\n## ").flat_map(|part| part.split("\n### ")) {
        let name = part
            .strip_prefix('`')
            .and_then(|rest| rest.split('`').next());
        let name = name.unwrap_or("kafka-lag");
        let mut of_this = flags(part);
        let reads = [
            "show",
            "inspect",
            "metrics",
            "instances",
            "check-config",
            "doctor",
            "check",
            "generate hpa",
            "generate keda",
        ];
        if name
            .strip_prefix("kafka-lag ")
            .is_some_and(|rest| reads.contains(&rest))
        {
            of_this.extend(shared.iter().cloned());
        }
        if name == "kafka-lag check-config" {
            of_this.extend(known["kafka-lag-exporter"].iter().cloned());
        }
        known.insert(name.to_owned(), of_this);
    }
    let page = text("docs/reference/scaler.md");
    for (language, help) in blocks(&page)
        .into_iter()
        .filter(|(_, text)| text.contains("\nUsage: kafka-lag-scaler"))
    {
        assert_eq!(language, "text");
        let usage = help.split("\nUsage: ").nth(1).unwrap();
        let name: Vec<_> = usage
            .split_whitespace()
            .take_while(|word| !word.starts_with(['[', '<']))
            .collect();
        known.insert(name.join(" "), flags(&help));
    }
    assert!(known.len() > 22, "{:?}", known.keys());
    known
}

/// The flags that a help text explains, `-w` and `--warning`.
fn flags(help: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::from(["--help".to_owned(), "-h".to_owned()]);
    for line in help
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('-'))
    {
        for word in line
            .split([' ', ','])
            .take_while(|word| word.is_empty() || word.starts_with('-'))
        {
            if !word.is_empty() {
                found.insert(word.split(['=', '[']).next().unwrap().to_owned());
            }
        }
    }
    found
}

/// The words of a command line, quotes taken away. A word that was quoted cannot be an operator of the shell.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut is_word) = (Vec::new(), String::new(), None, false);
    for c in line.chars() {
        match quote {
            Some(mark) if c == mark => quote = None,
            Some(_) => word.push(if "|;&<>#".contains(c) { '_' } else { c }),
            None if c == '\'' || c == '"' => (quote, is_word) = (Some(c), true),
            None if c.is_whitespace() => {
                if is_word {
                    words.push(std::mem::take(&mut word));
                }
                is_word = false;
            }
            None => {
                word.push(c);
                is_word = true;
            }
        }
    }
    if is_word {
        words.push(word);
    }
    words
}

const PROGRAMS: [&str; 3] = ["kafka-lag", "kafka-lag-exporter", "kafka-lag-scaler"];

/// The program of ours that a word names, alone or with its folder.
fn program(word: &str) -> Option<&str> {
    let name = word.rsplit('/').next().unwrap();
    let is_path = name == word || word.starts_with('/') || word.starts_with("./");
    (is_path && PROGRAMS.contains(&name)).then_some(name)
}

/// Calls of our programs in a line: the words from the program's name to the end of that command.
fn calls(line: &str) -> Vec<Vec<String>> {
    let line = line
        .replace("$(", " ; ")
        .replace("&&", " ; ")
        .replace("||", " ; ")
        .replace('|', " ; ");
    let words = split(&line);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some(name) = program(word) else {
            continue;
        };
        let before = &words[..at];
        let starts = before
            .iter()
            .rposition(|word| word.ends_with(';'))
            .map_or(0, |at| at + 1);
        let before = &before[starts..];
        let of_cargo = before.first().is_some_and(|word| word == "cargo")
            && before.get(1).is_some_and(|word| word == "run")
            && before.last().is_some_and(|word| word == "-p");
        // Variables, fields of a crontab, programs that start another.
        let leads = |word: &String| {
            word.contains('=')
                || word.starts_with('*')
                || word.parse::<u8>().is_ok()
                || ["sudo", "env", "exec", "time"].contains(&&**word)
        };
        // In a crontab of the system, the sixth field is the user, who may be called like a program.
        let is_user =
            before.len() == 5 && words[at + 1..].iter().any(|word| program(word).is_some());
        let of_pod = before.last().is_some_and(|word| word == "--");
        if is_user || !(of_cargo || of_pod || before.iter().all(leads)) {
            continue;
        }
        let mut call = vec![name.to_owned()];
        for word in &words[at + 1..] {
            let word = word.trim_end_matches(')');
            if word.starts_with([';', '>', '<', '#', '&']) || word.starts_with("2>") {
                break;
            }
            if of_cargo && call.len() == 1 && word == "--" {
                continue;
            }
            let last = word.ends_with(';');
            call.push(word.trim_end_matches(';').to_owned());
            if last {
                break;
            }
        }
        found.push(call);
    }
    found
}

/// What is wrong with a call, by the reference.
fn mistake(call: &[String], known: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    let mut name = call[0].clone();
    let mut rest = &call[1..];
    while let Some(word) = rest.first() {
        let longer = format!("{name} {word}");
        if known.contains_key(&longer) {
            name = longer;
            rest = &rest[1..];
            continue;
        }
        let has_commands = known.keys().any(|key| key.starts_with(&format!("{name} ")));
        if has_commands && !word.starts_with('-') {
            return Some(format!("{name} has no command {word}"));
        }
        break;
    }
    // Commands of a command, such as `state show`, share its page.
    for word in rest
        .iter()
        .filter(|word| word.starts_with('-') && word.len() > 1 && *word != "--")
    {
        let flag = word.split('=').next().unwrap();
        if flag[1..].starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let flag = if flag.starts_with("--") {
            flag
        } else {
            &flag[..2]
        };
        if !known[&name].contains(flag) {
            return Some(format!("{name} has no flag {flag}"));
        }
    }
    None
}

#[test]
fn every_command_line_of_a_page_is_one_that_the_programs_take() {
    let known = reference();
    let (mut seen, mut wrong) = (0, Vec::new());
    for page in pages() {
        let text = text(&page);
        let cron = text
            .lines()
            .filter(|line| line.starts_with(['*', '0']) && line.contains(" * * "));
        let lines = commands(&text).into_iter().chain(cron.map(str::to_owned));
        for line in lines {
            for call in calls(&line) {
                seen += 1;
                if let Some(why) = mistake(&call, &known) {
                    wrong.push(format!("{page}: {why}: {line}"));
                }
            }
        }
        // In the middle of a sentence, a command may stand without what it needs.
        for span in text
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|span| !span.contains(['\n', '…', '{']))
        {
            for call in calls(span).iter().filter(|call| call.len() > 1) {
                seen += 1;
                if let Some(why) = mistake(call, &known) {
                    wrong.push(format!("{page}: {why}: `{span}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 150, "only {seen} command lines were found");
}

#[test]
fn a_wrong_command_line_is_found() {
    let known = reference();
    for (line, why) in [
        ("kafka-lag doctro", "no command doctro"),
        ("kafka-lag generate hpas", "no command hpas"),
        ("kafka-lag show --sorted", "no flag --sorted"),
        ("KAFKA=1 kafka-lag-exporter --demoo", "no flag --demoo"),
        ("cargo run --release -p kafka-lag -- check -x", "no flag -x"),
        (
            "kubectl exec deploy/x -- kafka-lag doctor --nope",
            "no flag --nope",
        ),
        ("curl x | kafka-lag lint --hard -", "no flag --hard"),
        ("*/10 * * * * kafka-lag check --actt", "no flag --actt"),
        (
            "*/1 * * * * kafka-lag set -a; /usr/bin/kafka-lag check --actt",
            "no flag --actt",
        ),
        ("kafka-lag-scaler replai x", "no command replai"),
    ] {
        let calls = calls(line);
        assert_eq!(calls.len(), 1, "{line}");
        assert!(
            mistake(&calls[0], &known).is_some_and(|text| text.ends_with(why)),
            "{line}"
        );
    }
    for line in [
        "helm install kafka-lag deploy/x --nope",
        "kubectl -n kafka-lag get pods --nope",
    ] {
        assert_eq!(calls(line), Vec::<Vec<String>>::new(), "{line}");
    }
}

#[test]
fn pages_for_newcomers_name_the_version_of_rust_that_is_needed() {
    let manifest = text("Cargo.toml");
    let version = manifest.split("\nrust-version = \"").nth(1).unwrap();
    let version = format!("Rust {}", version.split('"').next().unwrap());
    for page in [
        "README.md",
        "README.zh.md",
        "docs/tutorial.md",
        "docs/zh/tutorial.md",
    ] {
        let page_text = text(page).replace("[Rust](https://rust-lang.org/tools/install)", "Rust");
        assert!(
            page_text.contains(&version),
            "{page} does not say {version}"
        );
    }
}

/// The anchors that a page offers, made from its headings as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut is_code = false;
    let mut found = BTreeSet::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        let heading = line.trim_start_matches('#');
        if is_code || heading == line || !heading.starts_with(' ') {
            continue;
        }
        // Of a link, its words.
        let parts = heading.trim().split("](");
        let words: String = parts
            .map(|part| part.rsplit_once(')').map_or(part, |(_, rest)| rest))
            .collect();
        let mapped = words.to_lowercase();
        let mapped = mapped.chars().filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            _ => c.is_alphanumeric().then_some(c),
        });
        found.insert(mapped.collect());
    }
    found
}

#[test]
fn links_lead_to_headings_that_exist() {
    let mut seen = 0;
    for page in pages() {
        let text_of = text(&page);
        for part in text_of.split("](").skip(1) {
            let target = part.split([')', ' ']).next().unwrap();
            let Some((file, anchor)) = target.split_once('#').filter(|_| !target.contains("://"))
            else {
                continue;
            };
            let folder = Path::new(&page).parent().unwrap();
            let file = if file.is_empty() {
                page.clone()
            } else {
                folder.join(file).to_str().unwrap().to_owned()
            };
            if file.ends_with(".md") {
                seen += 1;
                assert!(
                    anchors(&text(&file)).contains(anchor),
                    "{page} links to {target}, and there is no such heading"
                );
            }
        }
    }
    assert!(seen > 50, "only {seen} links were found");
}
